"""Personas are written and found."""

from typing import Any, Literal

import msgspec
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway import clock, ids
from gateway.events.event import Value
from gateway.personas import field
from gateway.personas.model import Draft, Persona, Profile, Version
from gateway.personas.store import aliases, fields, search, vectors, versions
from gateway.personas.store.rows import LABEL, PERSONA, SHOWN, many, one, touch
from gateway.personas.store.telling import tell
from gateway.storage import answers, erasure, tables
from gateway.storage.audit import Actor, note, veil
from gateway.storage.changes import announce
from gateway.storage.connection import AsyncConnection
from gateway.storage.visibility import is_own, is_shown

TURN = tables.turns.c
Outcome = Literal["created", "new-version", "profile", "unchanged"]


class Pushed(msgspec.Struct, frozen=True):
    """Says what a write did: `previous` is the newest version before it, `None` for a new persona."""

    persona: Persona
    version: Version
    previous: Version | None
    outcome: Outcome
    profile_before: Profile | None = None


class Origin(msgspec.Struct, frozen=True):
    """The version that a fork was made from."""

    persona_id: str
    version: int


class SlugTakenError(Exception):
    """Another persona of the workspace has the slug."""


async def push(connection: AsyncConnection, draft: Draft, actor: Actor) -> Pushed:
    """Store the draft under its slug: a new persona, a new version, a new profile, or nothing at all."""
    persona = await by_slug(connection, actor.workspace_id, draft.profile.slug)
    if persona is None:
        return await create(connection, draft, actor)
    return await save(connection, persona, draft, actor)


async def create(
    connection: AsyncConnection, draft: Draft, actor: Actor, origin: Origin | None = None
) -> Pushed:
    """Create a persona with its first version. Raises SlugTakenError, DraftError."""
    if await by_slug(connection, actor.workspace_id, draft.profile.slug) is not None:
        raise SlugTakenError(draft.profile.slug)
    field.require(await fields.listed(connection, actor.workspace_id), draft.content.layers)
    now = clock.now_ms()
    values: dict[str, Any] = {
        **msgspec.to_builtins(draft.profile),
        "id": ids.new("psn"),
        "workspace_id": actor.workspace_id,
        "status": "completed",
        "owner": actor.owner,
        "forked_from": origin.persona_id if origin else None,
        "forked_version": origin.version if origin else None,
        "latest": 1,
        "revision": 1,
        "seq": await search.next_number(connection),
        "created_at": now,
        "updated_at": now,
    }
    try:
        await connection.execute(insert(tables.personas).values(values))
    except IntegrityError:
        # Somebody else was a moment quicker.
        raise SlugTakenError(draft.profile.slug) from None
    first = await versions.add(connection, values["id"], 1, draft.content)
    await search.index(connection, actor.workspace_id, values["id"], draft)
    await announce(connection, "persona", values["id"])
    slug = draft.profile.slug
    details = {"slug": slug} | ({"from": origin.persona_id, "version": origin.version} if origin else {})
    await note(connection, actor, "persona.forked" if origin else "persona.created", values["id"], **details)
    made = await _again(connection, values["id"])
    if origin is None:
        await tell(connection, "persona.created", made, version=1)
    else:
        parent: dict[str, Value] = {"from": origin.persona_id, "from_version": origin.version}
        await tell(connection, "persona.forked", made, version=1, **parent)
    return Pushed(made, first, None, "created")


async def save(connection: AsyncConnection, persona: Persona, draft: Draft, actor: Actor) -> Pushed:
    """Make the persona what the draft says; an archived one comes back. Raises SlugTakenError, DraftError."""
    other = await by_slug(connection, persona.workspace_id, draft.profile.slug)
    if other is not None and other.id != persona.id:
        raise SlugTakenError(draft.profile.slug)
    previous = newest = await versions.read(connection, persona.id, persona.latest)
    if draft.content.fingerprint() != previous.fingerprint:
        field.require(await fields.listed(connection, persona.workspace_id), draft.content.layers)
        newest = await versions.add(connection, persona.id, persona.latest + 1, draft.content)
    if newest is previous and draft.profile == persona.profile and persona.status == "completed":
        return Pushed(persona, previous, previous, "unchanged", persona.profile)
    values = {**msgspec.to_builtins(draft.profile), "status": "completed", "latest": newest.number}
    try:
        await touch(connection, persona, **values)
    except IntegrityError:
        raise SlugTakenError(draft.profile.slug) from None
    await search.index(connection, persona.workspace_id, persona.id, draft)
    outcome: Outcome = "profile" if newest is previous else "new-version"
    action = "persona.updated" if newest is previous else "version.created"
    await note(connection, actor, action, persona.id, version=newest.number)
    saved = await _again(connection, persona.id)
    change = "profile" if newest is previous else "version"
    await tell(connection, "persona.updated", saved, version=newest.number, change=change)
    return Pushed(saved, newest, previous, outcome, persona.profile)


async def archive(connection: AsyncConnection, persona: Persona, actor: Actor) -> None:
    """Archive the persona: nobody can use it until it is saved again."""
    await touch(connection, persona, status="archived")
    await note(connection, actor, "persona.archived", persona.id)
    await tell(connection, "persona.archived", persona)


async def purge(connection: AsyncConnection, persona: Persona, actor: Actor) -> None:
    """Erase it with all versions and labels; turns keep ids only."""
    turns = update(tables.turns).where(TURN.persona_id == persona.id)
    left = dict(zip(erasure.TURN, erasure.turn(persona.id), strict=True))
    await connection.execute(turns.values(left))
    # Kept answers to repeated requests may show it.
    await answers.forget(connection, persona.workspace_id)
    if persona.profile.visibility == "private":
        # Nobody else may learn more of it once nothing tells any more that it was private.
        await veil(connection, persona.id)
        await erasure.conversations(connection, tables.conversations.c.persona_id == persona.id)
        await erasure.background(connection, tables.background_responses.c.persona_id == persona.id)
    await connection.execute(delete(tables.aliases).where(tables.aliases.c.persona_id == persona.id))
    await connection.execute(delete(tables.sketches).where(tables.sketches.c.persona_id == persona.id))
    await erasure.images(connection, persona.id)
    await erasure.budgets(connection, persona.id)
    await erasure.runs(connection, tables.runs.c.persona_id == persona.id)
    await search.forget(connection, persona.id)
    await vectors.forget(connection, persona.id)
    await connection.execute(delete(tables.labels).where(LABEL.persona_id == persona.id))
    await connection.execute(delete(tables.versions).where(tables.versions.c.persona_id == persona.id))
    await connection.execute(delete(tables.personas).where(PERSONA.id == persona.id))
    await announce(connection, "persona", persona.id)
    await note(connection, actor, "persona.purged", persona.id)


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str, ref: str, *, archived: bool = False
) -> Persona | None:
    """Find the persona by slug, id or alias, as far as a key of this owner may know of it.

    Archived ones are found if `archived` is set. A persona that must not be known takes the same one
    statement as one that does not exist, so that no time tells the two apart.
    """
    if ref.startswith("psn_"):
        query = select(*SHOWN).where(PERSONA.id == ref, is_shown(workspace_id, owner))
    elif ref.startswith("pmpt_"):
        is_meant = PERSONA.id == aliases.bearer(workspace_id, ref)
        query = select(*SHOWN).where(is_meant, is_own(workspace_id, owner))
    else:
        query = select(*SHOWN).where(PERSONA.slug == ref, is_own(workspace_id, owner))
    is_active = PERSONA.status == "completed"
    return await one(
        connection,
        query.where(or_(is_active, PERSONA.workspace_id == workspace_id) if archived else is_active),
    )


async def by_slug(connection: AsyncConnection, workspace_id: str, slug: str) -> Persona | None:
    query = select(*SHOWN).where(PERSONA.workspace_id == workspace_id, PERSONA.slug == slug)
    return await one(connection, query)


async def by_id(connection: AsyncConnection, persona_id: str) -> Persona | None:
    return await one(connection, select(*SHOWN).where(PERSONA.id == persona_id))


async def everything(connection: AsyncConnection, workspace_id: str, limit: int = 100_000) -> list[Persona]:
    """List the workspace's personas that are not archived, by slug."""
    query = select(*SHOWN).where(PERSONA.workspace_id == workspace_id, PERSONA.status == "completed")
    return await many(connection, query.order_by(PERSONA.slug).limit(limit))


async def visible(connection: AsyncConnection, workspace_id: str, owner: str, limit: int) -> list[Persona]:
    """List the active personas that a key of this owner can use by slug, in that order."""
    query = select(*SHOWN).where(is_own(workspace_id, owner), PERSONA.status == "completed")
    return await many(connection, query.order_by(PERSONA.slug).limit(limit))


async def is_empty(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(PERSONA.id).limit(1))).first() is None


async def _again(connection: AsyncConnection, persona_id: str) -> Persona:
    persona = await by_id(connection, persona_id)
    if persona is None:
        raise LookupError(persona_id)
    return persona
