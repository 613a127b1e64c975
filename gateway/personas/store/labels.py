"""Labels are moved from version to version."""

from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.personas.model import Persona
from gateway.personas.slug import LATEST
from gateway.personas.store.rows import LABEL, touch
from gateway.personas.store.telling import tell
from gateway.storage import tables
from gateway.storage.audit import Actor, note
from gateway.storage.connection import AsyncConnection


class LabelError(Exception):
    """A label that cannot be moved like this; the message says why."""


async def move(connection: AsyncConnection, persona: Persona, name: str, number: int, actor: Actor) -> None:
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
        change = update(tables.labels).where(LABEL.persona_id == persona.id, LABEL.name == name)
        await connection.execute(change.values(number=number, updated_at=now))
    await touch(connection, persona)
    await note(connection, actor, "label.moved", persona.id, label=name, version=number, previous=was)
    told = {"change": "label", "label": name, "version": number, "previous": was}
    await tell(connection, "persona.updated", persona, **told)


async def remove(connection: AsyncConnection, persona: Persona, name: str, actor: Actor) -> bool:
    """Take the label away; tells whether the persona bore it."""
    was = persona.labels.get(name)
    if was is None:
        return False
    await connection.execute(delete(tables.labels).where(LABEL.persona_id == persona.id, LABEL.name == name))
    await touch(connection, persona)
    await note(connection, actor, "label.removed", persona.id, label=name, version=None, previous=was)
    told = {"change": "label", "label": name, "version": None, "previous": was}
    await tell(connection, "persona.updated", persona, **told)
    return True
