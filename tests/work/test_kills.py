"""Processes that do work are killed, alone or with their parent, and nothing is lost or done twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.storage.database import Database
from gateway.work.store import processes, rows
from tests.e2e.wire import fetch
from tests.fakes.postgres import Server
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.store import put_empty, put_empty_engine
from tests.fakes.until import until
from tests.faults.proc import PROC, children, work_processes
from tests.soak import many
from tests.work.tally import GATE, STEPS, Tally, order, results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc"),
]

T = TypeVar("T")
KILLS = many(3, soak=200)
CONCURRENCY = 8
"""Work of one kind that a process does at a time."""
OPEN = 12
"""Work that is open at a time under load."""
PATIENCE = 60.0


class Laboured(Gateway):
    module = "tests.work.tally"

    @contextmanager
    def worker_elsewhere(self) -> Iterator[int]:
        """Let `persona work` do work of the same store, as on another machine; the value is its process."""
        command = [self.python, "-m", self.module, "work", *self._place]
        with (self.folder / "elsewhere.log").open("w") as log:
            process = subprocess.Popen(command, stderr=log, env=self._environment, cwd=self.folder)
            try:
                yield process.pid
            finally:
                process.terminate()
                process.wait(PATIENCE)


class Site:
    """A gateway whose work can be ordered and counted."""

    def __init__(self, folder: Path, store: str) -> None:
        config = upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"')
        self.url = store or f"sqlite:///{folder / 'persona.db'}"
        config += f'[store]\nurl = "{self.url}"\nfolder = "{folder}"\n'
        here = str(Path(__file__).parents[2])
        self.folder = folder
        self.gateway = Laboured(folder, config, PYTHONPATH=here)
        self.tally = Tally(folder)

    def ask(self, question: Callable[[Database], Any]) -> Any:
        async def answered() -> Any:
            database = Database(self.url)
            try:
                return await question(database)
            finally:
                await database.close()

        return asyncio.run(answered())

    def order(self, *work_ids: str, **data: Any) -> None:
        self.ask(lambda database: order(database, *work_ids, **data))

    def results(self) -> dict[str, str]:
        found: dict[str, str] = self.ask(results)
        return found

    def worker(self) -> int:
        (pid,) = until(lambda: work_processes(self.gateway.pid), within=PATIENCE)
        return pid

    def notes(self, note: str) -> int:
        return self.tally.notes().count(note)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "sqlite":
        put_empty(tmp_path)
        put_empty_engine(tmp_path)
        yield from started(Site(tmp_path, ""))
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database("engine") as url:
        yield from started(Site(tmp_path, url))


def started(site: Site) -> Iterator[Site]:
    site.gateway.start()
    yield site
    site.gateway.stop()


def test_a_killed_process_goes_on_with_the_step_that_it_was_in(site: Site) -> None:
    (site.folder / GATE).touch()
    site.order("run_a", **{"2": "hang"})
    until(lambda: site.notes("run_a 2"), within=PATIENCE)
    os.kill(site.worker(), signal.SIGKILL)
    until(lambda: site.notes("run_a 2") == 2, within=PATIENCE)
    (site.folder / GATE).unlink()
    until(site.results, within=PATIENCE)
    assert Counter(site.tally.notes()) == {"run_a 1": 1, "run_a 2": 2, "run_a 3": 1}
    assert fetch(site.gateway, "/health/ready").json["work"]["failed"] == 0


def test_another_process_takes_over_what_a_killed_gateway_has_left(site: Site) -> None:
    (site.folder / GATE).touch()
    site.order("run_a", **{"2": "hang"})
    until(lambda: site.notes("run_a 2"), within=PATIENCE)
    everybody = [site.gateway.pid, site.worker(), *children(site.gateway.pid)]
    for pid in everybody:
        os.kill(pid, signal.SIGKILL)
    site.gateway.stop()
    (site.folder / GATE).unlink()
    site.gateway.start()
    until(site.results, within=PATIENCE)
    assert Counter(site.tally.notes()) == {"run_a 1": 1, "run_a 2": 2, "run_a 3": 1}


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_two_machines_share_the_load_and_one_goes_on_with_what_a_lost_one_has_left(site: Site) -> None:
    (site.folder / GATE).touch()
    here = site.worker()
    works = [f"run_{number}" for number in range(CONCURRENCY + 4)]
    with site.gateway.worker_elsewhere() as other:
        (there,) = until(lambda: work_processes(other), within=PATIENCE)
        site.order(*works, **{"2": "hang"})
        until(lambda: all(site.notes(f"{name} 2") for name in works), within=PATIENCE)
        shares = [site.tally.taken_by(pid) & set(works) for pid in (here, there)]
        # Neither may have all of them.
        assert all(4 <= len(share) <= CONCURRENCY for share in shares), shares
        for pid in (other, there):
            os.kill(pid, signal.SIGKILL)
        (site.folder / GATE).unlink()
        beats = set[int]()

        def has_gone_on() -> bool:
            beats.update(site.ask(beating))
            return all(site.notes(f"{name} 2") == 2 for name in shares[1])

        until(has_gone_on, within=PATIENCE)
    # One beat is a second, where the machine has time: a lost machine is made up for within ten.
    assert len(beats) <= 10 + 2, beats
    until(lambda: len(site.results()) == len(works), within=PATIENCE)
    assert all(site.notes(f"{name} 2") == 1 for name in shares[0])


@pytest.mark.soak
def test_under_kills_no_work_is_lost_and_none_has_two_results(site: Site) -> None:
    ordered: list[str] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            if len(ordered) - site.tally.ended() > OPEN:
                stop.wait(0.01)
                continue
            names = [f"run_{len(ordered) + more}" for more in range(3)]
            site.order(*names)
            ordered.extend(names)

    thread = threading.Thread(target=load)
    thread.start()
    chance = random.Random(17)
    try:
        for number in range(KILLS):
            before = len(site.tally.notes())
            until(lambda: len(site.tally.notes()) > before + chance.randrange(20), within=PATIENCE)  # noqa: B023
            if number % 3 == 2:
                end(site.gateway)
                site.gateway.start()
            else:
                os.kill(site.worker(), signal.SIGKILL)
    finally:
        stop.set()
        thread.join()
    kept = until(lambda: (found := site.results()) and len(found) >= len(ordered) and found, within=120)
    assert kept == dict.fromkeys(ordered, "6")
    notes = Counter(site.tally.notes())
    assert set(notes) == {f"{work_id} {step}" for work_id in ordered for step in range(1, STEPS + 1)}
    # Nothing but the steps under way at a kill was taken twice.
    assert sum(notes.values()) - len(notes) <= KILLS * 8
    assert site.ask(depth).failed == 0


def end(gateway: Gateway) -> None:
    """Kill the parent alone; its children notice, and end by themselves."""
    orphans = [*children(gateway.pid), *work_processes(gateway.pid)]
    gateway.stop(signal.SIGKILL)
    until(lambda: not any((PROC / str(pid)).exists() for pid in orphans), within=PATIENCE)


async def beating(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await processes.beats(connection)).values())


async def depth(database: Database) -> rows.Depth:
    async with database.read() as connection:
        return await rows.depth(connection)


def test_chat_workers_load_nothing_of_the_engine() -> None:
    question = (
        "import sys, gateway.app, gateway.server.worker, gateway.server.working\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('dbos', 'psycopg', 'openai')])"
    )
    said = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
