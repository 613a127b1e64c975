"""Sums by the hour are exact: twice the same turn counts once, and a late opinion moves its turn."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.config import Config, Turns, Upstream
from gateway.personas.store import personas
from gateway.storage import migrate, tables
from gateway.storage.database import Database, fields
from gateway.storage.failure import UnfitError
from gateway.turns import rollup
from gateway.turns.amendment import LateScore
from gateway.turns.recorder import Recorder
from gateway.turns.store import amendments, hours
from gateway.turns.store import turns as kept
from gateway.turns.store.hours import DAY_MS, HOUR_MS, Span, Wanted
from gateway.turns.turn import Drift, Turn, Verdict, unscored
from gateway.turns.usage import Usage
from gateway.upstreams.prices import Prices
from tests.fakes.store import opened, workspaces
from tests.fakes.turn import new_turn
from tests.turns.test_amendment import judgement

pytestmark = pytest.mark.slow

NOON = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS + 12 * HOUR_MS
VERDICTS: list[Verdict] = ["in-character", "drifting", "out-of-character", "warming-up"]
ALL = Span()


def a_turn(number: int, chance: random.Random, **more: Any) -> Turn:
    drift: Drift = unscored("budget")
    coherence: float | None = None
    if chance.random() < 0.8:
        level = chance.choice([None, 0.05, 0.15, 0.3, 0.95, 1.0])
        drift = Drift(voice=chance.random(), values=level, verdict=chance.choice(VERDICTS))
        coherence = chance.choice([1.0, 1.2, 3.4, 5.0])
    cost = chance.choice([None, 0.25])
    values: dict[str, Any] = {
        "persona_id": chance.choice(["psn_a", "psn_b", None]),
        "version": chance.choice([1, 2]),
        "upstream": chance.choice(["main/m", "other/m", None]),
        "status": chance.choice(["completed", "failed", "cancelled"]),
        "usage": chance.choice([Usage(), Usage(7, 3), Usage(7, 3, 11, 2, 1, 1)]),
        "usage_source": chance.choice(["upstream", "estimated"]),
        **more,
    }
    return new_turn(
        id=f"msg_{number:04}",
        key_id=chance.choice(["key_1", "key_2"]),
        created_at=NOON + number * 7 * 60_000,
        drift=drift,
        coherence=coherence,
        cost_usd=cost if values["usage"] != Usage() else None,
        **values,
    )


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    async with database.read() as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key))
        return [fields(row) for row in found]


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other)


async def write(database: Database, turns: list[Turn]) -> None:
    async with database.write() as connection:
        await kept.insert(connection, turns)


async def test_the_migration_sums_up_what_is_written_hour_by_hour(place: Path | str) -> None:
    """Two ways to the same figures: as turns are written, and from the rows in one go."""
    chance = random.Random(7)
    async with opened(place) as database:
        turns = [a_turn(number, chance) for number in range(300)]
        for at in range(0, 300, 40):
            await write(database, turns[at : at + 40])
        written = [await rows(database, table) for table in (tables.usage_hours, tables.drift_hours)]
        assert sum(row["turns"] for row in written[0]) == 300
        await migrate.move(database, "0014")
        await migrate.upgrade(database)
        for table, expected in zip((tables.usage_hours, tables.drift_hours), written, strict=True):
            assert_same(await rows(database, table), expected)


async def test_a_turn_that_comes_again_after_a_doubtful_commit_counts_once(place: Path | str) -> None:
    chance = random.Random(1)
    async with opened(place) as database:
        turns = [a_turn(number, chance) for number in range(10)]
        await write(database, turns)
        before = await rows(database, tables.usage_hours)
        await write(database, [*turns, turns[0]])
        assert await rows(database, tables.usage_hours) == before
        assert sum(row["turns"] for row in before) == 10


async def test_a_write_that_fails_leaves_no_sums(place: Path | str) -> None:
    async with opened(place) as database:
        good, bad = (a_turn(number, random.Random(number)) for number in range(2))
        bad.upstream = "\ud83d"
        with pytest.raises((UnicodeEncodeError, UnfitError)):
            await write(database, [good, bad])
        assert await rows(database, tables.usage_hours) == await rows(database, tables.drift_hours) == []


async def test_a_late_score_and_a_judgement_move_their_turn(place: Path | str) -> None:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        made = await _persona(database, mine.id)
        late = a_turn(1, random.Random(1), persona_id=made)
        late.drift, late.coherence, late.workspace_id = unscored("budget"), None, mine.id
        await write(database, [late])
        (row,) = await rows(database, tables.drift_hours)
        assert (row["turns"], row["unscored"], row["in_character"]) == (1, 1, 0)
        score = LateScore(Drift(voice=0.42, verdict="in-character"), 4.0, None)
        async with database.write() as connection:
            await amendments.amend(connection, [(late.id, score), (late.id, score)])
        (row,) = await rows(database, tables.drift_hours)
        assert (row["turns"], row["unscored"], row["in_character"], row["voice_08"]) == (1, 0, 1, 1)
        async with database.write() as connection:
            await amendments.amend(connection, [(late.id, judgement(voice=0.97))])
        (row,) = await rows(database, tables.drift_hours)
        assert (row["turns"], row["in_character"], row["out_of_character"]) == (1, 0, 1)
        assert (row["voice_08"], row["voice_19"]) == (0, 1)
        assert row["voice_sum"] == pytest.approx(0.97)


async def _persona(database: Database, workspace_id: str) -> str:
    async with database.write() as connection:
        await connection.execute(
            tables.personas.insert().values(
                id="psn_1",
                workspace_id=workspace_id,
                slug="muse",
                name="Muse",
                tags=[],
                visibility="workspace",
                status="completed",
                latest=1,
                revision=1,
                created_at=1,
                updated_at=1,
            )
        )
    return "psn_1"


async def test_mean_and_quantiles_come_from_the_sums(place: Path | str) -> None:
    chance = random.Random(3)
    levels = sorted(chance.betavariate(2, 8) for _ in range(2000))
    turns = []
    for number, level in enumerate(levels):
        turn = a_turn(0, chance, persona_id="psn_a", version=1, upstream="main/m")
        turn.id, turn.created_at, turn.coherence = f"msg_{number}", NOON, 1 + 4 * level
        turn.drift = Drift(voice=level, verdict="drifting" if level > 0.3 else "in-character")
        turns.append(turn)
    async with opened(place) as database:
        await write(database, turns)
        wanted = Wanted(workspace_id="ws_1", persona_id="psn_a", span=ALL, bucket=DAY_MS)
        async with database.read() as connection:
            assert await hours.drift(connection, wanted, 0) is None
            found = await hours.drift(connection, wanted, 1)
        assert found is not None
        (row,) = found
    voice, coherence = rollup.spread(row, "voice"), rollup.spread(row, "coherence")
    assert voice is not None
    assert coherence is not None
    assert voice.mean == pytest.approx(sum(levels) / 2000, abs=1e-4)
    assert voice.p50 == pytest.approx(levels[1000], abs=0.02)
    assert voice.p99 == pytest.approx(levels[1980], abs=0.05)
    assert coherence.mean == pytest.approx(1 + 4 * voice.mean, abs=1e-3)
    assert coherence.p90 == pytest.approx(1 + 4 * levels[1800], abs=0.1)
    assert rollup.spread(row, "rules") is None
    part = sum(level > 0.3 for level in levels) / 2000
    assert rollup.shares(row)["drifting"] == pytest.approx(part, abs=1e-4)


@pytest.mark.parametrize(
    ("since", "until", "turns"),
    [
        (None, None, 6),
        (NOON + HOUR_MS, None, 4),
        (NOON + HOUR_MS + 1, None, 4),
        (None, NOON + HOUR_MS, 2),
        (None, NOON + HOUR_MS + 1, 4),
        (NOON + HOUR_MS, NOON + 2 * HOUR_MS, 2),
    ],
)
async def test_every_hour_that_is_touched_counts_whole(
    place: Path | str, since: int | None, until: int | None, turns: int
) -> None:
    async with opened(place) as database:
        made = [a_turn(number, random.Random(number)) for number in range(6)]
        for number, turn in enumerate(made):
            turn.created_at = NOON + number // 2 * HOUR_MS + number % 2 * 1000
        await write(database, made)
        async with database.read() as connection:
            found = await hours.usage(connection, "ws_1", "day", Span(since, until))
    assert sum(one["requests"] for one in found) == turns


async def test_figures_stay_when_the_rows_go(place: Path | str) -> None:
    async with opened(place) as database:
        await write(database, [a_turn(number, random.Random(number)) for number in range(20)])
        async with database.read() as connection:
            before = await hours.usage(connection, "ws_1", "key", ALL)
        async with database.write() as connection:
            await connection.execute(tables.turns.delete())
            await connection.execute(update(tables.personas).values(name="gone"))
        async with database.read() as connection:
            assert await hours.usage(connection, "ws_1", "key", ALL) == before
            assert await personas.by_id(connection, "psn_a") is None


async def test_turns_that_ended_before_prices_were_known_are_charged_later(place: Path | str) -> None:
    """They are written at once all the same, and charged once the list of prices has been read."""
    upstreams = {"main": Upstream(base_url="http://127.0.0.1:1/v1", price_list="openai")}
    async with opened(place) as database:
        prices = Prices(Config(upstreams=upstreams))
        prices.start()
        recorder = Recorder(database, Turns(flush_interval=0.01), prices)
        more: dict[str, Any] = {"usage": Usage(1_000_000, 0), "upstream": "main/gpt-4o-mini"}
        early = a_turn(1, random.Random(2), **more)
        early.cost_usd = None
        recorder.record(early)
        await recorder.flush()
        (row,) = await rows(database, tables.usage_hours)
        assert (row["unpriced"], row["priced"], row["cost_usd"]) == (1, 0, 0)
        await recorder.close()
        (row,) = await rows(database, tables.usage_hours)
        assert (row["turns"], row["unpriced"], row["priced"]) == (1, 0, 1)
        assert row["cost_usd"] > 0
        assert [turn["cost_usd"] for turn in await rows(database, tables.turns)] == [row["cost_usd"]]
        async with database.write() as connection:
            await kept.charge(connection, [early])
        assert await rows(database, tables.usage_hours) == [row]
        await prices.close()
