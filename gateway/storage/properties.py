"""The store knows these things of itself, by name."""

from sqlalchemy import delete, insert, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

PROPERTY = tables.properties.c


async def find(connection: AsyncConnection, name: str) -> str | None:
    query = select(PROPERTY.value).where(PROPERTY.name == name)
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def put(connection: AsyncConnection, name: str, value: str) -> None:
    await connection.execute(delete(tables.properties).where(PROPERTY.name == name))
    await connection.execute(insert(tables.properties).values(name=name, value=value))
