"""The store knows these things of itself, by name."""

from sqlalchemy import ScalarSelect, delete, insert, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

PROPERTY = tables.properties.c


async def find(connection: AsyncConnection, name: str) -> str | None:
    found: str | None = (await connection.execute(select(value(name)))).scalar()
    return found


def value(name: str) -> ScalarSelect[str]:
    """Select a property as a column, which is null where there is none."""
    return select(PROPERTY.value).where(PROPERTY.name == name).scalar_subquery()


async def put(connection: AsyncConnection, name: str, value: str) -> None:
    await connection.execute(delete(tables.properties).where(PROPERTY.name == name))
    await connection.execute(insert(tables.properties).values(name=name, value=value))
