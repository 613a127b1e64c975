"""Turns are amended, each time with a row that listeners find."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Update, bindparam, insert, literal, select, update

from gateway import clock
from gateway.drift.axes import AXES
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database, fields
from gateway.storage.feed import Feed
from gateway.storage.scores import Known, tell_messages
from gateway.turns import amendment, rollup
from gateway.turns.amendment import Flagged, Kind, LateScore, News
from gateway.turns.rollup import Score
from gateway.turns.store import flags, hours
from gateway.turns.store.rows import BRIEF, TURN, WHOLE, Stored, encoded, turn_of
from gateway.turns.store.turns import newest
from gateway.turns.turn import UNSCORED, Drift, Explain, Judgement, Turn

AMENDMENT = tables.amendments.c
SCORE = (*[axis.column for axis in AXES], "verdict", "reason", "coherence", "explain")
"""Columns that hold what was found by the scorer."""


def _change(*columns: str) -> Update:
    """Write the statement that changes these columns of a turn."""
    values: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    return update(tables.turns).where(TURN.id == bindparam("turn")).values(values)


HOUR = [TURN[name] for name in ("workspace_id", "persona_id", "version", "upstream", "created_at")]
"""Columns that say in which sum of an hour a turn counts."""
_JUDGE = _change(*SCORE, "judge", "judged")
_SCORE = _change(*SCORE, "late")


class Amended(msgspec.Struct, frozen=True):
    """A turn of which more became known, as it is now."""

    seq: int
    """The place in the order of amendments."""
    behind: int
    """The place of the turn that had ended last by then."""
    kind: str
    stored: Stored


class Changed(NamedTuple):
    """Amendments that a look has found."""

    amendments: list[Amended]
    is_lost: bool


class After(NamedTuple):
    """A place in the stream of turns and amendments."""

    seq: int
    amendment: int | None = None
    """`None` stands for all amendments that had been made by the time the turn `seq` ended."""


async def amend(connection: AsyncConnection, news: Sequence[tuple[str, News]]) -> None:
    """Change the turns that are there by these ids, unless their persona has been purged.

    Each change is also a row that listeners find. Late scores come first, since nobody judges before them.
    """
    scores = {turn_id: one for turn_id, one in news if isinstance(one, LateScore)}
    events = [*await _score(connection, scores)] if scores else []
    judgements = [(turn_id, one) for turn_id, one in news if isinstance(one, Judgement)]
    flagged = {turn_id: one.words for turn_id, one in news if isinstance(one, Flagged)}
    if flagged:
        await flags.flag(connection, flagged)
    events += await _judge(connection, judgements) if judgements else []
    if not events:
        return
    behind, at = await newest(connection), clock.now_ms()
    made = [{"turn_id": turn_id, "kind": kind, "behind": behind, "at": at} for turn_id, kind in events]
    await connection.execute(insert(tables.amendments), made)


async def _score(connection: AsyncConnection, scores: Mapping[str, LateScore]) -> list[tuple[str, Kind]]:
    """Complete the turns that wait for their score, of which there may be very many."""
    query = select(TURN.id, TURN.conversation_id, *HOUR).join(
        tables.personas, tables.personas.c.id == TURN.persona_id
    )
    waiting = TURN.id.in_(scores), TURN.reason.in_(amendment.COMES_LATER)
    found = list(await connection.execute(query.where(*waiting).order_by(TURN.seq)))
    if found:
        await connection.execute(_SCORE, [_late_changes(row.id, scores[row.id]) for row in found])
        before = [Score(row, UNSCORED, None, -1) for row in found]
        after = [Score(row, scores[row.id].drift, scores[row.id].coherence) for row in found]
        await hours.add(connection, tables.drift_hours, rollup.drift([*before, *after]))
        await tell_messages(connection, [_known(one.turn, one.drift, one.coherence) for one in after])
    return [(row.id, "scored") for row in found]


async def _judge(
    connection: AsyncConnection, judgements: Sequence[tuple[str, Judgement]]
) -> list[tuple[str, Kind]]:
    """Change turns by what a judge says of them."""
    query = WHOLE.where(tables.personas.c.id.is_not(None))
    rows = await connection.execute(query.where(TURN.id.in_({turn_id for turn_id, _ in judgements})))
    found = {stored.turn.id: stored.turn for stored in map(turn_of, rows)}
    known = dict(found)
    changed = []
    for turn_id, one in judgements:
        before = found.get(turn_id)
        if before is None or (after := amendment.amended(before, one)) is before:
            continue
        found[turn_id] = after
        changed.append(turn_id)
    if changed:
        ids = dict.fromkeys(changed)
        await connection.execute(_JUDGE, [_judged_changes(found[each]) for each in ids])
        taken = [Score(known[each], known[each].drift, known[each].coherence, -1) for each in ids]
        given = [Score(found[each], found[each].drift, found[each].coherence) for each in ids]
        await hours.add(connection, tables.drift_hours, rollup.drift([*taken, *given]))
        await tell_messages(connection, [_known(one.turn, one.drift, one.coherence) for one in given])
    return [(turn_id, "judged") for turn_id in changed]


def _known(turn: Any, drift: Drift, coherence: float | None) -> Known:
    score = msgspec.json.encode({"drift": drift, "coherence": coherence})
    return Known(turn.workspace_id, turn.conversation_id, turn.id, score)


def _late_changes(turn_id: str, late: LateScore) -> dict[str, Any]:
    return {**_score_changes(turn_id, late.drift, late.coherence, late.explain), "new_late": True}


def _judged_changes(turn: Turn) -> dict[str, Any]:
    changes = _score_changes(turn.id, turn.drift, turn.coherence, turn.explain)
    return {**changes, "new_judge": encoded(turn.judge), "new_judged": turn.judged}


def _score_changes(
    turn_id: str, drift: Drift, coherence: float | None, explain: Explain | None
) -> dict[str, Any]:
    return {
        "turn": turn_id,
        **{f"new_{axis.column}": getattr(drift, axis.name) for axis in AXES},
        "new_verdict": drift.verdict,
        "new_reason": drift.reason or None,
        "new_coherence": coherence,
        "new_explain": encoded(explain),
    }


def feed(database: Database) -> Feed:
    """Start a place in the order in which turns are amended."""
    return database.feed(AMENDMENT.seq, AMENDMENT.turn_id)


async def changed(connection: AsyncConnection, place: Feed, *, limit: int) -> Changed:
    """Find the amendments of every workspace behind this place, in their order."""
    found = await place.look(connection, select(*AMENDMENT), limit)
    return Changed(await _amended(connection, [fields(row) for row in found.rows]), found.is_lost)


async def missed(
    connection: AsyncConnection, workspace_id: str, persona_id: str | None, after: After, *, limit: int
) -> list[Amended]:
    """Find the newest amendments of a workspace's turns behind a place, in their order."""
    query = select(*AMENDMENT).join(tables.turns, TURN.id == AMENDMENT.turn_id)
    query = query.where(TURN.workspace_id == workspace_id)
    if persona_id is not None:
        query = query.where(TURN.persona_id == persona_id)
    # A place without an amendment is that of the turn behind which they have come.
    if after.amendment is None:
        is_later = AMENDMENT.behind >= after.seq
    else:
        is_later = AMENDMENT.seq > literal(after.amendment, BigInteger)
    rows = await connection.execute(query.where(is_later).order_by(AMENDMENT.seq.desc()).limit(limit))
    return await _amended(connection, [fields(row) for row in reversed(list(rows))])


async def _amended(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[Amended]:
    if not rows:
        return []
    found = await connection.execute(BRIEF.where(TURN.id.in_({row["turn_id"] for row in rows})))
    by_id = {stored.turn.id: stored for stored in map(turn_of, found)}
    return [
        Amended(row["seq"], row["behind"], row["kind"], by_id[row["turn_id"]])
        for row in rows
        if row["turn_id"] in by_id
    ]
