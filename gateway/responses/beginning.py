"""A response of the background begins as a row and a piece of work, and is told at once as `queued`."""

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations.message import MOST_BYTES
from gateway.errors import Fault, Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.exchange import Exchange
from gateway.responses import shown
from gateway.responses.asked import Asked
from gateway.responses.draft import Draft
from gateway.responses.store import background
from gateway.responses.store.background import Background, Piece
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

MOST_OPEN = 200
"""Responses of one workspace that may be open in the background."""
TOO_MANY = f"{MOST_OPEN} responses of this workspace are open in the background; wait for some of them."
TOO_LARGE = f"The request is larger than {MOST_BYTES >> 20} MiB, too much for the background."
FIRST = 2
"""Events that tell of a response before anybody answers it: `response.created` and `response.queued`."""


async def begin(
    database: Database, caller: Caller, asked: Asked, body: bytes, exchange: Exchange, draft: Draft
) -> Background:
    """Write down what is asked, and that it is to be answered. Raises Refusal."""
    if len(body) > MOST_BYTES:
        raise Refusal(Fault.REQUEST_TOO_LARGE, TOO_LARGE, param="input")
    turn = exchange.account.turn
    assert turn.persona_id is not None  # noqa: S101 - nobody else's answers are kept
    state = draft.written("queued", [])
    made = Background(
        workspace_id=caller.workspace_id,
        id=draft.id,
        owner=caller.owner,
        key_id=caller.key_id,
        persona_id=turn.persona_id,
        conversation=draft.goes_on,
        request_id=turn.request_id,
        status="queued",
        request=body.decode(),
        body=state.decode(),
        input=(b"[" + b",".join(given(asked)) + b"]").decode(),
        is_streamed=asked.stream,
        created_at=draft.created_at * 1000,
    )
    try:
        async with database.write() as connection:
            if await background.count_open(connection, caller.workspace_id, MOST_OPEN) >= MOST_OPEN:
                raise Refusal(Fault.RATE_LIMITED, TOO_MANY)
            if not await background.create(connection, made):
                raise Refusal(Fault.CONVERSATION_UNKNOWN)
            found = await background.by_id(connection, caller.workspace_id, draft.id)
            assert found is not None  # noqa: S101 - it has just been written
            if asked.stream:
                told = [event(kind, at, state) for at, kind in enumerate(("created", "queued"))]
                await background.tell(connection, found, Piece(0, FIRST - 1, b"".join(told).decode()))
    except StoreUnavailable:
        raise Refusal(Fault.STORE_UNAVAILABLE) from None
    return found


def given(asked: Asked) -> list[bytes]:
    """List the items of a request as they are shown, those that are laid over the prompt first."""
    spoken = sorted(asked.heard.spoken, key=lambda said: not said.is_system)
    return [shown.whole(item) for said in spoken for item in said.items]


def event(kind: str, number: int, response: bytes) -> bytes:
    """Write an event that tells how a response stands."""
    name = b"response." + kind.encode()
    data = b'{"type":"%b","sequence_number":%d,"response":%b}' % (name, number, response)
    return b"event: %b\ndata: %b\n\n" % (name, data)


def standing(body: str, status: str, error: object = None) -> str:
    """Return a response in another state than it was in."""
    changed = {"status": msgspec.json.encode(status), "error": msgspec.json.encode(error)}
    return chunks.with_keys(body.encode(), changed).decode()


class _Shown(msgspec.Struct):
    background: bool | None = None


_shown = msgspec.json.Decoder(_Shown)


def is_background(body: bytes) -> bool:
    """Tell whether a response was answered in the background."""
    return bool(_shown.decode(body).background)
