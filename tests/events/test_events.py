"""Events are written with their cause, told to those who may know, and forgotten in time."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway import clock
from gateway.events import store as events
from gateway.events.event import Event
from gateway.personas.model import Content, Draft, Profile, Visibility
from gateway.personas.store import labels, personas
from gateway.personas.store.personas import Origin
from gateway.runs import store as runs
from gateway.runs.pipeline import packaged
from gateway.runs.run import EventType, Inputs, Status
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from tests.fakes.store import opened, workspaces

DRAFT = Draft(Profile(slug="muse", name="Secret Muse"), Content(prompt="A secret prompt."))


class Rig:
    """A store with a workspace, and a place behind the events that were looked at."""

    def __init__(self, database: Database, workspace_id: str) -> None:
        self.database = database
        self.actor = Actor(workspace_id, "key_1", "own_1")
        self.place = events.feed(database)

    async def told(self) -> list[Event]:
        """List the events since the last time."""
        async with self.database.read() as connection:
            found, is_lost = await events.behind(connection, self.place, limit=100)
        assert not is_lost
        return found

    async def record(self, count: int) -> None:
        async with self.database.write() as connection:
            for number in range(count):
                await events.record(connection, "persona.created", "ws_1", None, version=number)


@pytest.fixture
async def rig(place: Path | str) -> AsyncIterator[Rig]:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        yield Rig(database, mine.id)


def told(found: list[Event]) -> list[tuple[str, dict[str, Any]]]:
    return [(one.type, dict(one.data)) for one in found]


async def test_what_happens_to_a_persona_is_told_in_ids_and_numbers(rig: Rig) -> None:
    async with rig.database.write() as connection:
        made = (await personas.push(connection, DRAFT, rig.actor)).persona
        same = await personas.push(connection, DRAFT, rig.actor)
        newer = replace(DRAFT, content=Content(prompt="Another secret prompt."))
        second = (await personas.push(connection, newer, rig.actor)).persona
        renamed = replace(newer, profile=Profile(slug="muse", name="Other Secret"))
        await personas.push(connection, renamed, rig.actor)
        await labels.move(connection, second, "production", 2, rig.actor)
        again = await personas.by_id(connection, made.id)
        assert again is not None
        await labels.remove(connection, again, "production", rig.actor)
        child = replace(newer, profile=Profile(slug="child", name="Child"))
        fork = (await personas.create(connection, child, rig.actor, Origin(made.id, 2))).persona
        await personas.archive(connection, made, rig.actor)
    assert same.outcome == "unchanged"
    found = await rig.told()
    about = {"persona_id": made.id}
    assert told(found) == [
        ("persona.created", {**about, "version": 1}),
        ("persona.updated", {**about, "version": 2, "change": "version"}),
        ("persona.updated", {**about, "version": 2, "change": "profile"}),
        (
            "persona.updated",
            {**about, "change": "label", "label": "production", "version": 2, "previous": None},
        ),
        (
            "persona.updated",
            {**about, "change": "label", "label": "production", "version": None, "previous": 2},
        ),
        ("persona.forked", {"persona_id": fork.id, "version": 1, "from": made.id, "from_version": 2}),
        ("persona.archived", about),
    ]
    assert "ecret" not in repr(found)
    assert {one.workspace_id for one in found} == {rig.actor.workspace_id}
    assert all(one.id.startswith("evt_") for one in found)
    assert len({one.id for one in found}) == len(found)
    assert [one.seq for one in found] == sorted(one.seq for one in found)
    assert await rig.told() == []


async def test_what_is_undone_is_not_told(rig: Rig) -> None:
    with suppress(ZeroDivisionError):
        async with rig.database.write() as connection:
            await personas.push(connection, DRAFT, rig.actor)
            raise ZeroDivisionError
    assert await rig.told() == []
    async with rig.database.read() as connection:
        assert await personas.is_empty(connection)


@pytest.mark.parametrize(("owner", "knows"), [("own_1", {"own_1"}), (None, set())])
async def test_a_private_persona_is_its_owners(rig: Rig, owner: str | None, knows: set[str]) -> None:
    private = replace(DRAFT, profile=replace(DRAFT.profile, visibility="private"))
    actor = replace(rig.actor, owner=owner)
    async with rig.database.write() as connection:
        made = (await personas.push(connection, private, actor)).persona
        await personas.push(connection, DRAFT, actor)
    hidden, shared = await rig.told()
    assert {one for one in ("own_1", "own_2", "key_1") if hidden.owner in (None, one)} == knows
    assert shared.owner is None
    assert {hidden.workspace_id, shared.workspace_id} == {made.workspace_id}


@pytest.mark.parametrize(
    ("status", "last", "made"),
    [
        ("completed", "run.completed", "psn_1"),
        ("failed", "run.failed", None),
        ("cancelled", "run.cancelled", None),
    ],
)
@pytest.mark.parametrize(
    ("visibility", "owner", "knows"),
    [
        ("private", "own_1", {"own_1"}),
        ("private", None, set()),
        ("workspace", "own_1", {"own_1", "own_2"}),
    ],
)
async def test_the_end_of_a_run_is_told_to_those_who_may_know_of_it(
    rig: Rig,
    status: Status,
    last: EventType,
    made: str | None,
    visibility: Visibility,
    owner: str | None,
    knows: set[str],
) -> None:
    inputs = Inputs(intent="A secret intent.", language="en", visibility=visibility, seed=1)
    order = runs.Order(task="create", inputs=inputs, pipeline=packaged())
    error = {"code": "run.step_failed", "message": "A secret sentence."} if status == "failed" else None
    ending = partial(
        runs.end,
        run_id="run_1",
        status=status,
        told=(last, {"run_id": "run_1"}),
        persona_id=made,
        error=error,
    )
    async with rig.database.write() as connection:
        await runs.create(connection, "run_1", order, replace(rig.actor, owner=owner))
        await runs.spend(connection, "run_1", 12, 0.5)
    with suppress(ZeroDivisionError):
        async with rig.database.write() as connection:
            await ending(connection)
            raise ZeroDivisionError
    assert await rig.told() == []
    async with rig.database.write() as connection:
        await ending(connection)
    data: dict[str, Any] = {"run_id": "run_1", "tokens": 12, "total_cost_usd": 0.5}
    data |= {"persona_id": made} if made else {}
    found = await rig.told()
    assert told(found) == ([] if status == "cancelled" else [(last, data)])
    for event in found:
        assert {one for one in ("own_1", "own_2") if event.owner in (None, one)} == knows


async def test_so_many_are_kept_and_no_more(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 3)
    await rig.record(7)
    assert [one.data["version"] for one in await rig.told()] == [4, 5, 6]


async def test_old_events_are_forgotten_in_small_parts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 2)
    await rig.record(5)
    later = clock.now_ms() + events.KEPT_MS + 60_000
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    await rig.record(1)
    assert [one.data["version"] for one in await rig.told()] == [2, 3, 4, 0]
    await rig.record(1)
    rig.place = events.feed(rig.database)
    assert [one.data["version"] for one in await rig.told()] == [4, 0, 0]
