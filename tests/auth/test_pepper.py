"""The pepper: made once, remembered by the store, and missed when it is gone."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.auth import pepper
from gateway.auth import store as auth
from gateway.auth.keys import Hasher
from gateway.auth.pepper import PepperError
from gateway.config import Config, Keys, Store
from gateway.storage.database import Database
from tests.fakes.store import opened, workspaces


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path) as database:
        yield database


def config(database: Database, secret: str | None = None) -> Config:
    return Config(store=Store(url=database.url), keys=Keys(pepper=secret))


async def give_key(database: Database, hasher: Hasher) -> None:
    mine, _ = await workspaces(database)
    async with database.write() as connection:
        await auth.create_key(connection, hasher, mine, name="", scopes=[])


async def test_a_new_store_gets_a_pepper_that_is_its_owner_s_only(database: Database) -> None:
    first = await pepper.prepare(database, config(database))
    file = pepper.place(config(database))
    assert file == Path(database.place).with_name("persona.pepper")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (await pepper.prepare(database, config(database))).hash("a") == first.hash("a")
    assert pepper.hasher(config(database)).hash("a") == first.hash("a")


async def test_two_stores_have_two_peppers(database: Database, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with opened(tmp_path / "other") as other:
        hashers = [await pepper.prepare(each, config(each)) for each in (database, other)]
    assert hashers[0].hash("a") != hashers[1].hash("a")


async def test_a_configured_pepper_needs_no_file(database: Database) -> None:
    found = await pepper.prepare(database, config(database, "pepper"))
    assert found.hash("a") == Hasher(b"pepper").hash("a")
    assert not pepper.place(config(database)).exists()


@pytest.mark.parametrize("content", [None, b"", b"short", b"f" * 64])
async def test_a_lost_short_or_foreign_pepper_is_noticed(database: Database, content: bytes | None) -> None:
    await give_key(database, await pepper.prepare(database, config(database)))
    file = pepper.place(config(database))
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        PepperError, match=r"from a backup, or from another gateway of this store; .* `persona db new-pepper`"
    ):
        await pepper.prepare(database, config(database))
    assert file.exists() is (content is not None)


async def test_another_configured_pepper_is_noticed(database: Database) -> None:
    await pepper.prepare(database, config(database, "pepper"))
    with pytest.raises(PepperError, match=r"^\[keys\] pepper is not the pepper"):
        await pepper.prepare(database, config(database, "salt"))


async def test_a_store_with_keys_that_knows_no_pepper_is_given_none(database: Database) -> None:
    await give_key(database, Hasher(b"of an earlier version"))
    with pytest.raises(PepperError, match="is missing"):
        await pepper.prepare(database, config(database))


async def test_a_store_takes_a_new_pepper_when_it_is_told_to(database: Database) -> None:
    old = await pepper.prepare(database, config(database))
    pepper.place(config(database)).write_bytes(b"short")
    await pepper.renew(database, config(database))
    new = await pepper.prepare(database, config(database))
    assert new.hash("a") != old.hash("a")
