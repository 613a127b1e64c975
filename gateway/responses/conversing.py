"""`/v1/openai/conversations` makes, shows and changes conversations in OpenAI's form."""

import asyncio
from functools import partial
from typing import Any

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler

from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.conversations import beginning
from gateway.conversations import store as conversations
from gateway.conversations.conversation import Pin
from gateway.conversations.message import MOST_BYTES
from gateway.conversations.reaching import reach
from gateway.conversations.view import Metadata
from gateway.errors import Fault
from gateway.personas.editing import Resolving
from gateway.personas.name import PREFIX
from gateway.responses.conversation import OpenAIConversation, added_messages, show, write

SCOPE = "chat:invoke"
MAKING = {
    "scope": SCOPE,
    "max_body": MOST_BYTES,
    "faults": (Fault.PERSONA_UNKNOWN, Fault.CONVERSATION_TOO_MANY),
}
ONE = {"scope": SCOPE, "faults": (Fault.CONVERSATION_UNKNOWN,)}


class NewOpenAIConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A conversation as OpenAI takes it; `persona` names whom it is with, else who answers first is."""

    items: list[dict[str, Any]] | None = None
    metadata: Metadata | None = None
    persona: str | None = None


class OpenAIConversationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """This changes of a conversation."""

    metadata: Metadata


@post("/conversations", opt=MAKING, status_code=200, summary="Begin a conversation in OpenAI's form")
async def create_openai_conversation(
    request: AnyRequest, database: Store, config: Settings, registry: Resolving, data: NewOpenAIConversation
) -> OpenAIConversation:
    """Without `persona` it is with whoever answers in it first."""
    caller, persona_id, pin = caller_of(request), "", Pin()
    if data.persona is not None:
        persona = await registry.resolve(caller, PREFIX + data.persona.removeprefix(PREFIX))
        persona_id, pin = persona.persona_id, Pin(persona.version)
    draft = beginning.draft(caller, persona_id, pin, metadata=data.metadata or {})
    add = partial(added_messages, draft, None, data.items or [], keeps_texts=config.recording.texts != "none")
    added = await asyncio.to_thread(add)
    async with database.write(still_there(request.scope)) as connection:
        made = await conversations.create(connection, draft)
        if added:
            await write(connection, made, added)
    return show(made)


@get("/conversations/{conversation:str}", opt=ONE, summary="Read a conversation in OpenAI's form")
async def read_openai_conversation(
    request: AnyRequest, database: Store, conversation: str
) -> OpenAIConversation:
    async with database.read() as connection:
        return show(await reach(connection, caller_of(request), conversation))


@post(
    "/conversations/{conversation:str}",
    opt=ONE,
    status_code=200,
    summary="Change a conversation's metadata",
)
async def change_openai_conversation(
    request: AnyRequest, database: Store, conversation: str, data: OpenAIConversationChange
) -> OpenAIConversation:
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller_of(request), conversation)
        return show(await conversations.change(connection, found, metadata=data.metadata))


@delete(
    "/conversations/{conversation:str}",
    opt=ONE,
    status_code=200,
    summary="Delete a conversation in OpenAI's form",
)
async def remove_openai_conversation(
    request: AnyRequest, database: Store, conversation: str
) -> dict[str, Any]:
    """What was said in it is erased, and so are its responses."""
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller_of(request), conversation)
        await conversations.erase(connection, found, actor_of(request))
    await database.scrub()
    return {"id": found.id, "object": "conversation.deleted", "deleted": True}


HANDLERS: list[HTTPRouteHandler] = [
    create_openai_conversation,
    read_openai_conversation,
    change_openai_conversation,
    remove_openai_conversation,
]
