"""`POST /v1/openai/moderations` says what is in texts, and with a persona what it would not say."""

from functools import partial
from typing import Any, NamedTuple

import msgspec

from gateway import ids
from gateway.auth.door import Door
from gateway.auth.guard import Caller
from gateway.budgets.ledger import Spender
from gateway.config import Server
from gateway.errors import Fault, Refusal
from gateway.moderation.moderation import Item, Moderation
from gateway.moderation.moderator import Moderator
from gateway.openai_api import edge
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.body import decode_object
from gateway.openai_api.exchanges import PERSONA_PREFIX, Exchanges
from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import is_set
from gateway.openai_api.spelling import OURS, refuse_lookalikes
from gateway.personas import name as names
from gateway.personas.resolved import Resolved

MODEL_LENGTH = 256
MOST = 32
"""Texts of one request, and parts of one text."""
LONGEST = 65_536
"""Characters of one text."""
MORE_BYTES = 8 * 1024 * 1024
"""Bytes of the pictures of one request."""
KINDS = frozenset({"text", "image_url"})


class Asked(NamedTuple):
    """A request asks for this."""

    model: str
    items: list[Item]


class Moderations(Endpoint[bytes]):
    """Answers requests for moderations."""

    def __init__(self, door: Door, exchanges: Exchanges, moderator: Moderator, server: Server) -> None:
        super().__init__(door, exchanges.aside, server.max_body)
        self._exchanges = exchanges
        self._moderator = moderator

    async def prepare(self, caller: Caller, body: bytes, incoming: edge.Incoming, started: float) -> bytes:
        return await self._answer(caller, await self._aside.run(len(body), partial(_read, body)))

    async def give(self, prepared: bytes, incoming: edge.Incoming, send: edge.Send) -> None:
        await edge.send_json(send, 200, prepared)

    async def _answer(self, caller: Caller, asked: Asked) -> bytes:
        """Raises Refusal."""
        model, persona = names.canonical(asked.model), None
        if model.startswith(PERSONA_PREFIX):
            persona = await self._exchanges.registry.resolve(caller, model)
        if not self._moderator.sees_pictures and any(item.parts for item in asked.items):
            message = "Pictures are looked at by an upstream alone; set `upstream` in the table [moderation]."
            raise Refusal(Fault.CAPABILITY_MISSING, message, param="input")
        spender = Spender(caller.workspace_id, caller.owner, persona.persona_id if persona else None)
        found = await self._moderator.moderate(asked.items, spender, persona)
        return msgspec.json.encode(_shown(found, persona))


def _shown(found: list[Moderation], persona: Resolved | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": ids.new("modr"),
        "model": found[0].model,
        "results": [_result(one) for one in found],
    }
    if persona is not None:
        shown["persona"] = {"id": persona.persona_id, "slug": persona.slug, "version": persona.version}
    return shown


def _result(found: Moderation) -> dict[str, Any]:
    result: dict[str, Any] = {
        "flagged": bool(found.flagged),
        "categories": {name: name in found.flagged for name in found.scores},
        "category_scores": found.scores,
    }
    if found.applied is not None:
        result["category_applied_input_types"] = found.applied
    return result


def _read(body: bytes) -> Asked:
    """Raises Refusal."""
    fields = decode_object(body)
    refuse_lookalikes(fields, OURS)
    model = ""
    if is_set(fields, "model"):
        if not opens(fields["model"], '"'):
            raise wrong("model", "must be a string")
        model = msgspec.json.decode(fields["model"], type=str)
        if len(model) > MODEL_LENGTH:
            raise wrong("model", f"is longer than {MODEL_LENGTH} characters")
    if not is_set(fields, "input"):
        raise wrong("input", "is missing; send a text, or an array of texts")
    return Asked(model, _items(msgspec.json.decode(fields["input"])))


def _items(given: Any) -> list[Item]:
    if isinstance(given, str):
        return [Item(_text(given, "input"))]
    if not isinstance(given, list) or not given:
        raise wrong("input", "must be a text, an array of texts, or an array of parts, and not empty")
    if len(given) > MOST:
        raise wrong("input", f"has more than {MOST} items; send fewer")
    if all(isinstance(one, str) for one in given):
        return [Item(_text(one, f"input[{at}]")) for at, one in enumerate(given)]
    return [_of_parts(given)]


def _of_parts(parts: list[Any]) -> Item:
    """Put parts together: they are one thing to look at."""
    texts, has_pictures = [], False
    for at, part in enumerate(parts):
        place = f"input[{at}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in KINDS:
            raise wrong("input", "must be a part of type `text` or `image_url`", place)
        if kind == "text":
            texts.append(_text(part.get("text"), f"{place}.text"))
        else:
            has_pictures = True
    if has_pictures and len(msgspec.json.encode(parts)) > MORE_BYTES:
        raise wrong("input", f"has more than {MORE_BYTES} bytes of pictures; send their URLs")
    return Item("\n".join(texts), parts if has_pictures else None)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise wrong("input", "must be a text", place)
    if len(value) > LONGEST:
        raise wrong("input", f"is longer than {LONGEST} characters; send it in pieces", place)
    return value
