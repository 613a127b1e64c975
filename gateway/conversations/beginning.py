"""A conversation begins with a persona, whose version is pinned or followed from then on."""

from gateway import clock, ids
from gateway.auth.guard import Caller
from gateway.conversations.conversation import ID, Conversation, Pin
from gateway.conversations.lineage import origin
from gateway.conversations.view import ConversationBody
from gateway.errors import Detail, Fault, Refusal
from gateway.personas.name import PREFIX
from gateway.personas.registry import Registry
from gateway.personas.slug import is_label


async def begin(registry: Registry, caller: Caller, body: ConversationBody) -> Conversation:
    """Draft the conversation that the body asks for; nothing is stored yet. Raises Refusal."""
    if body.id is not None and not ID.fullmatch(body.id):
        raise unacceptable("id", "an id is `conv_` and at most 35 letters and digits")
    require_text("title", body.title)
    persona = await registry.resolve(caller, PREFIX + ref_of(body.persona, body.persona_id))
    pinned = Pin(persona.version)
    if body.follow is not None:
        pinned = await pin(registry, caller, persona.persona_id, None, body.follow) or pinned
    return draft(caller, persona.persona_id, pinned, body.id, title=body.title, metadata=body.metadata)


def draft(
    caller: Caller,
    persona_id: str,
    pinned: Pin,
    conversation_id: str | None = None,
    *,
    title: str = "",
    metadata: dict[str, str] | None = None,
    marks: tuple[bytes, ...] = (),
) -> Conversation:
    """Draft a conversation of this caller with this persona, under a fresh id unless one is given."""
    now = clock.now_ms()
    return Conversation(
        seq=0,
        workspace_id=caller.workspace_id,
        id=conversation_id or ids.new("conv"),
        owner=caller.owner,
        key_id=caller.key_id,
        persona_id=persona_id,
        version=pinned.version,
        follow=pinned.follow,
        title=title,
        metadata=metadata or {},
        origin=origin(caller.workspace_id, caller.owner, persona_id, marks),
        leaf=None,
        messages=0,
        turns=0,
        created_at=now,
        updated_at=now,
    )


async def pin(
    registry: Registry, caller: Caller, persona_id: str, version: int | None, follow: str | None
) -> Pin | None:
    """Check a pin against the persona; `None` where neither is given. Raises Refusal."""
    if version is None and follow is None:
        return None
    if version is not None and follow is not None:
        raise unacceptable("follow", "a conversation has a version or follows a label; send one of them")
    if follow is not None and not is_label(follow):
        raise unacceptable("follow", "`latest`, or a label such as `production`")
    found = Pin(version, follow)
    await registry.resolve(caller, f"{PREFIX}{persona_id}{found.suffix}")
    return found


def ref_of(persona: str | None, persona_id: str | None) -> str:
    """Return the persona that a body names in one of two fields. Raises Refusal."""
    if (persona is None) == (persona_id is None):
        problem = "name the persona here or in `persona_id`, and in one of them alone"
        raise unacceptable("persona", problem)
    return (persona or persona_id or "").removeprefix(PREFIX)


def require_text(field: str, text: str) -> None:
    """Raises Refusal for a text that not every database can hold."""
    if "\0" in text:
        raise unacceptable(field, "must not hold the character NUL")


def unacceptable(field: str, problem: str) -> Refusal:
    """Make the refusal of a field that is well-formed and yet cannot be taken."""
    details = [Detail([field], problem, "value_error")]
    return Refusal(Fault.CONVERSATION_INVALID, f"`{field}`: {problem}.", details=details)
