"""Models that their providers switch off are told of, once, to the workspaces that use them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway import config
from gateway.alerts import retiring
from gateway.alerts.retiring import Retiring, read_dates
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
    assert await looking.read() == expected
    assert await looking.read() == expected
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
    assert await Retiring(settings, database).read() == {}
    assert await told(database) == []


async def test_the_doctor_names_what_retires(
    settings: Config, upstream: ScriptedUpstream, database: Database
) -> None:
    upstream.by_path("/models", json_answer(LISTED))
    await Retiring(settings, database).read()
    (found,) = await store_findings.retiring_models(database)
    assert (found.state, found.part) == ("warn", "models.main/usual")
    assert "2027-01-31" in found.message


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 5}', b'{"data": [{"shutdown_date": "2027-01-01"}]}'])
def test_what_is_no_list_of_models_says_nothing(body: bytes) -> None:
    assert read_dates("main", body) == {}
