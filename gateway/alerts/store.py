"""Alerts are found, written and listed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, func, insert, literal, or_, select, update

from gateway import clock
from gateway.alerts.alert import Alert, Subject, Tally
from gateway.events import store as events
from gateway.events.event import NOBODY
from gateway.storage import properties, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

ALERT, TURN, HOURS = tables.alerts.c, tables.turns.c, tables.drift_hours.c
AMENDMENT, PERSONA = tables.amendments.c, tables.personas.c
TURNS, AMENDMENTS = "alerts.turns", "alerts.amendments"
"""The properties that say up to which turn and amendment alerts have been looked for."""
HOUR_MS = 3_600_000
AT_ONCE = 500
OPEN_AT_ONCE = 1000


class Place(msgspec.Struct, frozen=True):
    """Up to here turns and amendments have been looked at."""

    turn: int
    amendment: int

    def is_behind(self, newest: "Place") -> bool:
        """Tell whether there is news; the newest rows may have been deleted since they were looked at."""
        return self.turn < newest.turn or self.amendment < newest.amendment


async def places(connection: AsyncConnection) -> tuple[Place | None, Place]:
    """Return the place that was kept, `None` before the first look, and the one behind all that there is."""
    newest = [select(func.max(column)).scalar_subquery() for column in (TURN.seq, AMENDMENT.seq)]
    row = (await connection.execute(select(*map(properties.value, (TURNS, AMENDMENTS)), *newest))).one()
    kept = None if row[0] is None or row[1] is None else Place(int(row[0]), int(row[1]))
    return kept, Place(row[2] or 0, row[3] or 0)


async def keep_place(connection: AsyncConnection, at: Place) -> None:
    await properties.put(connection, TURNS, str(at.turn))
    await properties.put(connection, AMENDMENTS, str(at.amendment))


async def touched(connection: AsyncConnection, behind: Place) -> tuple[set[Subject], Place]:
    """List the versions whose answers were scored behind a place, and the place behind these answers."""
    of_turn = [TURN.workspace_id, TURN.persona_id, TURN.version]
    ended = select(TURN.seq, *of_turn).where(TURN.seq > literal(behind.turn, BigInteger))
    rows = list(await connection.execute(ended.order_by(TURN.seq).limit(AT_ONCE)))
    amended = select(AMENDMENT.seq, *of_turn).outerjoin(tables.turns, TURN.id == AMENDMENT.turn_id)
    amended = amended.where(AMENDMENT.seq > literal(behind.amendment, BigInteger))
    news = list(await connection.execute(amended.order_by(AMENDMENT.seq).limit(AT_ONCE)))
    found = {
        Subject(row.workspace_id, row.persona_id, row.version)
        for row in [*rows, *news]
        if row.persona_id is not None and row.version is not None
    }
    turn = rows[-1].seq if rows else behind.turn
    return found, Place(turn, news[-1].seq if news else behind.amendment)


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
