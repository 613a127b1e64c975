"""Alerts are found, written and listed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Column, Select, bindparam, func, insert, literal, or_, select, update

from gateway import clock
from gateway.alerts.alert import Alert, Subject, Tally
from gateway.events import store as events
from gateway.events.event import NOBODY
from gateway.storage import properties, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.signs import newest

ALERT, TURN, HOURS = tables.alerts.c, tables.turns.c, tables.drift_hours.c
AMENDMENT, PERSONA = tables.amendments.c, tables.personas.c
TURNS, AMENDMENTS = "alerts.turns", "alerts.amendments"
"""The properties that say up to which turn and amendment alerts have been looked for, or a little less."""
HOUR_MS = 3_600_000
AT_ONCE = 2000
"""Turns, and amendments, that are looked through at once."""
SIGNS = (newest(TURN.seq), newest(AMENDMENT.seq))
MODEL_SIGNS = (newest(tables.changes.c.seq),)
"""A persona that has changed may use another model."""
OPEN_AT_ONCE = 1000


class Place(msgspec.Struct, frozen=True):
    """Up to here turns and amendments have been looked at."""

    turn: int
    amendment: int

    def is_behind(self, other: "Place") -> bool:
        return self.turn < other.turn or self.amendment < other.amendment


_PLACES = select(*map(properties.value, (TURNS, AMENDMENTS)), *[sign.scalar_subquery() for sign in SIGNS])


async def places(connection: AsyncConnection) -> tuple[Place | None, Place]:
    """Return the place that was kept, `None` before the first look, and the one behind all that there is."""
    row = (await connection.execute(_PLACES)).one()
    kept = None if row[0] is None or row[1] is None else Place(int(row[0]), int(row[1]))
    return kept, Place(row[2] or 0, row[3] or 0)


async def keep_place(connection: AsyncConnection, at: Place) -> None:
    await properties.put_all(connection, {TURNS: str(at.turn), AMENDMENTS: str(at.amendment)})


class Touched(NamedTuple):
    subjects: set[Subject]
    at: Place
    """The place behind their answers."""
    has_more: bool


async def touched(connection: AsyncConnection, behind: Place) -> Touched:
    """List the versions whose answers were scored behind a place."""
    rows = list(await connection.execute(_ENDED, {"behind": behind.turn}))
    news = list(await connection.execute(_AMENDED, {"behind": behind.amendment}))
    found = {
        Subject(row.workspace_id, row.persona_id, row.version)
        for row in [*rows, *news]
        if row.persona_id is not None and row.version is not None
    }
    turn = max((row.newest for row in rows), default=behind.turn)
    amendment = max((row.newest for row in news), default=behind.amendment)
    is_full = AT_ONCE in (sum(row.size for row in rows), sum(row.size for row in news))
    return Touched(found, Place(turn, amendment), is_full)


def _grouped(rows: Select[Any], seq: Column[int]) -> Select[Any]:
    """Name each version once that is in the next of these rows."""
    some = rows.where(seq > bindparam("behind", type_=BigInteger)).order_by(seq).limit(AT_ONCE).subquery()
    of_turn = some.c.workspace_id, some.c.persona_id, some.c.version
    counted = func.max(some.c.seq).label("newest"), func.count().label("size")
    return select(*of_turn, *counted).group_by(*of_turn)


_OF_TURN = TURN.workspace_id, TURN.persona_id, TURN.version
_ENDED = _grouped(select(TURN.seq, *_OF_TURN), TURN.seq)
_AMENDED = _grouped(
    select(AMENDMENT.seq, *_OF_TURN).outerjoin(tables.turns, TURN.id == AMENDMENT.turn_id), AMENDMENT.seq
)


async def tally(connection: AsyncConnection, subject: Subject, window_hours: int) -> Tally:
    """Count a version's answers within the last hours, of which the first one counts whole."""
    since = clock.now_ms() - window_hours * HOUR_MS
    query = select(
        func.coalesce(func.sum(HOURS.turns - HOURS.unscored), 0),
        func.coalesce(func.sum(HOURS.out_of_character), 0),
    ).where(
        HOURS.workspace_id == subject.workspace_id,
        HOURS.persona_id == subject.persona_id,
        HOURS.version == subject.version,
        HOURS.hour >= since - since % HOUR_MS,
    )
    row = (await connection.execute(query)).one()
    return Tally(int(row[0]), int(row[1]))


async def open_alerts(connection: AsyncConnection, after: int) -> list[Alert]:
    """List alerts that are open, behind a place, in their order."""
    query = select(tables.alerts).where(ALERT.recovered_at.is_(None), ALERT.seq > literal(after, BigInteger))
    rows = await connection.execute(query.order_by(ALERT.seq).limit(OPEN_AT_ONCE))
    return [msgspec.convert(fields(row), Alert) for row in rows]


async def find_open(
    connection: AsyncConnection, subject: Subject, threshold: float, window_hours: int
) -> Alert | None:
    query = select(tables.alerts).where(
        ALERT.workspace_id == subject.workspace_id,
        ALERT.persona_id == subject.persona_id,
        ALERT.version == subject.version,
        ALERT.threshold == threshold,
        ALERT.window_hours == window_hours,
        ALERT.recovered_at.is_(None),
    )
    row = (await connection.execute(query)).first()
    return None if row is None else msgspec.convert(fields(row), Alert)


async def fire(
    connection: AsyncConnection, subject: Subject, found: Tally, threshold: float, window_hours: int
) -> None:
    """Write an alert and its event; nothing where the persona has been purged."""
    query = select(PERSONA.owner, PERSONA.visibility).where(PERSONA.id == subject.persona_id)
    persona = (await connection.execute(query)).first()
    if persona is None:
        return
    owner = (persona.owner or NOBODY) if persona.visibility == "private" else None
    share = round(found.share, 4)
    event_id = await events.record(
        connection,
        "persona.drift_alert",
        subject.workspace_id,
        owner,
        persona_id=subject.persona_id,
        version=subject.version,
        share=share,
        turns=found.turns,
        threshold=threshold,
        window_hours=window_hours,
    )
    values: dict[str, Any] = {
        **msgspec.structs.asdict(subject),
        "event_id": event_id,
        "owner": owner,
        "threshold": threshold,
        "window_hours": window_hours,
        "share": share,
        "turns": found.turns,
        "fired_at": clock.now_ms(),
    }
    await connection.execute(insert(tables.alerts).values(values))


async def recover(connection: AsyncConnection, alerts: Sequence[Alert]) -> None:
    """Close alerts, so that their versions may be told of again."""
    seqs = [alert.seq for alert in alerts]
    query = update(tables.alerts).where(ALERT.seq.in_(seqs), ALERT.recovered_at.is_(None))
    await connection.execute(query.values(recovered_at=clock.now_ms()))


async def listed(
    connection: AsyncConnection, workspace_id: str, owner: str, after: int | None, limit: int
) -> list[Alert]:
    """List the alerts that keys of this owner may know of, the newest first."""
    query = select(tables.alerts).where(
        ALERT.workspace_id == workspace_id, or_(ALERT.owner.is_(None), ALERT.owner == owner)
    )
    if after is not None:
        query = query.where(ALERT.seq < literal(after, BigInteger))
    rows = await connection.execute(query.order_by(ALERT.seq.desc()).limit(limit))
    return [msgspec.convert(fields(row), Alert) for row in rows]


class Using(NamedTuple):
    """A live persona asks these upstreams, each as `NAME/model`; none where it asks the configured ones."""

    persona_id: str
    workspace_id: str
    upstreams: list[str]


async def using(connection: AsyncConnection, after: str, limit: int) -> list[Using]:
    """List what the versions that are served of live personas ask, in the order of the personas."""
    personas, versions, labels = tables.personas.c, tables.versions.c, tables.labels.c
    labelled = select(labels.number).where(labels.persona_id == personas.id, labels.number == versions.number)
    served = (versions.persona_id == personas.id) & ((versions.number == personas.latest) | labelled.exists())
    page = select(personas.id).where(personas.status == "completed", personas.id > after)
    page = page.order_by(personas.id).limit(limit)
    query = (
        select(personas.id, personas.workspace_id, versions.upstreams)
        .select_from(tables.personas.join(tables.versions, served))
        .where(personas.id.in_(page))
        .order_by(personas.id)
    )
    return [Using(*row) for row in await connection.execute(query)]
