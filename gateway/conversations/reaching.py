"""One rule says who reaches a conversation, and how everybody else is answered."""

from gateway.auth.guard import Caller
from gateway.conversations import store
from gateway.conversations.conversation import ID, Conversation
from gateway.errors import Fault, Refusal
from gateway.storage.connection import AsyncConnection

READING = "chat:read"


async def reach(connection: AsyncConnection, caller: Caller, conversation_id: str) -> Conversation:
    """Find the conversation. Raises Refusal.

    A key without `chat:read` reaches what was made by itself alone; whether anything else exists, it does
    not learn.
    """
    found = await find(connection, caller, conversation_id)
    if found is None:
        raise unknown(caller)
    return found


async def find(connection: AsyncConnection, caller: Caller, conversation_id: str) -> Conversation | None:
    """Find the conversation; `None` where there is none that the caller reaches."""
    if not ID.fullmatch(conversation_id):
        return None
    found = await store.find(connection, caller.workspace_id, caller.owner, conversation_id)
    if found is None or READING in caller.scopes or found.owner == caller.owner:
        return found
    return None


def unknown(caller: Caller) -> Refusal:
    """Make the one answer for what the caller does not reach."""
    if READING in caller.scopes:
        return Refusal(Fault.CONVERSATION_UNKNOWN)
    return Refusal(
        Fault.SCOPE_MISSING,
        f"This key lacks the scope `{READING}`, so that it reaches only conversations of its own making; "
        "use one that has it.",
    )
