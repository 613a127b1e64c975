"""Models that their providers switch off are told of, once, to the workspaces that use them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from gateway import clock, config
from gateway.alerts import retiring
from gateway.alerts.lists import read_dates
from gateway.alerts.retiring import Retiring
from gateway.auth import store as auth
from gateway.cli import store_findings
from gateway.config import Config
from gateway.events import store as events
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from tests.fakes.process import upstream_table
from tests.fakes.store import opened
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Json, json_answer, status

pytestmark = pytest.mark.slow

LISTED: Json = {
    "data": [
        {"id": "usual", "shutdown_date": "2027-01-31"},
        {"id": "old", "deprecation": "2027-02-01T00:00:00Z"},
        {"id": "unused", "expiration_date": "2027-03-01"},
        {"id": "fine", "shutdown_date": None},
        {"id": "odd", "shutdown_date": "soon"},
    ]
}


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as found:
        yield found


@pytest.fixture(params=["native", "aiohttp"])
def settings(request: pytest.FixtureRequest, upstream: ScriptedUpstream, tmp_path: Path) -> Config:
    file = tmp_path / "config.toml"
    lines = ['default_model = "usual"']
    file.write_text(upstream_table("main", upstream.base_url, *lines, client=request.param), "utf-8")
    return config.load(file)


async def add(database: Database, workspace: str, slug: str, *upstreams: str) -> str:
    async with database.write() as connection:
        home = await auth.workspace(connection, workspace)
        home = home or await auth.create_workspace(connection, workspace, "live")
        content = Content(prompt="You sell tea.", upstreams=list(upstreams))
        draft = Draft(Profile(slug=slug, name=slug), content)
        await personas.create(connection, draft, Actor(home.id, "key_1", "key_1"))
        return home.id


async def told(database: Database) -> list[tuple[str, object, object]]:
    async with database.read() as connection:
        found = await events.since(connection, 0, 100)
    return [
        (one.workspace_id, one.data["model"], one.data["shutdown_date"])
        for one in found
        if one.type == "model.retiring"
    ]


async def test_those_who_use_a_model_are_told_once(
    database: Database, settings: Config, upstream: ScriptedUpstream
) -> None:
    upstream.by_path("/models", json_answer(LISTED))
    home = await add(database, "default", "usual")
    await add(database, "default", "older", "main/old", "main/fine")
    looking = Retiring(settings, database)
    expected = {"main/usual": "2027-01-31", "main/old": "2027-02-01"}
    assert await looking.read()
    assert await looking.read()
    assert sorted(await told(database)) == [(home, "old", "2027-02-01"), (home, "usual", "2027-01-31")]
    assert await retiring.known(database) == expected
    seen = upstream.seen[0]
    assert (seen.method, seen.path, seen.headers["authorization"]) == (
        "GET",
        "/v1/models",
        "Bearer upstream-secret-key",
    )


async def test_an_upstream_without_a_list_tells_nothing(
    database: Database, settings: Config, upstream: ScriptedUpstream
) -> None:
    upstream.by_path("/models", status(404))
    assert await Retiring(settings, database).read()
    assert await retiring.known(database) == {}
    assert await told(database) == []


async def test_the_doctor_names_what_retires(
    settings: Config, upstream: ScriptedUpstream, database: Database
) -> None:
    upstream.by_path("/models", json_answer(LISTED))
    await Retiring(settings, database).read()
    (found,) = await store_findings.retiring_models(database)
    assert (found.state, found.part) == ("warn", "models.main/usual")
    assert "2027-01-31" in found.message


async def test_what_was_found_stands_while_an_upstream_cannot_be_asked(
    settings: Config, upstream: ScriptedUpstream, database: Database
) -> None:
    looking = Retiring(settings, database)
    upstream.by_path("/models", json_answer(LISTED))
    assert await looking.read()
    for failing in (401, 429, 503):
        upstream.by_path("/models", status(failing))
        assert not await looking.read()
        assert await retiring.known(database) == {"main/usual": "2027-01-31"}
    upstream.by_path("/models", json_answer({"data": []}))
    assert await looking.read()
    assert await retiring.known(database) == {}


async def test_a_date_that_changes_is_told_anew(
    settings: Config, upstream: ScriptedUpstream, database: Database
) -> None:
    home = await add(database, "default", "usual")
    for day in ("2027-01-31", "2027-04-30", "2027-04-30"):
        upstream.by_path("/models", json_answer({"data": [{"id": "usual", "shutdown_date": day}]}))
        await Retiring(settings, database).read()
    assert await told(database) == [(home, "usual", "2027-01-31"), (home, "usual", "2027-04-30")]


async def looked(settings: Config, database: Database) -> bool:
    """Let a process that was just started look; tells whether it has asked anybody."""
    looking = Retiring(settings, database)
    asked = mock.AsyncMock(return_value=True)
    with mock.patch.object(looking, "read", asked):
        await looking.look()
        assert looking._task is not None
        await looking._task
    return asked.await_count > 0


async def test_one_process_looks_a_minute_after_the_first_start_and_then_once_a_day(
    settings: Config, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now_ms()
    seen = []
    for seconds in (0, 59, 61, 62, 86_400, 86_462):
        monkeypatch.setattr(clock, "now_ms", partial(int, now + seconds * 1000))
        seen.append(await looked(settings, database))
    assert seen == [False, False, True, False, False, True]
    # The clock has been set back by a year.
    monkeypatch.setattr(clock, "now_ms", partial(int, now - 365 * 86_400_000))
    assert await looked(settings, database)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 5}', b'{"data": [{"shutdown_date": "2027-01-01"}]}'])
def test_what_is_no_list_of_models_says_nothing(body: bytes) -> None:
    assert read_dates("main", body) == {}
