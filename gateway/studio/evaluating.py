"""An evaluation is performed as work: the body is read there, and never on the loop of a chat worker."""

import asyncio
from typing import Any

import msgspec

from gateway.errors import Refusal
from gateway.storage.database import Database
from gateway.studio import blueprint, crowd, store
from gateway.studio.crowd import Member
from gateway.studio.ending import begun, failed, give_up, keeping, take_up
from gateway.studio.evaluation import evaluate
from gateway.studio.wording import Faults
from gateway.work.work import Course, Kind, Work, Write

NAME = "evaluation"


class Evaluating:
    """Performs evaluations in one work process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kind(self) -> Kind:
        return Kind(name=NAME, perform=self.perform, give_up=give_up, take_up=take_up)

    async def perform(self, work: Work, course: Course) -> Write:
        """Read what was sent and hold it against the gates; raises FailedError."""
        await course.step("begin", lambda: begun(self._database, work.id))
        # It follows from what was sent, so that it may be done again, and is too large to be kept twice.
        async with self._database.read() as connection:
            body = await store.body(connection, work.id)
        report = await asyncio.to_thread(_report, body)
        return keeping(work.id, report)


def read(body: bytes) -> tuple[list[Member], blueprint.Blueprint | None]:
    """Read the body of an evaluation. Raises Refusal with every place that is wrong."""
    faults = Faults()
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        faults.add(["body"], "Invalid JSON", "json_invalid")
        faults.require_none()
    if not faults.object(value, [], ("personas", "blueprint")):
        faults.require_none()
    if "personas" not in value:
        faults.add(["personas"], "Field required", "missing")
    else:
        crowd.check(value["personas"], faults)
    given = value.get("blueprint")
    plan = None if given is None else blueprint.check(given, faults)
    faults.require_none()
    return msgspec.convert(value["personas"], list[Member]), plan


def _report(body: bytes) -> Any:
    """Raises FailedError where the body is none."""
    try:
        members, plan = read(body)
    except Refusal:
        raise failed("invalid_request", "The body is not what an evaluation takes.") from None
    return evaluate(members, plan)
