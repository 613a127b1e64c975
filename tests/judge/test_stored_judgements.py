"""Judgements are stored with their turns, and lost with them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from gateway.config import Turns
from gateway.judge.case import Counts
from gateway.personas.store import personas
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.amendment import LateScore, News
from gateway.turns.recorder import Recorder
from gateway.turns.store import amendments
from gateway.turns.turn import Explain, Turn, unscored
from tests.fakes.judgement import JUDGEMENT
from tests.fakes.upstream import ScriptedUpstream
from tests.judge.rig import (
    ALMA,
    FINE,
    KEPT,
    SIGNAL,
    SLIPPED,
    Make,
    opinion,
)


@pytest.fixture
def stored_at(place: Path | str) -> Path | str:
    return place


async def test_a_judgement_waits_for_its_turn_to_be_stored(make: Make, upstream: ScriptedUpstream) -> None:
    upstream.reply(opinion())
    rig = make()
    turn = rig.end()
    assert await rig.settled(1) == Counts(judged=1)
    # Somebody else writes to the store: the turn and its judgement wait together.
    kept, rig.recorder._database = rig.recorder._database, Database("sqlite:////nowhere/at-all.db")
    await rig.recorder.flush()
    assert not rig.recorder.healthy
    rig.recorder._database = kept
    assert await rig.stored(turn) is not None
    assert rig.recorder.healthy


async def test_judgements_that_find_no_room_or_no_turn_are_lost(
    make: Make, upstream: ScriptedUpstream
) -> None:
    upstream.always(opinion())
    rig = make()
    rig.recorder = rig.scoring._recorder = Recorder(rig.database, Turns(queue=1))
    first, second = rig.end(), rig.end()
    assert await rig.settled(2) == Counts(judged=1, dropped=1)
    await rig.recorder.flush()
    assert [await rig.row(turn) is None for turn in (first, second)] == [False, True]


async def test_a_purge_takes_judgements_along_and_keeps_no_later_ones(
    make: Make, upstream: ScriptedUpstream
) -> None:
    upstream.always(opinion())
    rig = make()
    early, late = rig.end(), rig.end()
    assert await rig.settled(2) == Counts(judged=2)
    (news,) = [one for one in rig.recorder._news if one[0] == late.id]
    rig.recorder._news.remove(news)
    assert await rig.stored(early) is not None
    async with rig.database.write() as connection:
        await personas.purge(connection, rig.persona, rig.actor)
    rig.recorder._news.append(news)
    assert [await rig.stored(turn) for turn in (early, late)] == [None, None]


async def test_a_turn_that_is_written_after_a_purge_keeps_ids_only(
    make: Make, upstream: ScriptedUpstream
) -> None:
    rig = make("risk = 0", "sample = 0")
    purged, free = rig.end(FINE), rig.end(FINE, persona_id=None, model="plain-model")
    async with rig.database.write() as connection:
        pushed = await personas.push(connection, ALMA, rig.actor)
        await personas.purge(connection, rig.persona, rig.actor)
    kept = rig.end(FINE, persona_id=pushed.persona.id, model="persona/alma")
    await rig.recorder.flush()
    id_only = msgspec.structs.replace(purged, model=f"persona/{rig.persona.id}", explain=None)
    assert [await rig.row(turn) for turn in (purged, free, kept)] == [id_only, free, kept]


async def test_a_judgement_that_comes_in_during_a_write_waits_for_its_turn(
    make: Make, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make("risk = 0", "sample = 0")
    early = rig.end(FINE)
    late: list[Turn] = []
    rig.recorder.amend(early.id, JUDGEMENT)
    write = amendments.amend

    async def and_another_one_ends(connection: AsyncConnection, news: Sequence[tuple[str, News]]) -> None:
        await write(connection, news)
        if not late:
            late.append(rig.end(FINE))
            rig.recorder.amend(late[0].id, JUDGEMENT)

    monkeypatch.setattr(amendments, "amend", and_another_one_ends)
    assert await rig.stored(early) == KEPT
    assert await rig.row(late[0]) is None
    assert await rig.stored(late[0]) == KEPT


async def test_a_judgement_that_cannot_be_stored_takes_no_others_along(
    make: Make, upstream: ScriptedUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    rig = make("risk = 0", "sample = 0")
    first, second, third = [rig.end(FINE) for _ in range(3)]
    for turn in (first, second, third):
        half = {"contradicted_field": "half a character: \ud83d"} if turn is second else {}
        rig.recorder.amend(turn.id, msgspec.structs.replace(JUDGEMENT, **half))
    assert [await rig.stored(turn) for turn in (first, second, third)] == [KEPT, None, KEPT]
    assert [record.getMessage() for record in caplog.records] == [
        f"news of turn {second.id} cannot be stored: UnicodeEncodeError"
    ]
    assert not rig.recorder._news


async def test_a_late_score_completes_the_turn_that_waits_for_one(
    make: Make, upstream: ScriptedUpstream
) -> None:
    rig = make("risk = 0", "sample = 0")
    late = LateScore(SLIPPED, 4.0, Explain("fields", (SIGNAL,)))
    waits, put_off, empty, scored = [
        rig.end(drift, explain=None)
        for drift in (unscored("budget"), unscored("later"), unscored("empty"), FINE)
    ]
    for turn in (waits, put_off, empty, scored, waits):
        rig.recorder.amend(turn.id, late)
    rig.recorder.amend(waits.id, JUDGEMENT)
    await rig.recorder.flush()
    completed = {"drift": late.drift, "coherence": 4.0, "explain": late.explain, "late": True}
    assert await rig.row(put_off) == msgspec.structs.replace(put_off, **completed)
    assert [await rig.row(turn) for turn in (empty, scored)] == [empty, scored]
    both = await rig.row(waits)
    assert both is not None
    assert (both.late, both.judged, both.judge and both.judge.scored) == (True, True, SLIPPED)
    async with rig.database.read() as connection:
        found = await amendments.changed(connection, amendments.feed(rig.database), limit=9)
    events = [(each.stored.turn.id, each.kind) for each in found.amendments]
    assert events == [(waits.id, "scored"), (put_off.id, "scored"), (waits.id, "judged")]
