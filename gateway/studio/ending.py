"""Every kind of job begins alike and ends alike."""

from typing import Any

import msgspec

from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.studio import store
from gateway.studio.job import CATEGORIES, Category, Job
from gateway.work.work import FailedError, Work, Write


async def begun(database: Database, job_id: str) -> Any:
    """Mark a job as running, and return it as JSON. Raises FailedError."""
    async with database.write() as connection:
        await store.begin(connection, job_id)
        job = await store.find(connection, job_id)
    if job is None:
        raise failed("internal_error", "The job is not there any more.")
    return msgspec.to_builtins(job)


def as_job(value: Any) -> Job:
    return msgspec.convert(value, Job)


def failed(category: Category, message: str) -> FailedError:
    return FailedError({"code": category, "message": message})


def keeping(job_id: str, result: Any) -> Write:
    """Keep a result in the transaction in which the work ends."""
    encoded = msgspec.json.encode(result)

    async def write(connection: AsyncConnection) -> None:
        await store.succeed(connection, job_id, encoded)

    return write


async def give_up(connection: AsyncConnection, work: Work) -> None:
    """Let a job fail with its work; what is told of the reason is one word."""
    if work.state == "cancelled":
        await store.fail(connection, work.id, "cancelled")
    elif work.state == "failed":
        code = str((work.error or {}).get("code", ""))
        await store.fail(connection, work.id, CATEGORIES.get(code, "provider_error"))


async def take_up(connection: AsyncConnection, work: Work) -> None:
    """Let a job go on with its work."""
    await store.begin(connection, work.id)
