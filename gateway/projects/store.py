"""Personas of projects are found by their names, and their sketches kept."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select, update

from gateway.personas.model import Persona
from gateway.personas.store.rows import PERSONA, SHOWN, many, slices
from gateway.projects.sketch import BLANK, Sketch
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import is_own

SKETCH = tables.sketches.c


async def listed(
    connection: AsyncConnection, workspace_id: str, owner: str, after: str | None, limit: int
) -> list[Persona]:
    """List the active personas that a key of this owner may know of, in the order in which they were made."""
    query = select(*SHOWN).where(is_own(workspace_id, owner), PERSONA.status == "completed")
    if after is not None:
        query = query.where(PERSONA.id > after)
    return await many(connection, query.order_by(PERSONA.id).limit(limit))


async def is_named(
    connection: AsyncConnection, workspace_id: str, owner: str, name: str, but: str | None = None
) -> bool:
    """Tell whether an active persona that a key of this owner may know of bears the name, `but` this one."""
    query = select(PERSONA.id).where(is_own(workspace_id, owner), PERSONA.status == "completed")
    query = query.where(PERSONA.name == name)
    if but is not None:
        query = query.where(PERSONA.id != but)
    return (await connection.execute(query.limit(1))).first() is not None


async def sketches(connection: AsyncConnection, persona_ids: Sequence[str]) -> dict[str, Sketch]:
    found: dict[str, Sketch] = {}
    for some in slices(persona_ids):
        query = select(tables.sketches).where(SKETCH.persona_id.in_(some))
        for row in await connection.execute(query):
            found[row.persona_id] = msgspec.convert(fields(row), Sketch)
    return found


async def sketch(connection: AsyncConnection, persona_id: str) -> Sketch:
    return (await sketches(connection, [persona_id])).get(persona_id, BLANK)


async def keep(connection: AsyncConnection, persona_id: str, made: Sketch) -> None:
    await connection.execute(delete(tables.sketches).where(SKETCH.persona_id == persona_id))
    values = msgspec.to_builtins(made)
    await connection.execute(insert(tables.sketches).values(persona_id=persona_id, **values))


async def show_no_more(connection: AsyncConnection, image_id: str) -> None:
    """Take an image from the personas that show it."""
    shown = update(tables.sketches).where(SKETCH.image_id == image_id)
    await connection.execute(shown.values(image_id=None))
