"""Versions are added once and never changed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select

from gateway import clock, ids
from gateway.personas import reading
from gateway.personas.model import Content, Persona, Version
from gateway.personas.store.rows import slices
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

VERSION = tables.versions.c
PAGE_BYTES = 2 << 20
"""Bytes of a list's answer; at least one item is on each page."""
SLICE = 8
"""Versions that are read at once for a page, since a few may fill it."""


async def read(connection: AsyncConnection, persona_id: str, number: int) -> Version:
    """Read one version that is known to exist."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id, VERSION.number == number)
    return _version((await connection.execute(query)).one())


async def listed(
    connection: AsyncConnection, persona_id: str, *, before: int | None = None, limit: int = 1000
) -> list[Version]:
    """List the versions older than `before`, the newest first."""
    query = select(tables.versions).where(VERSION.persona_id == persona_id)
    if before is not None:
        query = query.where(VERSION.number < before)
    rows = await connection.execute(query.order_by(VERSION.number.desc()).limit(limit))
    return [_version(row) for row in rows]


async def fitting(
    connection: AsyncConnection, persona_id: str, *, before: int | None, limit: int
) -> tuple[list[Version], int]:
    """List the versions older than `before`, the newest first and one more, and how many fit on a page."""
    found: list[Version] = []
    size = 0
    while len(found) <= limit:
        some = min(SLICE, limit + 1 - len(found))
        more = await listed(connection, persona_id, before=before, limit=some)
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


async def languages(connection: AsyncConnection, persona_ids: Sequence[str]) -> dict[tuple[str, int], str]:
    """Read the language of each version of these personas, by persona and number."""
    found: dict[tuple[str, int], str] = {}
    for some in slices(persona_ids):
        query = select(VERSION.persona_id, VERSION.number, VERSION.language)
        for row in await connection.execute(query.where(VERSION.persona_id.in_(some))):
            found[row.persona_id, row.number] = row.language
    return found


async def add(connection: AsyncConnection, persona_id: str, no: int, content: Content) -> Version:
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


def _version(row: Row[Any]) -> Version:
    stored = fields(row)
    return msgspec.convert({**stored, "content": msgspec.convert(stored, Content)}, Version)
