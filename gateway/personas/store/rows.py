"""Rows become personas with their labels, and every write to a persona is counted and told."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select, update

from gateway import clock
from gateway.personas.model import Persona, Profile
from gateway.storage import tables
from gateway.storage.changes import announce
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

PERSONA = tables.personas.c
LABEL = tables.labels.c
SHOWN = [column for column in PERSONA if column.name != "seq"]
"""Columns that are read of a persona: not the text for searches, which is as long as its prompt."""


async def one(connection: AsyncConnection, query: Select[Any]) -> Persona | None:
    found = await many(connection, query)
    return found[0] if found else None


async def many(connection: AsyncConnection, query: Select[Any]) -> list[Persona]:
    rows = (await connection.execute(query)).all()
    labels = await _labels(connection, [row.id for row in rows])
    return [_persona(row, labels.get(row.id, {})) for row in rows]


async def touch(connection: AsyncConnection, persona: Persona, **values: Any) -> None:
    change = update(tables.personas).where(PERSONA.id == persona.id)
    await connection.execute(
        change.values(**values, updated_at=clock.now_ms(), revision=PERSONA.revision + 1)
    )
    await announce(connection, "persona", persona.id)


async def _labels(connection: AsyncConnection, persona_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for some in slices(persona_ids):
        query = select(tables.labels).where(LABEL.persona_id.in_(some)).order_by(LABEL.name)
        for row in await connection.execute(query):
            found.setdefault(row.persona_id, {})[row.name] = row.number
    return found


def _persona(row: Row[Any], labels: dict[str, int]) -> Persona:
    stored = fields(row)
    profile = msgspec.convert(stored, Profile)
    return msgspec.convert({**stored, "profile": profile, "labels": labels}, Persona)


def slices(ids_: Sequence[str]) -> list[Sequence[str]]:
    """Cut the ids up: databases take only so many parameters in one statement."""
    return [ids_[start : start + 500] for start in range(0, len(ids_), 500)]
