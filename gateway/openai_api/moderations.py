"""`POST /v1/openai/moderations` says what is in texts, and with a persona what it would not say."""

from functools import partial
from typing import Any, NamedTuple

import msgspec

from gateway import ids
from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.budgets.ledger import Spender
from gateway.config import Server
from gateway.errors import Fault, Refusal
from gateway.moderation.moderation import Item, Moderation
from gateway.moderation.moderator import Moderator
from gateway.openai_api import edge
from gateway.openai_api.body import decode_object, too_deep
from gateway.openai_api.exchanges import PERSONA_PREFIX, Exchanges
from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import is_set
from gateway.openai_api.spelling import OURS, refuse_lookalikes
from gateway.personas import name as names
from gateway.personas.resolved import Resolved

NEED = Need("chat:invoke", spends=True, is_openai=True)
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


class Moderations:
    """The ASGI application behind the route answers every request itself, errors included."""

    def __init__(self, door: Door, exchanges: Exchanges, moderator: Moderator, server: Server) -> None:
        self._door = door
        self._exchanges = exchanges
        self._moderator = moderator
        self._max_body = server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        incoming = edge.Incoming(scope)
        aside = self._exchanges.aside
        try:
            incoming.require_post()
            caller = await self._door.admit(incoming.named, incoming.connection, NEED)
            body = await edge.read_body(incoming.named, receive, self._max_body, aside)
            asked = await aside.run(len(body), partial(_read, body))
            answer = await self._answer(caller, asked)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            await edge.send_json(send, 200, answer)

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
