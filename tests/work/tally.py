"""This is a kind of work for tests, and `persona serve` with it: it notes each call, and keeps one result."""

import asyncio
import os
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.store import rows
from gateway.work.work import Course, FailedError, Kind, LaterError, Work, Write

NAME = "test.tally"
STEPS = 3
NOTES = "notes.txt"
GATE = "gate"
"""While a file of this name is there, steps in which work is told to `hang` wait."""
SECRET = "the secret of the lighthouse"


class Tally:
    """Takes some steps, each of which is noted; `data` says what goes wrong in which of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kind(self) -> Kind:
        return Kind(name=NAME, perform=self.perform, give_up=self.give_up, take_up=self.take_up)

    async def perform(self, work: Work, course: Course) -> Write:
        total = 0
        for number in range(1, STEPS + 1):

            async def take(number: int = number) -> tuple[int, str]:
                return await self._take(work, number), work.data.get("say", "")

            total += (await course.step(f"step {number}", take))[0]

        async def write(connection: AsyncConnection) -> None:
            # A second result would break the primary key.
            values = {"name": f"result {work.id}", "value": str(total)}
            await connection.execute(insert(tables.properties).values(values))

        return write

    async def give_up(self, connection: AsyncConnection, work: Work) -> None:
        self.note(f"{work.id} {work.state}")

    async def take_up(self, connection: AsyncConnection, work: Work) -> None:
        self.note(f"{work.id} taken up")

    async def _take(self, work: Work, number: int) -> int:
        with (self.folder / f"taken by {os.getpid()}").open("a") as file:
            file.write(f"{work.id}\n")
        self.note(f"{work.id} {number}")
        wrong = work.data.get(str(number)) if work.attempt == 1 else None
        if wrong == "fail":
            raise FailedError({"code": "test.failed", "message": "It failed."})
        if wrong == "later":
            raise LaterError(0.1, {"code": "test.later", "message": "It comes later."})
        if wrong == "break":
            raise RuntimeError(SECRET)
        if wrong == "exit":
            os._exit(1)
        while wrong == "hang" and (self.folder / GATE).exists():  # noqa: ASYNC110 - another process opens it
            await asyncio.sleep(0.01)
        return number

    def note(self, line: str) -> None:
        """Append a line at once, as a call that is made cannot be taken back."""
        with (self.folder / NOTES).open("a") as file:
            file.write(f"{line}\n")

    def notes(self) -> list[str]:
        place = self.folder / NOTES
        return place.read_text().splitlines() if place.exists() else []

    def taken_by(self, pid: int) -> set[str]:
        """Name the work of which a process has taken a step."""
        place = self.folder / f"taken by {pid}"
        return set(place.read_text().split()) if place.exists() else set()

    def ended(self) -> int:
        """Count the work whose last step was taken."""
        return len({note for note in self.notes() if note.endswith(f" {STEPS}")})


async def order(database: Database, *work_ids: str, **data: Any) -> None:
    """Write work, in one transaction with nothing else."""
    async with database.write() as connection:
        for work_id in work_ids:
            await rows.enqueue(connection, work_id, NAME, "ws_1", None, data)


async def results(database: Database) -> dict[str, str]:
    """Read the results that were kept, by the id of the work."""
    name = tables.properties.c.name
    async with database.read() as connection:
        found = await connection.execute(select(tables.properties).where(name.like("result %")))
        return {row.name.removeprefix("result "): row.value for row in found}


def main() -> None:
    from gateway.server import kinds

    def known(*_: object) -> dict[str, Kind]:
        return {NAME: Tally(Path.cwd()).kind()}

    replaced: Any = kinds
    replaced.known = known
    from gateway.__main__ import main as persona

    persona()


if __name__ == "__main__":
    main()
