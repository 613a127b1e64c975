"""The conversation that a message goes to is found or begun, and the place in it where it goes on."""

from msgspec import UNSET

from gateway.auth.guard import Caller
from gateway.conversations import beginning, store
from gateway.conversations.conversation import ID, MESSAGE_ID, Conversation, Pin
from gateway.conversations.lineage import MARKS
from gateway.conversations.message import Place, root
from gateway.conversations.posted import Posted
from gateway.conversations.reaching import find, unknown
from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import wrong
from gateway.personas import name as names
from gateway.personas.name import PREFIX
from gateway.personas.registry import Registry
from gateway.personas.resolved import Resolved
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

ASKED = frozenset({"user", "tool"})
"""Roles of messages that can be answered again."""


async def find_or_begin(
    database: Database, registry: Registry, caller: Caller, conversation_id: str, wanted: Posted
) -> tuple[Conversation, Resolved]:
    """Find the conversation, or begin it where it is new, with the version that is to answer.

    Raises Refusal. A persona that is named is looked for first, so that nobody learns by it which ids
    there are.
    """
    named = None
    if wanted.persona is not None or wanted.persona_id is not None:
        named = beginning.ref_of(wanted.persona, wanted.persona_id)
        persona = await registry.resolve(caller, PREFIX + named)
    async with database.read() as connection:
        found = await find(connection, caller, conversation_id)
        if found is None:
            await _require_free(connection, caller, conversation_id, is_named=named is not None)
    if found is not None:
        if named is not None:
            _require_same(found, persona, named)
        version = await registry.resolve(caller, f"{PREFIX}{found.persona_id}{found.pin.suffix}")
        return found, version
    pinned = Pin(persona.version)
    if wanted.follow is not None:
        pinned = await beginning.pin(registry, caller, persona.persona_id, None, wanted.follow) or pinned
        persona = await registry.resolve(caller, f"{PREFIX}{persona.persona_id}{pinned.suffix}")
    marks = tuple(
        name.encode() + bytes(wanted.parameters[name]) for name in MARKS if name in wanted.parameters
    )
    begun = beginning.draft(caller, persona.persona_id, pinned, conversation_id, marks=marks)
    return begun, persona


async def _require_free(
    connection: AsyncConnection, caller: Caller, conversation_id: str, *, is_named: bool
) -> None:
    """Raises Refusal unless a conversation can begin under this id."""
    is_taken = await store.is_taken(connection, caller.workspace_id, conversation_id)
    if is_taken or not is_named or not ID.fullmatch(conversation_id):
        raise unknown(caller)
    await store.require_room(connection, caller.workspace_id)


def _require_same(found: Conversation, persona: Resolved, named: str) -> None:
    """Raises Refusal where a message names another persona or version than its conversation's."""
    version = names.parse_ref(named).version
    if persona.persona_id != found.persona_id or (version is not None and version != found.version):
        raise Refusal(Fault.CONVERSATION_PERSONA, param="persona")


async def parent_of(connection: AsyncConnection, conversation: Conversation, wanted: Posted) -> Place:
    """Find the place from which the conversation goes on. Raises Refusal."""
    parent = conversation.leaf if wanted.parent is UNSET else wanted.parent
    if parent is None or not isinstance(parent, str):
        return root(conversation)
    found = await store.message(connection, conversation, parent) if MESSAGE_ID.fullmatch(parent) else None
    if found is None:
        raise Refusal(Fault.MESSAGE_UNKNOWN, param="parent")
    if not wanted.messages and found.role not in ASKED:
        raise wrong("parent", "is an answer; name the message that is to be answered again")
    return found.place
