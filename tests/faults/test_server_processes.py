"""The gateway loses processes, one or all, and nothing that had returned is lost."""

import http.client
import json
import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import Start
from tests.e2e.conftest import hello
from tests.e2e.wire import connect, fetch, written
from tests.fakes.process import Gateway, scrubbed_environment
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Gate
from tests.faults.proc import PROC, children, is_running, is_stopped
from tests.faults.server import ASK, STREAM, statuses, table, two_kinds
from tests.soak import many

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")


KILLS = many(30, soak=300)


@pytest.fixture
def pair(start: Start, upstream: ScriptedUpstream) -> Gateway:
    return start(table(upstream), "--workers", "2")


def test_a_worker_that_is_killed_takes_only_its_own_requests_along(
    pair: Gateway, upstream: ScriptedUpstream
) -> None:
    gate = Gate()
    upstream.always(two_kinds(gate))
    victim, survivor = children(pair.pid)
    peers = []
    for resting in (victim, survivor):
        with frozen(resting):
            for _ in range(10):
                peers.append(connect(pair))
                peers[-1].sendall(written(pair, {**STREAM, "messages": hello("end")}))
                read_until(peers[-1], b"first")
    os.kill(victim, signal.SIGKILL)
    (heir,) = until(lambda: set(children(pair.pid)) - {victim, survivor})
    gate.open()
    rests = [ended(peer) for peer in peers]
    assert all(b'"persona":{' in rest and b"data: [DONE]\n\n" in rest for rest in rests[:10])
    assert not any(b"[DONE]" in rest for rest in rests[10:])
    until(lambda: statuses(pair)["completed", None] == 10)
    assert children(pair.pid) == sorted([survivor, heir])


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let the process do nothing meanwhile, so that another has to."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: is_stopped(pid))
    yield
    os.kill(pid, signal.SIGCONT)


def ended(peer: socket.socket) -> bytes:
    """Read the rest of a stream, or what there was of one that was cut."""
    received = b""
    with peer, suppress(ConnectionResetError):
        while not received.endswith(b"0\r\n\r\n") and (data := peer.recv(1 << 16)):
            received += data
    return received


def test_under_load_a_killed_worker_costs_no_wrong_answer(pair: Gateway, upstream: ScriptedUpstream) -> None:
    outcomes: Counter[object] = Counter()
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                outcomes[fetch(pair, body=ASK).status] += 1
            except (OSError, http.client.HTTPException):
                outcomes["cut"] += 1

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            before = children(pair.pid)
            os.kill(before[0], signal.SIGKILL)
            until(lambda: len(children(pair.pid)) == 2 and children(pair.pid) != before)  # noqa: B023
            enough = outcomes[200] + 50
            until(lambda: outcomes[200] > enough)  # noqa: B023
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(outcomes) <= {200, "cut"}
    # At most the open requests of each caller were cut, each time.
    assert outcomes["cut"] <= 2 * len(threads)


@contextmanager
def load(gateway: Gateway) -> Iterator[None]:
    """Send requests that nobody waits for."""
    stop = threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                fetch(gateway, body=ASK)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_what_had_returned_survives_a_kill_of_everything(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream), "--workers", "2")
    for number in range(1, 4):
        with load(gateway):
            gateway.push(slug="guide", prompt=f"Prompt {number}.")
            workers = children(gateway.pid)
            os.killpg(gateway.pid, signal.SIGKILL)
            assert gateway.stop() == -signal.SIGKILL
        until(lambda workers=workers: not any(is_running(one) for one in workers))  # type: ignore[misc]
        gateway.start()
        reply = fetch(gateway, body={**ASK, "model": "persona/guide"})
        assert reply.headers["x-persona"] == f"guide@v{number}"
        assert upstream.seen[-1].json["messages"][0]["content"] == f"Prompt {number}."


class Writers:
    """Processes that write into one store, as fast as they can be started and killed."""

    def __init__(self, place: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.writer", str(place)]
        root = Path(__file__).parents[2]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env=scrubbed_environment()
        )
        assert self._server.stdin
        assert self._server.stdout
        self._input, self._output = self._server.stdin, self._server.stdout.fileno()
        self._held = b""
        self._running: set[int] = set()

    def start(self, kind: str, number: int = 0) -> int:
        self._input.write(f"{kind} {number}\n".encode())
        self._input.flush()
        pid = next(int(words[1]) for words in iter(self.heard, None) if words[0] == "started")
        self._running.add(pid)
        return pid

    def kill(self) -> None:
        """Kill all that were started, and wait until they are gone."""
        while self._running:
            pid = self._running.pop()
            # It ends by itself when a command of its own fails.
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            until(lambda pid=pid: not is_running(pid))  # type: ignore[misc]

    def heard(self, within: float = 30) -> list[str] | None:
        """Read the words of the next line; `None` where none comes in time."""
        while b"\n" not in self._held:
            if not select.select([self._output], [], [], within)[0]:
                return None
            data = os.read(self._output, 1 << 16)
            assert data
            self._held += data
        text, _, self._held = self._held.partition(b"\n")
        return text.decode().split()

    def close(self) -> None:
        self.kill()
        self._input.close()
        self._server.wait(25)
        assert self._server.stdout
        self._server.stdout.close()


@pytest.mark.soak
def test_a_store_outlives_many_kills_and_loses_nothing_that_had_returned(tmp_path: Path) -> None:
    place = tmp_path / "config.toml"
    place.write_text("")
    (tmp_path / "guide.yml").write_text(json.dumps({"slug": "guide", "prompt": "Prompt 0."}))
    empty = Gateway(tmp_path, "")
    empty.cli("db", "upgrade")
    empty.cli("personas", "push", str(tmp_path / "guide.yml"))
    chance, done = random.Random(7), Counter[str]()
    with closing(Writers(place)) as writers:
        for _ in range(KILLS):
            number = newest(tmp_path)
            writers.start("turns")
            writers.start("commands", number)
            for _ in range(chance.randrange(1, 6)):
                note(done, writers.heard())
            # The kill comes somewhere in the next command.
            while words := writers.heard(within=chance.random() * 0.02):
                note(done, words)
            writers.kill()
            while words := writers.heard(within=0):
                note(done, words)
            assert_kept(tmp_path, done)
    assert done["pushed"] >= KILLS
    with closing(sqlite3.connect(tmp_path / "persona.db")) as store:
        assert store.execute("SELECT count(*) FROM turns").fetchone()[0] > KILLS


def note(done: Counter[str], words: list[str] | None) -> None:
    assert words
    done[words[0]] = int(words[1])


def newest(folder: Path) -> int:
    """Read the number in the newest version's prompt."""
    with closing(sqlite3.connect(folder / "persona.db", timeout=25)) as store:
        row = store.execute("SELECT prompt FROM versions ORDER BY id DESC LIMIT 1").fetchone()
    return int(row[0].strip("Prompt ."))


def assert_kept(folder: Path, done: Counter[str]) -> None:
    with closing(sqlite3.connect(folder / "persona.db", timeout=25)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        prompts = dict(store.execute("SELECT number, prompt FROM versions WHERE prompt LIKE 'Prompt %'"))
        names = {name for (name,) in store.execute("SELECT name FROM keys")}
        (latest,) = store.execute("SELECT latest FROM personas WHERE slug = 'guide'").fetchone()
        labels = store.execute("SELECT number FROM labels WHERE name = 'stable'").fetchall()
    assert latest == len(prompts)
    assert f"Prompt {done['pushed']}." in prompts.values()
    if done["labelled"]:
        assert int(prompts[labels[0][0]].strip("Prompt .")) >= done["labelled"]
    if done["minted"]:
        assert f"key{done['minted']}" in names
