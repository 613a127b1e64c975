"""Old rows go in small batches; sums, the newest row and whoever else writes stay."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select, update

from gateway import clock
from gateway.auth.guard import Caller
from gateway.config import Audit, Config, Generation, Recording, Turns
from gateway.conversations import beginning
from gateway.conversations import message as messages
from gateway.conversations import store as conversations
from gateway.conversations.conversation import Conversation, Pin
from gateway.conversations.lineage import hear
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage import answers, tables
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.storage.retention import BATCH, DAY_MS, FOLLOWED_MS, Retention, is_over
from gateway.turns.store import hours, turns
from gateway.turns.store.amendments import After
from gateway.turns.store.hours import Span
from gateway.turns.tail import Gap, Tail
from gateway.turns.turn import Turn
from tests.fakes.store import opened, workspaces
from tests.fakes.turn import new_turn

KEEP = Config(turns=Turns(keep_days=7), audit=Audit(keep_days=30))


def a_turn(number: int, age_days: float) -> Turn:
    return new_turn(
        id=f"msg_{number:05}", created_at=clock.now_ms() - int(age_days * DAY_MS), status="completed"
    )


async def write(database: Database, made: list[Turn]) -> None:
    async with database.write() as connection:
        await turns.insert(connection, made)


async def count(database: Database, table: Any) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar() or 0


async def test_old_turns_go_and_their_sums_stay(place: Path | str) -> None:
    async with opened(place) as database:
        old, young = 2 * BATCH + 20, 30
        # One that began late, or by a clock that was wrong, is in front of them, and keeps nobody from going.
        await write(database, [a_turn(99_999, 6)])
        await write(database, [a_turn(number, 8) for number in range(old)])
        await write(database, [a_turn(old + number, 6) for number in range(young)])
        await Retention(database, KEEP).round()
        assert await count(database, tables.turns) == young + 1
        async with database.read() as connection:
            found = await hours.usage(connection, "ws_1", "key", Span())
        assert [one["requests"] for one in found] == [1 + old + young]


async def test_nothing_goes_where_nothing_is_said(place: Path | str) -> None:
    async with opened(place) as database:
        await write(database, [a_turn(number, 4000) for number in range(3)])
        await Retention(database, Config()).round()
        assert await count(database, tables.turns) == 3


async def test_the_newest_row_stays_so_that_nobody_loses_his_place(place: Path | str) -> None:
    async with opened(place) as database:
        await write(database, [a_turn(number, 9) for number in range(5)])
        reached = turns.feed(database)
        async with database.read() as connection:
            await reached.skip(connection)
        await Retention(database, KEEP).round()
        assert await count(database, tables.turns) == 1
        await write(database, [a_turn(9, 0)])
        async with database.read() as connection:
            ended = await turns.ended(connection, reached, limit=10)
        assert ([one.turn.id for one in ended.turns], ended.is_lost) == (["msg_00009"], False)


async def test_who_comes_back_too_late_is_told_of_the_gap(place: Path | str) -> None:
    async with opened(place) as database:
        await write(database, [a_turn(number, 9) for number in range(5)])
        await write(database, [a_turn(number, 1) for number in range(5, 8)])
        tail = Tail(database)
        assert (await tail.missed("ws_1", None, After(2))).gap is None
        await Retention(database, KEEP).round()
        missed = await tail.missed("ws_1", None, After(2))
        assert missed.gap == Gap(5)
        assert [one.seq for one in missed.turns] == [6, 7, 8]
        assert (await tail.missed("ws_1", None, After(5))).gap is None


async def test_audit_entries_and_amendments_have_their_terms(place: Path | str) -> None:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        now = clock.now_ms()
        entries = [
            {"id": f"aud_{at:02}", "workspace_id": mine.id, "action": "x", "subject": "s", "details": {}}
            | {"at": now - (40 - at) * DAY_MS + 60_000}
            for at in range(40)
        ]
        changes = [
            {"turn_id": f"msg_{at}", "kind": "scored", "behind": at, "at": now - (40 - at) * DAY_MS + 60_000}
            for at in range(40)
        ]
        async with database.write() as connection:
            await connection.execute(tables.audit.delete())
            await connection.execute(insert(tables.audit), entries)
            await connection.execute(insert(tables.amendments), changes)
        await Retention(database, KEEP).round()
        assert await count(database, tables.audit) == 30
        assert await count(database, tables.amendments) == 7


async def test_kept_answers_go_after_a_day(place: Path | str) -> None:
    async with opened(place) as database:
        now = clock.now_ms()
        kept = [
            ("old", 200, now - answers.KEPT_MS - 1),
            ("young", 200, now - answers.KEPT_MS + 60_000),
            ("abandoned", None, now - answers.ABANDONED_MS - 1),
            ("at work", None, now),
        ]
        rows = [
            {"workspace_id": "ws", "key": key, "request": "r", "status": s, "at": at} for key, s, at in kept
        ]
        async with database.write() as connection:
            await connection.execute(insert(tables.idempotency), rows)
        await Retention(database, Config()).round()
        async with database.read() as connection:
            left = set(await connection.scalars(select(tables.idempotency.c.key)))
        assert left == {"young", "at work"}


async def test_what_a_stream_told_goes_an_hour_after_any_end(place: Path | str) -> None:
    now = clock.now_ms()
    row: dict[str, Any] = {"workspace_id": "ws_1", "owner": "o", "key_id": "k", "persona_id": "p"}
    row |= {"request_id": "r", "body": "{}", "is_streamed": True, "created_at": now - DAY_MS}
    ended = {"gone": ("cancelled", now - 2 * FOLLOWED_MS), "new": ("failed", now), "open": ("queued", None)}
    async with opened(place) as database:
        for number, (name, (status, at)) in enumerate(ended.items(), 1):
            response = {**row, "seq": number, "id": name, "status": status, "ended_at": at}
            event = {"response": number, "first": 0, "last": 1, "frames": "said"}
            async with database.write() as connection:
                await connection.execute(insert(tables.background_responses).values(response))
                await connection.execute(insert(tables.response_events).values(event))
        await Retention(database, Config()).round()
        assert await count(database, tables.background_responses) == 3
        async with database.read() as connection:
            left = await connection.scalars(select(tables.response_events.c.response))
            assert sorted(left) == [2, 3]


async def test_others_write_between_two_batches(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.storage.retention.PAUSE", 0)
    async with opened(place) as database:
        await write(database, [a_turn(number, 9) for number in range(4 * BATCH)])
        retention = Retention(database, KEEP)
        deleting = asyncio.create_task(retention.round())
        left: list[int] = []
        while not deleting.done():
            async with database.write() as connection:
                await turns.insert(connection, [a_turn(90_000 + len(left), 0)])
                rows = await connection.execute(select(func.count()).select_from(tables.turns))
                left.append(rows.scalar() or 0)
        await deleting
        assert any(BATCH < number < 4 * BATCH for number in left)
        assert await count(database, tables.turns) == len(left)


@pytest.mark.parametrize(
    ("last", "is_due"),
    [
        (None, True),
        ("soon", True),
        ("1000000", False),
        ("1000005", False),
        ("1600001", True),
        ("400000", True),
    ],
)
def test_a_round_is_due_by_a_clock_that_others_are_a_moment_ahead_of(last: str | None, is_due: bool) -> None:
    assert is_over(last, 1_000_000) is is_due


class EnoughError(Exception):
    """A worker has looked often enough."""


async def test_of_several_workers_one_deletes(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []
    looks: Counter[int] = Counter()
    look = Retention._is_due

    async def note(self: Retention) -> None:
        rounds.append(id(self))

    async def count(self: Retention) -> bool:
        # It ends between two looks: a connection that is cut while it is made may stay open.
        if looks[id(self)] == 5:
            raise EnoughError
        looks[id(self)] += 1
        return await look(self)

    monkeypatch.setattr(Retention, "round", note)
    monkeypatch.setattr(Retention, "_is_due", count)
    monkeypatch.setattr("gateway.storage.retention.LOOK", 0)
    async with opened(place) as database:
        workers = [Retention(database, KEEP) for _ in range(4)]
        ended = await asyncio.gather(*(worker.run() for worker in workers), return_exceptions=True)
    assert [type(error) for error in ended] == [EnoughError] * 4
    assert len(rounds) == 1


async def conversed(database: Database, sizes: dict[str, tuple[int, int]]) -> dict[str, Conversation]:
    """Make conversations by their ids, each with its number of messages and its age in days."""
    mine, _ = await workspaces(database)
    caller, made = Caller("key_1", mine.id, "key_1", frozenset(), operator=False), {}
    async with database.write() as connection:
        muse = Draft(Profile(slug="muse", name="Muse"), Content(prompt="You are a muse."))
        pushed = await personas.push(connection, muse, Actor(mine.id))
        for name, (size, age) in sizes.items():
            draft = beginning.draft(caller, pushed.persona.id, Pin(1), name)
            raws = [msgspec.Raw(b'{"role":"user","content":"%d"}' % number) for number in range(size)]
            said = messages.below(messages.root(draft), hear(raws, draft.origin), 1)
            made[name] = await conversations.take_in(connection, draft, said)
            aged = update(tables.conversations).where(tables.conversations.c.seq == made[name].seq)
            await connection.execute(aged.values(updated_at=clock.now_ms() - age * DAY_MS))
    return made


async def test_stale_conversations_go_whole_and_in_batches(place: Path | str) -> None:
    async with opened(place) as database:
        sizes = {"conv_old": (BATCH + 5, 9), "conv_stale": (3, 8), "conv_young": (4, 6)}
        made = await conversed(database, sizes)
        retention = Retention(database, Config(recording=Recording(days=7)))
        await retention.round()
        async with database.read() as connection:
            found = {
                name: await conversations.find(connection, each.workspace_id, None, name)
                for name, each in made.items()
            }
        assert [name for name, each in found.items() if each] == ["conv_young"]
        assert await count(database, tables.messages) == 4


async def test_jobs_go_some_days_after_their_end_and_open_ones_stay(place: Path | str) -> None:
    async with opened(place) as database:
        now, ages = clock.now_ms(), {"old": (40, 31), "late": (40, 29), "open": (40, None), "young": (1, 1)}
        async with database.write() as connection:
            for name, (begun, ended) in ages.items():
                told = {"status": "running"} if ended is None else {"status": "succeeded", "result": "{}"}
                values = {
                    "id": name,
                    "workspace_id": "ws_1",
                    "owner": "",
                    "kind": "enhancement",
                    "inputs": "{}",
                }
                at = {"created_at": now - begun * DAY_MS, "ended_at": ended and now - ended * DAY_MS}
                await connection.execute(insert(tables.jobs).values(**values, **told, **at))
        await Retention(database, Config(generation=Generation(days=0))).round()
        assert await count(database, tables.jobs) == 4
        await Retention(database, Config()).round()
        async with database.read() as connection:
            left = list(await connection.scalars(select(tables.jobs.c.id)))
        assert sorted(left) == ["late", "open", "young"]
