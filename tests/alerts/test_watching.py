"""A version of which too many answers are out of character is told of once, until it has recovered."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import delete, text, update

from gateway import clock
from gateway.alerts import store
from gateway.alerts.watching import Watching
from gateway.auth import store as auth
from gateway.config import Alerts, Config
from gateway.events import store as events
from gateway.events.event import Event
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.storage.retention import Retention
from gateway.turns.amendment import LateScore
from gateway.turns.store import amendments, turns
from gateway.turns.turn import Drift, unscored
from tests.fakes.store import opened
from tests.fakes.turn import new_turn

SETTINGS = Alerts(threshold=0.5, window_hours=2, minimum_turns=4)
IN = Drift(voice=0.05, values=None, rules=None, verdict="in-character")
OUT = Drift(voice=0.95, values=None, rules=None, verdict="out-of-character")


class Rig:
    def __init__(self, database: Database, workspace: str, persona: str) -> None:
        self.database, self.workspace, self.persona = database, workspace, persona
        self.watching = Watching(SETTINGS, database)
        self.count = 0

    async def answer(self, *drifts: Drift) -> None:
        made = []
        for drift in drifts:
            self.count += 1
            made.append(
                new_turn(
                    id=f"msg_{self.count}",
                    workspace_id=self.workspace,
                    created_at=clock.now_ms(),
                    persona_id=self.persona,
                    version=1,
                    drift=drift,
                )
            )
        async with self.database.write() as connection:
            await turns.insert(connection, made)

    async def told(self) -> list[Event]:
        while await self.watching.look():
            pass
        async with self.database.read() as connection:
            found = await events.since(connection, 0, 100)
        return [event for event in found if event.type == "persona.drift_alert"]

    async def open(self) -> int:
        async with self.database.read() as connection:
            listed = await store.listed(connection, self.workspace, "key_1", None, 10)
        return sum(alert.recovered_at is None for alert in listed)


async def rig(database: Database, visibility: str = "workspace") -> Rig:
    profile = Profile(slug="muse", name="Muse", visibility=visibility)  # type: ignore[arg-type]
    async with database.write() as connection:
        mine = await auth.create_workspace(connection, "mine", "live")
        made = await personas.create(
            connection, Draft(profile, Content(prompt="You are a muse.")), Actor(mine.id, "key_1", "key_1")
        )
    found = Rig(database, mine.id, made.persona.id)
    assert await found.told() == []
    return found


async def test_an_alert_is_told_once_and_again_only_after_it_has_recovered(place: Path | str) -> None:
    async with opened(place) as database:
        one = await rig(database)
        await one.answer(OUT, OUT, OUT)
        assert await one.told() == []
        await one.answer(OUT)
        (event,) = await one.told()
        assert event.data == {
            "persona_id": one.persona,
            "version": 1,
            "share": 1.0,
            "turns": 4,
            "threshold": 0.5,
            "window_hours": 2,
        }
        await one.answer(OUT)
        assert len(await one.told()) == 1
        # Whoever looks anew may begin before what was looked at last, and tells nobody twice.
        async with database.write() as connection:
            await store.keep_place(connection, store.Place(0, 0))
        one.watching = Watching(SETTINGS, database)
        assert len(await one.told()) == 1
        assert await one.open() == 1
        await one.answer(*[IN] * 6)
        assert len(await one.told()) == 1
        assert await one.open() == 0
        await one.answer(OUT)
        assert len(await one.told()) == 2


@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_answers_in_an_older_store_that_was_put_back_are_looked_at(
    place: Path | str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place that the newer store had may have been kept at once, or not yet."""
    monkeypatch.setattr("gateway.alerts.watching.AGAIN_SECONDS", seconds)
    async with opened(place) as database:
        one = await rig(database)
        await one.answer(*[IN] * 9)
        for _ in range(2):
            assert await one.told() == []
        async with database.write() as connection:
            await store.keep_place(connection, store.Place(0, 0))
            for table in (tables.turns, tables.drift_hours):
                await connection.execute(delete(table))
            begun = {
                "sqlite": "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'turns'",
                "postgresql": "ALTER SEQUENCE turns_seq_seq RESTART",
            }
            await connection.execute(text(begun[connection.dialect.name]))
        await one.answer(*[OUT] * 4)
        assert len(await one.told()) == 1


async def test_late_scores_count_and_time_lets_an_alert_recover(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(place) as database:
        one = await rig(database)
        await one.answer(*[unscored("later")] * 4)
        assert await one.told() == []
        async with database.write() as connection:
            late = LateScore(OUT, None, None)
            await amendments.amend(connection, [(f"msg_{number}", late) for number in range(1, 5)])
        assert len(await one.told()) == 1
        later = clock.now_ms() + 4 * 3_600_000
        monkeypatch.setattr(clock, "now_ms", lambda: later)
        monkeypatch.setattr("gateway.alerts.watching.AGAIN_SECONDS", 0.0)
        one.watching = Watching(SETTINGS, database)
        assert len(await one.told()) == 1
        assert await one.open() == 0


async def test_a_private_persona_s_alert_is_its_owner_s(place: Path | str) -> None:
    async with opened(place) as database:
        one = await rig(database, "private")
        await one.answer(*[OUT] * 4)
        (event,) = await one.told()
        assert event.owner == "key_1"
        async with database.read() as connection:
            assert await store.listed(connection, one.workspace, "key_2", None, 10) == []
            assert len(await store.listed(connection, one.workspace, "key_1", None, 10)) == 1


async def test_an_alert_of_other_settings_closes_and_is_forgotten_in_the_end(place: Path | str) -> None:
    async with opened(place) as database:
        one = await rig(database)
        await one.answer(*[OUT] * 4)
        assert len(await one.told()) == 1
        one.watching = Watching(msgspec.structs.replace(SETTINGS, threshold=0.6), database)
        assert len(await one.told()) == 1
        assert await one.open() == 0
        async with database.write() as connection:
            await connection.execute(update(tables.alerts).values(recovered_at=1))
        await Retention(database, Config()).round()
        async with database.read() as connection:
            assert await store.listed(connection, one.workspace, "key_1", None, 10) == []
