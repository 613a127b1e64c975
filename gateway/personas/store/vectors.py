"""Vectors of the newest versions are kept for the workspaces that look for personas by what they mean."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select

from gateway.personas.store.rows import PERSONA
from gateway.storage import properties, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.signs import newest

NAME = tables.properties.c.name
VECTOR, VERSION = tables.version_vectors.c, tables.versions.c
WANTED = "vectors."
"""A workspace that looks for personas so has a property that begins with this, and its id behind it."""
CHARACTERS = 2000
"""Characters of a prompt of which the vector is made; the model reads no more than 512 tokens."""
PAGE = 1000
"""Vectors that are read at once: a workspace may have very many, and others wait for the event loop."""


class Unread(msgspec.Struct, frozen=True):
    """A version that has no vector."""

    version_id: str
    persona_id: str
    workspace_id: str
    text: str


class Vector(msgspec.Struct, frozen=True):
    seq: int
    persona_id: str
    numbers: bytes


async def want(connection: AsyncConnection, workspace_id: str) -> bool:
    """Have the versions of this workspace read from now on; false where they are already."""
    if await is_wanted(connection, workspace_id):
        return False
    await properties.put(connection, WANTED + workspace_id, "1")
    return True


async def is_wanted(connection: AsyncConnection, workspace_id: str) -> bool:
    return await properties.find(connection, WANTED + workspace_id) is not None


_COUNT_WANTED = select(func.count()).where(NAME.startswith(WANTED, autoescape=True))
SIGNS = (_COUNT_WANTED, newest(tables.changes.c.seq))
"""Whoever writes a version announces that."""
_SIGNS = select(*[sign.scalar_subquery() for sign in SIGNS])


async def signs(connection: AsyncConnection) -> tuple[int, int]:
    """Count the workspaces whose versions are read, and give the number of the newest change; 0 for none."""
    wanted, change = (await connection.execute(_SIGNS)).one()
    return wanted, change or 0


async def wanted(connection: AsyncConnection, after: str, limit: int) -> list[Unread]:
    """List newest versions without a vector behind a version, in the order in which they were made.

    They are those of workspaces that look for personas so.
    """
    wanting = select(func.substr(NAME, len(WANTED) + 1)).where(NAME.startswith(WANTED, autoescape=True))
    return await _unread(connection, after, limit, PERSONA.workspace_id.in_(wanting))


async def settled(connection: AsyncConnection, after: str, before: str, limit: int) -> list[Unread]:
    """List such versions of any workspace that were made before a version."""
    return await _unread(connection, after, limit, VERSION.id < before)


async def _unread(
    connection: AsyncConnection, after: str, limit: int, which: ColumnElement[bool]
) -> list[Unread]:
    read = select(VECTOR.seq).where(VECTOR.version_id == VERSION.id)
    newest = (VERSION.persona_id == PERSONA.id) & (VERSION.number == PERSONA.latest)
    query = (
        select(VERSION.id, VERSION.persona_id, PERSONA.workspace_id, PERSONA.name, VERSION.prompt)
        .select_from(tables.versions.join(tables.personas, newest))
        .where(VERSION.id > after, which, ~read.exists())
        .order_by(VERSION.id)
        .limit(limit)
    )
    return [
        Unread(row.id, row.persona_id, row.workspace_id, f"{row.name}\n{row.prompt[:CHARACTERS]}")
        for row in await connection.execute(query)
    ]


async def keep(connection: AsyncConnection, read: Sequence[tuple[Unread, bytes]]) -> None:
    """Keep vectors in the place of those of older versions; what was purged meanwhile gets none."""
    ids = [each.version_id for each, _ in read]
    there = set(await connection.scalars(select(VERSION.id).where(VERSION.id.in_(ids))))
    found = [(each, numbers) for each, numbers in read if each.version_id in there]
    for each, _ in found:
        await forget(connection, each.persona_id)
    values: list[dict[str, Any]] = [
        {
            "version_id": each.version_id,
            "persona_id": each.persona_id,
            "workspace_id": each.workspace_id,
            "vector": numbers,
        }
        for each, numbers in found
    ]
    if values:
        await connection.execute(insert(tables.version_vectors), values)


async def state(connection: AsyncConnection, workspace_id: str) -> tuple[int, int]:
    """Count the vectors of a workspace, and return the number of the newest one."""
    query = select(func.count(), func.max(VECTOR.seq)).where(VECTOR.workspace_id == workspace_id)
    row = (await connection.execute(query)).one()
    return row[0], row[1] or 0


async def behind(connection: AsyncConnection, workspace_id: str, after: int) -> list[Vector]:
    """List the vectors of a workspace behind a number."""
    query = select(VECTOR.seq, VECTOR.persona_id, VECTOR.vector).where(VECTOR.workspace_id == workspace_id)
    query, found = query.order_by(VECTOR.seq).limit(PAGE), list[Vector]()
    while rows := (await connection.execute(query.where(VECTOR.seq > after))).all():
        found += [Vector(*row) for row in rows]
        after = found[-1].seq
    return found


async def forget(connection: AsyncConnection, persona_id: str) -> None:
    await connection.execute(delete(tables.version_vectors).where(VECTOR.persona_id == persona_id))
