"""Items and tools of some types are known to no chat, and those of others to nobody here."""

from collections.abc import Sequence

import msgspec

from gateway.errors import Fault, Refusal
from gateway.responses.asked import Asked
from gateway.responses.items import OF_CHATS, USUAL


class _Typed(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b'"message"')


_typed = msgspec.json.Decoder(_Typed)


def has_oddities(history: Sequence[bytes]) -> bool:
    """Tell whether some of what was said before is of a type that no chat knows."""
    return any(bytes(_typed.decode(item).type) not in OF_CHATS for item in history)


def refuse_oddities(asked: Asked) -> None:
    """Refuse items and tools of unknown types, which no locked persona takes. Raises Refusal."""
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
