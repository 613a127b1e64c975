"""The route `/v1/chat/conversations` makes, lists, reads, changes and deletes conversations."""

from contextlib import nullcontext
from typing import Annotated, Literal

from litestar import Router, delete, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET

from gateway.auth.access import AnyRequest, Store, actor_of, caller_of, still_there
from gateway.conversations import beginning, reading, store, view
from gateway.conversations.drifting import follow_drift
from gateway.conversations.moving import export_conversation, import_conversation
from gateway.conversations.posting import post_message_route
from gateway.conversations.reaching import reach
from gateway.conversations.talking import Talking
from gateway.conversations.view import (
    ConversationBody,
    ConversationPatch,
    ConversationView,
    MessageView,
    given,
)
from gateway.errors import Fault, Refusal
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.personas.editing import Queue, Resolving, id_of, number_of

INVOKE, READ = "chat:invoke", "chat:read"
SEQ = "[0-9]{1,18}"
WALK_SECONDS = 3.0
"""Seconds for one page of a path; only a path of tens of thousands of messages takes long."""
MAKING = (
    Fault.PERSONA_UNKNOWN,
    Fault.CONVERSATION_INVALID,
    Fault.CONVERSATION_TAKEN,
    Fault.CONVERSATION_TOO_MANY,
)
CHANGING = (Fault.CONVERSATION_UNKNOWN, Fault.CONVERSATION_INVALID, Fault.PERSONA_UNKNOWN)


@post("/", opt={"scope": INVOKE, "faults": MAKING}, summary="Create a conversation")
async def create_conversation(
    request: AnyRequest, database: Store, registry: Resolving, data: ConversationBody
) -> ConversationView:
    """A message that is posted to an id of your choosing makes its conversation, too."""
    caller = caller_of(request)
    draft = await beginning.begin(registry, caller, data)
    async with database.write(still_there(request.scope)) as connection:
        if await store.is_taken(connection, caller.workspace_id, draft.id):
            raise Refusal(Fault.CONVERSATION_TAKEN, param="id")
        return view.show(await store.create(connection, draft))


@get("/", opt={"scope": READ, "faults": (Fault.PERSONA_UNKNOWN,)}, summary="List conversations")
async def list_conversations(
    request: AnyRequest,
    database: Store,
    turnstile: Queue,
    q: Annotated[str, Parameter(description="Words of one message.", max_length=200)] = "",
    persona: Annotated[str | None, Parameter(description="A slug or id.", max_length=64)] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[ConversationView]:
    """Conversations with a private persona are shown to its owner alone."""
    caller = caller_of(request)
    require_cursor(after, SEQ)
    place = turnstile.through(caller.workspace_id) if q else nullcontext()
    async with place, database.read(WALK_SECONDS) as connection:
        wanted = store.Filter(
            words=q,
            persona_id=await id_of(connection, request, persona),
            after=int(after) if after else None,
            limit=limit + 1,
        )
        found = await store.conversations(connection, caller.workspace_id, caller.owner, wanted)
    return page(found, limit, view.show, lambda each: str(each.seq))


@get("/{conversation:str}", opt={"scope": READ}, summary="Read a conversation")
async def read_conversation(request: AnyRequest, database: Store, conversation: str) -> ConversationView:
    async with database.read() as connection:
        return view.show(await reach(connection, caller_of(request), conversation))


@patch("/{conversation:str}", opt={"scope": INVOKE, "faults": CHANGING}, summary="Change a conversation")
async def change_conversation(
    request: AnyRequest, database: Store, registry: Resolving, conversation: str, data: ConversationPatch
) -> ConversationView:
    """`version` pins the version that answers on the native surface, `follow` a label.

    A key without `chat:read` changes only what it has made.
    """
    caller, number = caller_of(request), None
    if data.version is not UNSET and not (number := number_of(data.version)):
        raise beginning.unacceptable("version", "a version is `v3`, `3` or 3")
    beginning.require_text("title", given(data.title) or "")
    async with database.read() as connection:
        found = await reach(connection, caller, conversation)
    pin = await beginning.pin(registry, caller, found.persona_id, number, given(data.follow))
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller, conversation)
        changed = await store.change(
            connection, found, title=given(data.title), metadata=given(data.metadata), pin=pin
        )
    return view.show(changed)


@delete("/{conversation:str}", opt={"scope": INVOKE}, summary="Delete a conversation")
async def remove_conversation(request: AnyRequest, database: Store, conversation: str) -> None:
    """Its texts are erased at once and for good; backups keep what they hold.

    A key without `chat:read` deletes only what it has made.
    """
    async with database.write(still_there(request.scope)) as connection:
        found = await reach(connection, caller_of(request), conversation)
        await store.erase(connection, found, actor_of(request))
    await database.scrub()


@get(
    "/{conversation:str}/messages",
    opt={"scope": READ, "faults": (Fault.MESSAGE_UNKNOWN,)},
    summary="Read what was said",
)
async def list_messages(
    request: AnyRequest,
    database: Store,
    conversation: str,
    leaf: Annotated[str | None, Parameter(max_length=40)] = None,
    order: Literal["asc", "desc"] = "desc",
    limit: Limit = 50,
    after: After = None,
) -> Page[MessageView]:
    """One path is read: up from its leaf, the newest message unless one is named, or down from its
    root with `order=asc`."""
    async with database.read(WALK_SECONDS) as connection:
        found = await reach(connection, caller_of(request), conversation)
        return await reading.walk(connection, found, leaf, order, after, limit)


def router(talking: Talking, public_url: str) -> Router:
    """Make the routes of everything under `/v1/chat/conversations`."""
    routes = [
        list_messages,
        create_conversation,
        list_conversations,
        read_conversation,
        change_conversation,
        remove_conversation,
        post_message_route(talking, public_url),
        export_conversation,
        follow_drift,
        import_conversation,
    ]
    return Router("/chat/conversations", route_handlers=routes, tags=["Conversations"])
