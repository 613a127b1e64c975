"""A store starts with these things."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.auth import store as auth
from gateway.auth.keys import Hasher
from gateway.auth.scopes import SCOPES
from gateway.personas import files
from gateway.personas.model import Persona
from gateway.personas.store import personas
from gateway.server import seed
from gateway.storage import changes
from gateway.storage.audit import Actor
from gateway.storage.database import Database

HASHER = Hasher(b"pepper")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/new/persona.db")
    await seed.prepare(database)
    yield database
    await database.close()


async def stored(database: Database) -> list[Persona]:
    async with database.read() as connection:
        workspace = await auth.workspace(connection, "default")
        assert workspace
        return await personas.everything(connection, workspace.id)


async def test_a_prepared_store_has_a_live_workspace_and_nothing_else(database: Database) -> None:
    async with database.read() as connection:
        workspaces = await auth.workspaces(connection)
        assert not await auth.has_keys(connection)
    assert [(one.name, one.mode) for one in workspaces] == [("default", "live")]
    assert await stored(database) == []


async def test_preparing_again_changes_nothing(database: Database) -> None:
    position = await changes.position(database)
    assert await seed.prepare(database) is False
    assert await changes.position(database) == position


async def test_a_seeded_store_has_the_demo_personas_and_a_key_that_may_do_everything(
    database: Database,
) -> None:
    text = await seed.seed(database, HASHER)
    assert text
    async with database.read() as connection:
        workspace = await auth.workspace(connection, "default")
        assert workspace
        (key,) = await auth.workspace_keys(connection, workspace.id)
    assert (key.name, key.scopes, key.operator) == ("first key", list(SCOPES), True)
    assert HASHER.matches(text, key.hash)
    assert {one.profile.slug for one in await stored(database)} == {
        draft.profile.slug for draft in files.demo()
    }


async def test_a_store_is_seeded_once(database: Database) -> None:
    await seed.seed(database, HASHER)
    assert await seed.seed(database, HASHER) is None
    assert len(await stored(database)) == 2


async def test_a_store_with_personas_gets_a_key_and_no_demo(database: Database) -> None:
    draft, _ = files.demo()
    async with database.write() as connection:
        workspace = await auth.workspace(connection, "default")
        assert workspace
        await personas.push(connection, draft, Actor(workspace.id))
    assert await seed.seed(database, HASHER)
    assert len(await stored(database)) == 1


async def test_a_store_with_keys_gets_the_demos_but_no_key(database: Database) -> None:
    async with database.write() as connection:
        workspace = await auth.workspace(connection, "default")
        assert workspace
        await auth.create_key(connection, HASHER, workspace, name="", scopes=[])
    assert await seed.seed(database, HASHER) is None
    assert len(await stored(database)) == 2
