"""What is older than the configuration keeps is deleted in the background, in small batches."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, delete, func, or_, select, tuple_

from gateway import clock
from gateway.config import Config
from gateway.storage import answers, erasure, properties, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

BATCH = 500
"""Rows that are deleted in one transaction, which takes some hundredths of a second."""
PAUSE = 0.1
"""Seconds between two batches, in which others write."""
EVERY_MS = 600_000
"""Milliseconds between two rounds, of all workers and replicas together."""
LOOK = 60.0
"""Seconds between two looks at whether a round is due."""
DAY_MS = 86_400_000
SPENT_DAYS = 400
"""Days after which nobody asks any more what was spent of a budget in one hour, day or month."""
DELIVERED_DAYS = 30
"""Days for which what was delivered to webhooks can be replayed."""
ALERT_DAYS = 400
"""Days for which an alert is listed once it has recovered."""
FOLLOWED_MS = 3_600_000
"""Milliseconds after the end of a response for which its stream can be followed."""
ROUND = "retention.at"
"""The property that says when the last round began."""

Step = Callable[[AsyncConnection], Coroutine[Any, Any, int]]
"""Deletes one batch, and returns the number of its rows."""

log = logging.getLogger("gateway.retention")


class Retention:
    """Deletes old rows; of several workers, one does so at a time."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._turns_days = config.turns.keep_days
        self._audit_days = config.audit.keep_days
        self._conversation_days = config.recording.days
        self._run_days = config.generation.days

    async def run(self) -> None:
        """Delete what has become too old, again and again, until cancelled."""
        while True:
            try:
                if await self._is_due():
                    await self.round()
            except StoreUnavailable as error:
                log.debug("old rows cannot be deleted: %s", type(error).__name__)
            await asyncio.sleep(LOOK)

    async def round(self) -> None:
        """Delete all that is too old by now."""
        for name, step in self._steps(clock.now_ms()).items():
            deleted = await self._all(step)
            if deleted:
                log.info("%d %s were older than is kept, and are deleted", deleted, name)
                await self._database.scrub()

    def _steps(self, now: int) -> dict[str, Step]:
        """List what there is to delete, by what it is called."""
        body = tables.background_responses.c.body
        steps: dict[str, Step] = {
            "kept answers": partial(_kept_answers, now=now),
            "sums of budgets": partial(_lapsed, at=tables.spent.c.since, before=now - SPENT_DAYS * DAY_MS),
            "followed streams": partial(_background, before=now - FOLLOWED_MS, which=body.is_(None)),
            "events of streams": partial(_told, before=now - FOLLOWED_MS),
            "deliveries": partial(
                _lapsed, at=tables.deliveries.c.created_at, before=now - DELIVERED_DAYS * DAY_MS
            ),
            "alerts": partial(_lapsed, at=tables.alerts.c.recovered_at, before=now - ALERT_DAYS * DAY_MS),
            "amounts set aside": partial(_lapsed, at=tables.holds.c.until, before=now - DAY_MS),
        }
        if self._turns_days:
            turn, amendment, before = tables.turns.c, tables.amendments.c, now - self._turns_days * DAY_MS
            steps["turns"] = partial(_oldest, order=turn.seq, at=turn.created_at, before=before)
            steps["amendments"] = partial(_oldest, order=amendment.seq, at=amendment.at, before=before)
        if self._audit_days:
            entry, before = tables.audit.c, now - self._audit_days * DAY_MS
            steps["audit entries"] = partial(_oldest, order=entry.id, at=entry.at, before=before)
        if self._conversation_days:
            before = now - self._conversation_days * DAY_MS
            unanswered = partial(_background, before=before, which=body.is_not(None))
            steps["responses that were not answered"] = unanswered
            steps["messages"] = partial(_conversations, before=before)
        if self._run_days:
            before = now - self._run_days * DAY_MS
            steps["runs that made nothing"] = partial(_vain_runs, before=before)
            steps["jobs"] = partial(_jobs, before=before)
        return steps

    async def _all(self, step: Step) -> int:
        deleted = 0
        while True:
            # A write that is cancelled may leave its lock on the store behind, so it is seen through.
            count = await asyncio.shield(self._batch(step))
            deleted += count
            if not count:
                # A batch may be small although more is old: rows that began late may stand among the first.
                return deleted
            await asyncio.sleep(PAUSE)

    async def _batch(self, step: Step) -> int:
        async with self._database.write() as connection:
            return await step(connection)

    async def _is_due(self) -> bool:
        """Take the next round, unless another worker has."""
        now = clock.now_ms()
        async with self._database.read() as connection:
            if not is_over(await properties.find(connection, ROUND), now):
                return False
        return await asyncio.shield(self._take(now))

    async def _take(self, now: int) -> bool:
        async with self._database.write() as connection:
            if not is_over(await properties.find(connection, ROUND), now):
                return False
            await properties.put(connection, ROUND, str(now))
            return True


def is_over(last: str | None, now: int) -> bool:
    """Tell whether another round is due; another worker may have begun one a moment after `now`."""
    # A clock that was wrong must not put the next round off for ever.
    return last is None or not last.isdigit() or abs(now - int(last)) >= EVERY_MS


async def _oldest(connection: AsyncConnection, order: Column[Any], at: Column[int], before: int) -> int:
    """Delete the oldest rows, but never the newest one: whoever follows the table has a place in it.

    Rows are in the order of time but for a few that took long, so that the first ones tell enough.
    """
    newest = select(func.max(order)).scalar_subquery()
    first = select(order, at).where(order < newest).order_by(order).limit(BATCH)
    old = [row[0] for row in await connection.execute(first) if row[1] < before]
    if old:
        await connection.execute(delete(order.table).where(order.in_(old)))
    return len(old)


async def _conversations(connection: AsyncConnection, before: int) -> int:
    """Delete whole conversations that nobody has gone on with since, the stalest first.

    They go by their messages: one may have many.
    """
    conversation = tables.conversations.c
    stale = select(conversation.seq, conversation.messages).where(conversation.updated_at < before)
    gone, rows = [], 0
    for each in await connection.execute(stale.order_by(conversation.updated_at).limit(BATCH)):
        gone.append(each.seq)
        rows += 1 + each.messages
        if rows >= BATCH:
            break
    if gone:
        await erasure.conversations(connection, conversation.seq.in_(gone))
    return rows


async def _vain_runs(connection: AsyncConnection, before: int) -> int:
    """Delete runs that have ended without a persona or a version, and so with nothing that tells of them.

    A pipeline goes with the last run that has followed it.
    """
    run = tables.runs.c
    vain = run.status.in_(["failed", "cancelled"]) & (run.ended_at < before)
    gone = list(await connection.scalars(select(run.id).where(vain).limit(BATCH)))
    if gone:
        await erasure.runs(connection, run.id.in_(gone))
        followed = select(run.fingerprint)
        unused = tables.pipelines.c.fingerprint.not_in(followed)
        await connection.execute(delete(tables.pipelines).where(unused))
    return len(gone)


async def _background(connection: AsyncConnection, before: int, which: ColumnElement[bool]) -> int:
    """Delete responses of the background that have ended, and what their streams have told."""
    response = tables.background_responses.c
    ended = select(response.seq).where(response.ended_at < before, which)
    gone = list(await connection.scalars(ended.order_by(response.ended_at).limit(BATCH)))
    if gone:
        await erasure.background(connection, response.seq.in_(gone))
    return len(gone)


async def _told(connection: AsyncConnection, before: int) -> int:
    """Delete what streams have told of responses that ended without an answer, which stay themselves."""
    response, told = tables.background_responses.c, tables.response_events.c
    ended = select(told.response).join(tables.background_responses, response.seq == told.response)
    gone = list(await connection.scalars(ended.where(response.ended_at < before).distinct().limit(BATCH)))
    await connection.execute(delete(tables.response_events).where(told.response.in_(gone)))
    return len(gone)


async def _jobs(connection: AsyncConnection, before: int) -> int:
    """Delete jobs that have ended, with what was asked for and what was made.

    What they began before is no reason to look at them: an open one may be old.
    """
    job = tables.jobs.c
    old = select(job.id).where(job.created_at < before, job.ended_at < before)
    gone = list(await connection.scalars(old.order_by(job.created_at).limit(BATCH)))
    if gone:
        await erasure.works(connection, select(job.id).where(job.id.in_(gone)))
        await connection.execute(delete(tables.jobs).where(job.id.in_(gone)))
    return len(gone)


async def _lapsed(connection: AsyncConnection, at: Column[int], before: int) -> int:
    """Delete rows whose time has passed; they are few, or deleted soon."""
    key = list(at.table.primary_key)
    rows = list(await connection.execute(select(*key).where(at < before).limit(BATCH)))
    if rows:
        await connection.execute(delete(at.table).where(tuple_(*key).in_([tuple(row) for row in rows])))
    return len(rows)


async def _kept_answers(connection: AsyncConnection, now: int) -> int:
    entry = tables.idempotency.c
    abandoned = entry.status.is_(None) & (entry.at < now - answers.ABANDONED_MS)
    stale = or_(entry.at < now - answers.KEPT_MS, abandoned)
    rows = list(await connection.execute(select(entry.workspace_id, entry.key).where(stale).limit(BATCH)))
    for row in rows:
        here = (entry.workspace_id == row.workspace_id) & (entry.key == row.key)
        await connection.execute(delete(tables.idempotency).where(here, stale))
    return len(rows)
