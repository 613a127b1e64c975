"""The store knows these things of itself, by name."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ScalarSelect, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.insertion import insertion

PROPERTY = tables.properties.c


async def find(connection: AsyncConnection, name: str) -> str | None:
    found: str | None = (await connection.execute(select(value(name)))).scalar()
    return found


def value(name: str) -> ScalarSelect[str]:
    """Select a property as a column, which is null where there is none."""
    return select(PROPERTY.value).where(PROPERTY.name == name).scalar_subquery()


async def put(connection: AsyncConnection, name: str, value: str) -> None:
    await put_all(connection, {name: value})


async def put_all(connection: AsyncConnection, values: Mapping[str, str]) -> None:
    rows = [{"name": name, "value": value} for name, value in values.items()]
    await connection.execute(_putting(connection.dialect.name), rows)


@lru_cache
def _putting(dialect: str) -> Any:
    insert = insertion(tables.properties, dialect)
    return insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value})
