"""Personas, versions and labels are kept in the database."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway import clock, ids
from gateway.personas import reading
from gateway.personas.model import Content, Draft, Persona, Profile, Version
from gateway.personas.slug import LATEST
from gateway.storage import answers, erasure, tables
from gateway.storage.audit import Actor, note, veil
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import announce, fields
from gateway.storage.visibility import is_own, is_shown

PERSONA = tables.personas.c
SHOWN = [column for column in PERSONA if column.name != "search"]
"""Columns that are read of a persona: not the text for searches, which is as long as its prompt."""
VERSION = tables.versions.c
LABEL = tables.labels.c
TURN = tables.turns.c
SEARCHED = 65_536
"""Characters of name, tags and prompt that a search looks into."""
PAGE_BYTES = 2 << 20
"""Bytes of a list's answer; at least one item is on each page."""
SLICE = 8
"""Versions that are read at once for a page, since a few may fill it."""

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


class LabelError(Exception):
    """A label that cannot be moved like this; the message says why."""


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
    """Create a persona with its first version. Raises SlugTakenError."""
    if await by_slug(connection, actor.workspace_id, draft.profile.slug) is not None:
        raise SlugTakenError(draft.profile.slug)
    now = clock.now_ms()
    values: dict[str, Any] = {
        **msgspec.to_builtins(draft.profile),
        "id": ids.new("psn"),
        "workspace_id": actor.workspace_id,
        "status": "active",
        "owner": actor.owner,
        "forked_from": origin.persona_id if origin else None,
        "forked_version": origin.version if origin else None,
        "latest": 1,
        "revision": 1,
        "search": _search_text(draft),
        "created_at": now,
        "updated_at": now,
    }
    try:
        await connection.execute(insert(tables.personas).values(values))
    except IntegrityError:
        # Somebody else was a moment quicker.
        raise SlugTakenError(draft.profile.slug) from None
    first = await _add_version(connection, values["id"], 1, draft.content)
    await announce(connection, "persona", values["id"])
    slug = draft.profile.slug
    details = {"slug": slug} | ({"from": origin.persona_id, "version": origin.version} if origin else {})
    await note(connection, actor, "persona.forked" if origin else "persona.created", values["id"], **details)
    return Pushed(await _again(connection, values["id"]), first, None, "created")


async def save(connection: AsyncConnection, persona: Persona, draft: Draft, actor: Actor) -> Pushed:
    """Make the persona what the draft says; an archived one comes back. Raises SlugTakenError."""
    other = await by_slug(connection, persona.workspace_id, draft.profile.slug)
    if other is not None and other.id != persona.id:
        raise SlugTakenError(draft.profile.slug)
    previous = newest = await version(connection, persona.id, persona.latest)
    if draft.content.fingerprint() != previous.fingerprint:
        newest = await _add_version(connection, persona.id, persona.latest + 1, draft.content)
    if newest is previous and draft.profile == persona.profile and persona.status == "active":
        return Pushed(persona, previous, previous, "unchanged", persona.profile)
    values = {**msgspec.to_builtins(draft.profile), "status": "active", "latest": newest.number}
    try:
        await _touch(connection, persona, **values, search=_search_text(draft))
    except IntegrityError:
        raise SlugTakenError(draft.profile.slug) from None
    outcome: Outcome = "profile" if newest is previous else "new-version"
    action = "persona.updated" if newest is previous else "version.created"
    await note(connection, actor, action, persona.id, version=newest.number)
    return Pushed(await _again(connection, persona.id), newest, previous, outcome, persona.profile)


async def archive(connection: AsyncConnection, persona: Persona, actor: Actor) -> None:
    """Archive the persona: nobody can use it until it is saved again."""
    await _touch(connection, persona, status="archived")
    await note(connection, actor, "persona.archived", persona.id)


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
        await erasure.conversations(connection, persona.id)
    await connection.execute(delete(tables.labels).where(LABEL.persona_id == persona.id))
    await connection.execute(delete(tables.versions).where(VERSION.persona_id == persona.id))
    await connection.execute(delete(tables.personas).where(PERSONA.id == persona.id))
    await announce(connection, "persona", persona.id)
    await note(connection, actor, "persona.purged", persona.id)


async def label(connection: AsyncConnection, persona: Persona, name: str, number: int, actor: Actor) -> None:
    """Make the label mean this version. Raises LabelError."""
    if name == LATEST:
        raise LabelError("`latest` always means the newest version and cannot be moved")
    if not 1 <= number <= persona.latest:
        raise LabelError(f"there is no version v{number}; the newest is v{persona.latest}")
    borne = select(LABEL.number).where(LABEL.persona_id == persona.id, LABEL.name == name)
    was = (await connection.execute(borne)).scalar()
    if was == number:
        return
    now = clock.now_ms()
    if was is None:
        values = {"persona_id": persona.id, "name": name, "number": number, "updated_at": now}
        await connection.execute(insert(tables.labels).values(values))
    else:
        move = update(tables.labels).where(LABEL.persona_id == persona.id, LABEL.name == name)
        await connection.execute(move.values(number=number, updated_at=now))
    await _touch(connection, persona)
    await note(connection, actor, "label.moved", persona.id, label=name, version=number, previous=was)


async def unlabel(connection: AsyncConnection, persona: Persona, name: str, actor: Actor) -> bool:
    """Take the label away; tells whether the persona bore it."""
    was = persona.labels.get(name)
    if was is None:
        return False
    await connection.execute(delete(tables.labels).where(LABEL.persona_id == persona.id, LABEL.name == name))
    await _touch(connection, persona)
    await note(connection, actor, "label.removed", persona.id, label=name, version=None, previous=was)
    return True


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str, ref: str, *, archived: bool = False
) -> Persona | None:
    """Find the persona by slug or id, as far as a key of this owner may know of it, archived ones if asked.

    A persona that must not be known takes the same one statement as one that does not exist, so that no
    time tells the two apart.
    """
    if ref.startswith("psn_"):
        query = select(*SHOWN).where(PERSONA.id == ref, is_shown(workspace_id, owner))
    else:
        query = select(*SHOWN).where(PERSONA.slug == ref, is_own(workspace_id, owner))
    is_active = PERSONA.status == "active"
    return await _one(
        connection,
        query.where(or_(is_active, PERSONA.workspace_id == workspace_id) if archived else is_active),
    )


async def by_slug(connection: AsyncConnection, workspace_id: str, slug: str) -> Persona | None:
    query = select(*SHOWN).where(PERSONA.workspace_id == workspace_id, PERSONA.slug == slug)
    return await _one(connection, query)


async def by_id(connection: AsyncConnection, persona_id: str) -> Persona | None:
    return await _one(connection, select(*SHOWN).where(PERSONA.id == persona_id))


async def everything(connection: AsyncConnection, workspace_id: str, limit: int = 100_000) -> list[Persona]:
    """List the workspace's personas that are not archived, by slug."""
    query = select(*SHOWN).where(PERSONA.workspace_id == workspace_id, PERSONA.status == "active")
    return await _many(connection, query.order_by(PERSONA.slug).limit(limit))


async def visible(connection: AsyncConnection, workspace_id: str, owner: str, limit: int) -> list[Persona]:
    """List the active personas that a key of this owner can use by slug, in that order."""
    query = select(*SHOWN).where(is_own(workspace_id, owner), PERSONA.status == "active")
    return await _many(connection, query.order_by(PERSONA.slug).limit(limit))


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Narrows a list of personas; words are matched in name, slug, tags and prompt."""

    words: tuple[str, ...] = ()
    tag: str | None = None
    language: str | None = None
    visibility: str | None = None
    label: str | None = None
    status: str = "active"
    after: str | None = None
    limit: int = 50


async def search(connection: AsyncConnection, workspace_id: str, owner: str, wanted: Search) -> list[Persona]:
    """List what a key of this owner may read, the newest first."""
    query = select(*SHOWN).where(is_own(workspace_id, owner), PERSONA.status == wanted.status)
    searched = func.substr(PERSONA.search, 1, SEARCHED)
    for word in wanted.words:
        query = query.where(func.instr(searched, word.casefold()) > 0)
    if wanted.tag is not None:
        query = query.where(func.instr(searched, f"\n#{wanted.tag.casefold()}\n") > 0)
    if wanted.visibility is not None:
        query = query.where(PERSONA.visibility == wanted.visibility)
    if wanted.language is not None:
        newest = select(VERSION.id).where(VERSION.persona_id == PERSONA.id, VERSION.number == PERSONA.latest)
        query = query.where(newest.where(VERSION.language == wanted.language).exists())
    if wanted.label is not None:
        borne = select(LABEL.name).where(LABEL.persona_id == PERSONA.id, LABEL.name == wanted.label)
        query = query.where(borne.exists())
    if wanted.after is not None:
        query = query.where(PERSONA.id < wanted.after)
    return await _many(connection, query.order_by(PERSONA.id.desc()).limit(wanted.limit))


async def version(connection: AsyncConnection, persona_id: str, number: int) -> Version:
    """Read one version that is known to exist."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id, VERSION.number == number)
    return _version((await connection.execute(query)).one())


async def versions(
    connection: AsyncConnection, persona_id: str, *, before: int | None = None, limit: int = 1000
) -> list[Version]:
    """List the versions older than `before`, the newest first."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id)
    if before is not None:
        query = query.where(VERSION.number < before)
    rows = await connection.execute(query.order_by(VERSION.number.desc()).limit(limit))
    return [_version(row) for row in rows]


async def fitting_versions(
    connection: AsyncConnection, persona_id: str, *, before: int | None, limit: int
) -> tuple[list[Version], int]:
    """List the versions older than `before`, the newest first and one more, and how many fit on a page."""
    found: list[Version] = []
    size = 0
    while len(found) <= limit:
        some = min(SLICE, limit + 1 - len(found))
        more = await versions(connection, persona_id, before=before, limit=some)
        for each in more:
            if found and size + _weight(each) > PAGE_BYTES:
                return [*found, each], len(found)
            found.append(each)
            size += _weight(each)
        if len(more) < some:
            break
        before = more[-1].number
    return found, limit


async def fitting_newest(connection: AsyncConnection, personas: Sequence[Persona]) -> dict[str, Version]:
    """Read the newest version of each by the persona's id, for as many of the first ones as fit on a page."""
    found: dict[str, Version] = {}
    size = 0
    for start in range(0, len(personas), SLICE):
        some = await _newest(connection, personas[start : start + SLICE])
        for persona in personas[start : start + SLICE]:
            size += _weight(some[persona.id])
            if found and size > PAGE_BYTES:
                return found
            found[persona.id] = some[persona.id]
    return found


async def _newest(connection: AsyncConnection, personas: Sequence[Persona]) -> dict[str, Version]:
    newest = tables.personas.c
    query = select(tables.versions).join(tables.personas, newest.id == VERSION.persona_id)
    ids_ = [persona.id for persona in personas]
    query = query.where(VERSION.persona_id.in_(ids_), VERSION.number == newest.latest)
    return {row.persona_id: _version(row) for row in await connection.execute(query)}


def _weight(version: Version) -> int:
    """Weigh the version in bytes of an answer, where its layers may stand twice."""
    content = version.content
    return len(msgspec.json.encode(content)) + len(msgspec.json.encode(content.layers))


async def version_languages(
    connection: AsyncConnection, persona_ids: Sequence[str]
) -> dict[tuple[str, int], str]:
    """Read the language of each version of these personas, by persona and number."""
    found: dict[tuple[str, int], str] = {}
    for some in _slices(persona_ids):
        query = select(VERSION.persona_id, VERSION.number, VERSION.language)
        for row in await connection.execute(query.where(VERSION.persona_id.in_(some))):
            found[row.persona_id, row.number] = row.language
    return found


async def languages(connection: AsyncConnection, workspace_id: str) -> dict[str, str]:
    """Read the language of each persona's newest version, by the persona's id."""
    query = (
        select(PERSONA.id, VERSION.language)
        .join(tables.versions, VERSION.persona_id == PERSONA.id)
        .where(PERSONA.workspace_id == workspace_id, VERSION.number == PERSONA.latest)
    )
    return {row.id: row.language for row in await connection.execute(query)}


async def is_empty(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(PERSONA.id).limit(1))).first() is None


def _search_text(draft: Draft) -> str:
    """Write the text that a search looks into: each tag on a line of its own, behind a `#`."""
    profile = draft.profile
    tags = "".join(f"\n#{tag}\n" for tag in profile.tags)
    text = "\n".join([profile.slug, profile.name, tags, draft.content.prompt[:SEARCHED]])
    return text.casefold()[:SEARCHED]


async def _touch(connection: AsyncConnection, persona: Persona, **values: Any) -> None:
    change = update(tables.personas).where(PERSONA.id == persona.id)
    await connection.execute(
        change.values(**values, updated_at=clock.now_ms(), revision=PERSONA.revision + 1)
    )
    await announce(connection, "persona", persona.id)


async def _add_version(connection: AsyncConnection, persona_id: str, no: int, content: Content) -> Version:
    made = Version(
        id=ids.new("ver"),
        persona_id=persona_id,
        number=no,
        content=content,
        fingerprint=content.fingerprint(),
        created_at=clock.now_ms(),
        reading=await reading.read(content),
    )
    values = msgspec.to_builtins(made)
    values |= values.pop("content")
    await connection.execute(insert(tables.versions).values(values))
    return made


async def _again(connection: AsyncConnection, persona_id: str) -> Persona:
    persona = await by_id(connection, persona_id)
    if persona is None:
        raise LookupError(persona_id)
    return persona


async def _one(connection: AsyncConnection, query: Select[Any]) -> Persona | None:
    found = await _many(connection, query)
    return found[0] if found else None


async def _many(connection: AsyncConnection, query: Select[Any]) -> list[Persona]:
    rows = (await connection.execute(query)).all()
    labels = await _labels(connection, [row.id for row in rows])
    return [_persona(row, labels.get(row.id, {})) for row in rows]


async def _labels(connection: AsyncConnection, persona_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for some in _slices(persona_ids):
        query = select(tables.labels).where(LABEL.persona_id.in_(some)).order_by(LABEL.name)
        for row in await connection.execute(query):
            found.setdefault(row.persona_id, {})[row.name] = row.number
    return found


def _slices(ids_: Sequence[str]) -> list[Sequence[str]]:
    """Cut the ids up: databases take only so many parameters in one statement."""
    return [ids_[start : start + 500] for start in range(0, len(ids_), 500)]


def _persona(row: Row[Any], labels: dict[str, int]) -> Persona:
    stored = fields(row)
    profile = msgspec.convert(stored, Profile)
    return msgspec.convert({**stored, "profile": profile, "labels": labels}, Persona)


def _version(row: Row[Any]) -> Version:
    stored = fields(row)
    return msgspec.convert({**stored, "content": msgspec.convert(stored, Content)}, Version)
