"""Conversations are exported as lines of JSON, and imported from them."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from litestar import get, post
from litestar.params import Parameter, QueryParameter
from litestar.response import Stream

from gateway.auth.access import AnyRequest, Settings, Store, caller_of, still_there
from gateway.conversations import beginning, lines, store, view
from gateway.conversations.conversation import Conversation
from gateway.conversations.message import said_words
from gateway.conversations.reaching import reach
from gateway.conversations.view import ConversationBody, ConversationView
from gateway.errors import Fault, Refusal
from gateway.personas.editing import Resolving
from gateway.storage.database import Database

JSON_LINES = "application/jsonl"
READ = "chat:read"
PAGE = 16
"""Messages that are read at once: a few may be large."""


@get(
    "/{conversation:str}/export",
    opt={"scope": READ},
    summary="Export a conversation",
    media_type=JSON_LINES,
)
async def export_conversation(request: AnyRequest, database: Store, conversation: str) -> Stream:
    """Every message of every path is a line of JSON in OpenAI's form, with its id, parent, version and
    drift beside it; a parent comes before what is below it."""
    async with database.read() as connection:
        found = await reach(connection, caller_of(request), conversation)
    return Stream(written(database, found), media_type=JSON_LINES)


@post(
    "/import",
    opt={
        "scope": READ,
        "max_body": lines.MOST_BYTES,
        "faults": (
            Fault.PERSONA_UNKNOWN,
            Fault.CONVERSATION_INVALID,
            Fault.CONVERSATION_TAKEN,
            Fault.CONVERSATION_TEXTLESS,
            Fault.CONVERSATION_TOO_MANY,
        ),
    },
    summary="Import a conversation",
)
async def import_conversation(
    request: AnyRequest,
    database: Store,
    config: Settings,
    registry: Resolving,
    persona: Annotated[str, Parameter(max_length=200)],
    own_id: Annotated[str | None, QueryParameter(name="id", max_length=45)] = None,
    title: Annotated[str, Parameter(max_length=200)] = "",
) -> ConversationView:
    """The body is what an export gives, or lines of JSON that have `role` and `content` alone: each goes
    below the one before it."""
    caller = caller_of(request)
    if config.recording.texts == "none":
        raise Refusal(Fault.CONVERSATION_TEXTLESS)
    draft = await beginning.begin(registry, caller, ConversationBody(id=own_id, persona=persona, title=title))
    read = partial(lines.read, request.scope["state"]["body"], draft)
    messages = await asyncio.to_thread(read)
    words = await asyncio.to_thread(said_words, messages)
    async with database.write(still_there(request.scope)) as connection:
        if await store.is_taken(connection, caller.workspace_id, draft.id):
            raise Refusal(Fault.CONVERSATION_TAKEN, param="id")
        return view.show(await store.take_in(connection, draft, messages, words))


async def written(database: Database, found: Conversation) -> AsyncIterator[bytes]:
    """Write every message on a line, page by page."""
    after = 0
    while True:
        async with database.read() as connection:
            page = await store.page(connection, found, after=after, limit=PAGE)
        if not page:
            return
        after = page[-1][0]
        yield b"".join([lines.write(message) for _, message in page])
