"""Versions are read in the order of their ids, of which one may appear late."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from gateway import clock, ids
from gateway.embedding.embedder import EmbedderFullError
from gateway.embedding.order import DIMENSIONS, Order, Vectors
from gateway.personas.filling import CALM_MS, SETTLED_MS, Filling
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas, vectors
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from tests.fakes.store import opened, workspaces

CHANGE = tables.changes.c


class Embedder:
    """It makes vectors that say nothing, and counts the texts."""

    texts = 0

    async def embed(self, order: Order) -> Any:
        self.texts += len(order.texts)
        return Vectors(np.zeros((len(order.texts), DIMENSIONS), dtype="<f4").tobytes(), 1)


async def look(filling: Filling) -> None:
    await filling.look()
    assert filling._task is not None
    await filling._task


async def push(database: Database, workspace_id: str, slug: str) -> None:
    async with database.write() as connection:
        draft = Draft(Profile(slug=slug, name=slug), Content(prompt=f"You are {slug}."))
        await personas.push(connection, draft, Actor(workspace_id))


async def test_a_version_is_read_that_appears_behind_later_ones(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder: Any = Embedder()
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        filling, now = Filling(database, embedder, all_=False), clock.now_ms()
        async with database.write() as connection:
            await vectors.want(connection, mine.id)
        for count, (slug, ago) in enumerate((("ada", 0), ("bea", SETTLED_MS // 2)), 1):
            monkeypatch.setattr(clock, "now_ms", lambda ago=ago: now - ago)
            await push(database, mine.id, slug)
            monkeypatch.setattr(clock, "now_ms", lambda: now)
            await look(filling)
            assert embedder.texts == count


async def test_whoever_asks_while_the_last_look_ends_is_not_forgotten(tmp_path: Path) -> None:
    ends, looks = asyncio.Event(), 0

    class Ending(Filling):
        async def _fill_some(self) -> bool:
            nonlocal looks
            looks += 1
            await ends.wait()
            return False

    embedder: Any = Embedder()
    async with opened(tmp_path) as database:
        filling = Ending(database, embedder, all_=False)
        await filling.look()
        await asyncio.sleep(0)
        await filling.look()
        ends.set()
        assert filling._task is not None
        await filling._task
        assert looks == 2


async def test_what_an_embedder_could_not_do_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.personas.filling.AGAIN_SECONDS", 0.0)

    class Busy(Embedder):
        refusals = 2

        async def embed(self, order: Order) -> Any:
            self.refusals -= 1
            if self.refusals >= 0:
                raise EmbedderFullError
            return await super().embed(order)

    embedder: Any = Busy()
    async with opened(tmp_path) as database:
        mine, _ = await workspaces(database)
        async with database.write() as connection:
            await vectors.want(connection, mine.id)
        await push(database, mine.id, "ada")
        await look(Filling(database, embedder, all_=False))
        assert (embedder.refusals, embedder.texts) == (-1, 1)


async def test_an_older_store_that_was_put_back_is_read_from_its_start(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder: Any = Embedder()
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        filling, now = Filling(database, embedder, all_=False), clock.now_ms()
        async with database.write() as connection:
            await vectors.want(connection, mine.id)
        await push(database, mine.id, "ada")
        await push(database, mine.id, "bea")
        monkeypatch.setattr(clock, "now_ms", lambda: now + 2 * SETTLED_MS)
        await look(filling)
        assert embedder.texts == 2
        async with database.write() as connection:
            newest = (await connection.execute(select(func.max(CHANGE.seq)))).scalar_one()
            await connection.execute(delete(tables.changes).where(newest == CHANGE.seq))
            await connection.execute(delete(tables.version_vectors))
        await look(filling)
        assert embedder.texts == 4


async def test_more_vectors_than_a_page_are_listed_in_their_order(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "PAGE", 2)
    embedder: Any = Embedder()
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        for number in range(5):
            await push(database, mine.id, f"ada-{number}")
        async with database.write() as connection:
            await vectors.want(connection, mine.id)
        filling = Filling(database, embedder, all_=False)
        await look(filling)
        async with database.read() as connection:
            found = await vectors.behind(connection, mine.id, 0)
            assert [each.seq for each in found] == sorted(each.seq for each in found)
            assert len({each.persona_id for each in found}) == 5
            assert await vectors.behind(connection, mine.id, found[2].seq) == found[3:]


@pytest.mark.parametrize("all_", [True, False])
async def test_versions_that_nobody_looks_for_are_read_once_they_are_no_longer_edited(
    place: Path | str, monkeypatch: pytest.MonkeyPatch, all_: bool
) -> None:
    embedder: Any = Embedder()
    async with opened(place) as database:
        mine, theirs = await workspaces(database)
        filling, now = Filling(database, embedder, all_=all_), clock.now_ms()
        read = []
        for workspace, slug, ago in ((mine, "ada", 2 * CALM_MS), (theirs, "bea", CALM_MS // 2)):
            monkeypatch.setattr(clock, "now_ms", lambda ago=ago: now - ago)
            await push(database, workspace.id, slug)
        for later in (0, CALM_MS):
            monkeypatch.setattr(clock, "now_ms", lambda later=later: now + later)
            await look(filling)
            read.append(embedder.texts)
        assert read == ([1, 2] if all_ else [0, 0])


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_what_was_looked_through_is_not_looked_through_again(
    place: Path | str, monkeypatch: pytest.MonkeyPatch, is_wanted: bool
) -> None:
    embedder: Any = Embedder()
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        now, begun = clock.now_ms(), []
        monkeypatch.setattr(clock, "now_ms", lambda: now - 2 * CALM_MS)
        await push(database, mine.id, "ada")
        monkeypatch.setattr(clock, "now_ms", lambda: now)
        if is_wanted:
            async with database.write() as connection:
                await vectors.want(connection, mine.id)
        name = "wanted" if is_wanted else "settled"
        page = getattr(vectors, name)

        async def noted(connection: Any, after: str, *more: Any) -> Any:
            begun.append(after)
            return await page(connection, after, *more)

        monkeypatch.setattr(vectors, name, noted)
        # The second one is that of a process that begins with nothing left to do.
        for filling in (Filling(database, embedder, all_=True), Filling(database, embedder, all_=True)):
            for _ in range(2):
                await look(filling)
            newest = ids.least("ver", now - (SETTLED_MS if is_wanted else CALM_MS))
            assert (begun[0], begun[-1]) == ("", newest)
            begun.clear()
        assert embedder.texts == 1
