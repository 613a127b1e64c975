"""A locked persona takes no items and no tools of types that are not known here, new ones or kept ones."""

from collections.abc import Sequence

import msgspec

from gateway.errors import Fault, Refusal
from gateway.responses.asked import Asked
from gateway.responses.items import USUAL


class _Typed(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b'"message"')


_typed = msgspec.json.Decoder(_Typed)


def refuse_oddities(asked: Asked) -> None:
    """Raises Refusal."""
    odd = [*asked.heard.oddities, *asked.chat.hosted.values()]
    if odd:
        message = f"This persona is locked and does not take `{odd[0]}`; leave that out."
        raise Refusal(Fault.OVERLAY_LOCKED, message, param=odd[0])


def refuse_kept_oddities(asked: Asked, history: Sequence[bytes]) -> None:
    """Look through what was said before, which callers may have written themselves. Raises Refusal."""
    if any(bytes(_typed.decode(item).type) not in USUAL for item in history):
        param = "conversation" if asked.conversation is not None else "previous_response_id"
        message = f"This persona is locked and does not take all items of `{param}`; send others as `input`."
        raise Refusal(Fault.OVERLAY_LOCKED, message, param=param)
