"""A persona can be found by the name that it had at a service which it was imported from."""

from collections.abc import Mapping

from sqlalchemy import ScalarSelect, delete, insert, select

from gateway.personas.model import Persona
from gateway.personas.store.rows import touch
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

ALIAS = tables.aliases.c
BARE = ""
"""Stands for the alias itself; other rows are names that the service had for versions."""


class AliasTakenError(Exception):
    """Another persona of the workspace has the alias."""


async def keep(
    connection: AsyncConnection, persona: Persona, alias: str, versions: Mapping[str, int]
) -> None:
    """Give the persona an alias, under which versions have names of their own. Raises AliasTakenError."""
    of_alias = (ALIAS.workspace_id == persona.workspace_id, ALIAS.alias == alias)
    holder = (await connection.execute(select(bearer(persona.workspace_id, alias)))).scalar()
    if holder not in (None, persona.id):
        raise AliasTakenError(alias)
    named = [BARE, *versions]
    await connection.execute(delete(tables.aliases).where(*of_alias, ALIAS.version.in_(named)))
    rows = [
        {
            "workspace_id": persona.workspace_id,
            "alias": alias,
            "version": name,
            "persona_id": persona.id,
            "number": versions.get(name),
        }
        for name in named
    ]
    await connection.execute(insert(tables.aliases), rows)
    await touch(connection, persona)


def bearer(workspace_id: str, alias: str) -> ScalarSelect[str]:
    """Select the id of the workspace's persona that has the alias."""
    meant = select(ALIAS.persona_id).where(
        ALIAS.workspace_id == workspace_id, ALIAS.alias == alias, ALIAS.version == BARE
    )
    return meant.scalar_subquery()


async def number(connection: AsyncConnection, workspace_id: str, alias: str, version: int) -> int | None:
    """Return the version of ours that the alias had under this number; `None` where it had none."""
    query = select(ALIAS.number).where(
        ALIAS.workspace_id == workspace_id, ALIAS.alias == alias, ALIAS.version == str(version)
    )
    return (await connection.execute(query)).scalar()
