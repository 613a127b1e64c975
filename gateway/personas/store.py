"""Personas, versions and labels in the database."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, Select, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock, ids
from gateway.personas.model import Content, Draft, Persona, Profile, Version
from gateway.personas.slug import LATEST
from gateway.storage import tables
from gateway.storage.database import announce, fields

PERSONA = tables.personas.c
VERSION = tables.versions.c
LABEL = tables.labels.c


class Pushed(msgspec.Struct, frozen=True):
    """What a push did: `previous` is the newest version before it, `None` for a new persona."""

    persona: Persona
    version: Version
    previous: Version | None
    outcome: Literal["created", "new-version", "profile", "unchanged"]
    profile_before: Profile | None = None


class LabelError(Exception):
    """A label that cannot be moved so; the message says why."""


async def push(connection: AsyncConnection, workspace_id: str, draft: Draft, owner: str | None) -> Pushed:
    """Store the draft under its slug: a new persona, a new version, a new profile, or nothing at all."""
    persona = await by_slug(connection, workspace_id, draft.profile.slug)
    if persona is None:
        return await _create(connection, workspace_id, draft, owner)
    previous = await version(connection, persona.id, persona.latest)
    newest = previous
    if draft.content.fingerprint() != previous.fingerprint:
        newest = await _add_version(connection, persona.id, persona.latest + 1, draft.content)
    if newest is previous and draft.profile == persona.profile and persona.status == "active":
        return Pushed(persona, previous, previous, "unchanged", persona.profile)
    values = {**msgspec.to_builtins(draft.profile), "status": "active", "latest": newest.number}
    values["updated_at"] = clock.now_ms()
    await connection.execute(update(tables.personas).where(PERSONA.id == persona.id).values(values))
    await announce(connection, "persona", persona.id)
    outcome: Literal["new-version", "profile"] = "profile" if newest is previous else "new-version"
    return Pushed(await _again(connection, persona.id), newest, previous, outcome, persona.profile)


async def label(connection: AsyncConnection, persona: Persona, name: str, number: int) -> None:
    """Make the label mean this version. Raises LabelError."""
    if name == LATEST:
        raise LabelError("`latest` always means the newest version and cannot be moved")
    if not 1 <= number <= persona.latest:
        raise LabelError(f"there is no version v{number}; the newest is v{persona.latest}")
    now = clock.now_ms()
    moved = await connection.execute(
        update(tables.labels)
        .where(LABEL.persona_id == persona.id, LABEL.name == name)
        .values(number=number, updated_at=now)
    )
    if not moved.rowcount:
        values = {"persona_id": persona.id, "name": name, "number": number, "updated_at": now}
        await connection.execute(insert(tables.labels).values(values))
    await connection.execute(update(tables.personas).where(PERSONA.id == persona.id).values(updated_at=now))
    await announce(connection, "persona", persona.id)


async def by_slug(connection: AsyncConnection, workspace_id: str, slug: str) -> Persona | None:
    query = select(tables.personas).where(PERSONA.workspace_id == workspace_id, PERSONA.slug == slug)
    return await _one(connection, query)


async def by_id(connection: AsyncConnection, persona_id: str) -> Persona | None:
    return await _one(connection, select(tables.personas).where(PERSONA.id == persona_id))


async def everything(
    connection: AsyncConnection, workspace_id: str, *, limit: int = 100_000
) -> list[Persona]:
    """The workspace's personas that are not archived, by slug."""
    query = select(tables.personas).where(PERSONA.workspace_id == workspace_id, PERSONA.status == "active")
    rows = (await connection.execute(query.order_by(PERSONA.slug).limit(limit))).all()
    labels = await _labels(connection, [row.id for row in rows])
    return [_persona(row, labels.get(row.id, {})) for row in rows]


async def visible(connection: AsyncConnection, workspace_id: str, owner: str, limit: int) -> list[Persona]:
    """The active personas that a key of this owner can use by slug, in that order."""
    mine = or_(PERSONA.visibility != "private", PERSONA.owner == owner)
    query = select(tables.personas).where(
        PERSONA.workspace_id == workspace_id, PERSONA.status == "active", mine
    )
    rows = (await connection.execute(query.order_by(PERSONA.slug).limit(limit))).all()
    labels = await _labels(connection, [row.id for row in rows])
    return [_persona(row, labels.get(row.id, {})) for row in rows]


async def version_languages(
    connection: AsyncConnection, persona_ids: Sequence[str]
) -> dict[tuple[str, int], str]:
    """The language of each version of these personas, by persona and number."""
    found: dict[tuple[str, int], str] = {}
    for start in range(0, len(persona_ids), 500):
        some = persona_ids[start : start + 500]
        query = select(VERSION.persona_id, VERSION.number, VERSION.language)
        for row in await connection.execute(query.where(VERSION.persona_id.in_(some))):
            found[row.persona_id, row.number] = row.language
    return found


async def version(connection: AsyncConnection, persona_id: str, number: int) -> Version:
    """One version that is known to exist."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id, VERSION.number == number)
    return _version((await connection.execute(query)).one())


async def versions(connection: AsyncConnection, persona_id: str, *, limit: int = 1000) -> list[Version]:
    """All versions, the newest first."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id)
    rows = await connection.execute(query.order_by(VERSION.number.desc()).limit(limit))
    return [_version(row) for row in rows]


async def languages(connection: AsyncConnection, workspace_id: str) -> dict[str, str]:
    """The language of each persona's newest version, by the persona's id."""
    query = (
        select(PERSONA.id, VERSION.language)
        .join_from(tables.personas, tables.versions)
        .where(PERSONA.workspace_id == workspace_id, VERSION.number == PERSONA.latest)
    )
    return {row.id: row.language for row in await connection.execute(query)}


async def is_empty(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(PERSONA.id).limit(1))).first() is None


async def _create(connection: AsyncConnection, workspace_id: str, draft: Draft, owner: str | None) -> Pushed:
    now = clock.now_ms()
    values: dict[str, Any] = {
        **msgspec.to_builtins(draft.profile),
        "id": ids.new("psn"),
        "workspace_id": workspace_id,
        "status": "active",
        "owner": owner,
        "latest": 1,
        "created_at": now,
        "updated_at": now,
    }
    await connection.execute(insert(tables.personas).values(values))
    first = await _add_version(connection, values["id"], 1, draft.content)
    await announce(connection, "persona", values["id"])
    return Pushed(await _again(connection, values["id"]), first, None, "created")


async def _add_version(
    connection: AsyncConnection, persona_id: str, number: int, content: Content
) -> Version:
    made = Version(
        id=ids.new("ver"),
        persona_id=persona_id,
        number=number,
        content=content,
        fingerprint=content.fingerprint(),
        created_at=clock.now_ms(),
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
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return _persona(row, (await _labels(connection, [row.id])).get(row.id, {}))


async def _labels(connection: AsyncConnection, persona_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(persona_ids), 500):
        some = persona_ids[start : start + 500]
        rows = await connection.execute(
            select(tables.labels).where(LABEL.persona_id.in_(some)).order_by(LABEL.name)
        )
        for row in rows:
            found.setdefault(row.persona_id, {})[row.name] = row.number
    return found


def _persona(row: Row[Any], labels: dict[str, int]) -> Persona:
    stored = fields(row)
    profile = msgspec.convert(stored, Profile)
    return msgspec.convert({**stored, "profile": profile, "labels": labels}, Persona)


def _version(row: Row[Any]) -> Version:
    stored = fields(row)
    return msgspec.convert({**stored, "content": msgspec.convert(stored, Content)}, Version)
