"""`truncation: "auto"` leaves out the oldest messages that do not fit into the context of who is asked."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.config import Upstream
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.reckoning import A_MESSAGE, of_message
from gateway.responses.asked import Asked
from gateway.turns.estimate import of_bytes

ANSWER_SHARE = 8
"""One part in so many of the context is left for an answer that the caller does not limit."""


class _Role(msgspec.Struct):
    role: str = ""


_role = msgspec.json.Decoder(_Role)


def room(exchange: Exchange, asked: Asked) -> int | None:
    """Return the tokens that all messages may have; `None` where no chat's context is known.

    An upstream with a Responses API leaves out by itself what is too much.
    """
    nodes, rooms = exchange.nodes, []
    for route in exchange.routes:
        upstream: Upstream | None = nodes[route.upstream].upstream if route.upstream in nodes else None
        context = None if upstream is None or upstream.responses else upstream.context.get(route.model)
        if context is not None:
            rooms.append(context - min(_answer(asked) or context // ANSWER_SHARE, context // 2))
    if not rooms:
        return None
    persona = exchange.account.persona
    return min(rooms) - (0 if persona is None else of_bytes(persona.prompt.json))


def cut(messages: Sequence[Any], leading: int, room: int) -> int:
    """Count the messages behind the leading ones that are left out, up to one of a user's.

    The last one of a user's and all behind it stay. Large messages take their time.
    """
    raws = [msgspec.json.encode(each) for each in messages]
    weights = [A_MESSAGE + of_message(raw) for raw in raws]
    places = [at for at in range(leading, len(raws)) if _role.decode(raws[at]).role == "user"]
    fixed = sum(weights[:leading])
    for at in places:
        if fixed + sum(weights[at:]) <= room:
            return 0 if at == places[0] and fixed + sum(weights[leading:]) <= room else at - leading
    return places[-1] - leading if places else 0


def _answer(asked: Asked) -> int | None:
    value = bytes(asked.fields.get("max_output_tokens", b""))
    return int(value) if value.isdigit() and len(value) < 10 else None
