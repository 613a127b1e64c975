"""These things befall the gateway itself: its end, its store, its model and its processes."""

import http.client
import json
import os
import random
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.upstreams.local import LocalModelMissing, find_weights
from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import ask, connect, fetch, line, read_all, read_until, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway, scrubbed_environment, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events, raw
from tests.faults.proc import PROC, children, is_running, is_stopped
from tests.soak import many

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")

ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
STREAM: dict[str, Any] = {**ASK, "stream": True}
OPEN = 200
KILLS = many(30, soak=300)


def table(upstream: ScriptedUpstream, *more: str) -> str:
    return "\n".join([upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"'), *more, ""])


def statuses(gateway: Gateway) -> Counter[tuple[str, str | None]]:
    """Count how many turns have ended how."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=10)) as store:
        return Counter(store.execute("SELECT status, error FROM turns").fetchall())


def ready(gateway: Gateway) -> dict[str, Any]:
    state: dict[str, Any] = fetch(gateway, "/health/ready").json
    return state


# Its end


def two_kinds(gate: Gate) -> Answer:
    """Streams that say `end` end when the gate is opened, all others go on."""
    ending = events([chunk("first"), gate, chunk("second"), chunk(finish="stop")])
    staying = events([chunk("first"), Gate()])
    return lambda seen: ending if "end" in seen.json["messages"][-1]["content"] else staying


def refuses(gateway: Gateway) -> bool:
    try:
        connect(gateway).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_open_streams_have_the_grace_to_finish(
    start: Start, upstream: ScriptedUpstream, workers: int
) -> None:
    gateway = start(table(upstream, "[server]", "shutdown_grace = 4"), "--workers", str(workers))
    gate = Gate()
    upstream.always(two_kinds(gate))
    peers = [connect(gateway) for _ in range(OPEN)]
    for number, peer in enumerate(peers):
        peer.settimeout(30)
        peer.sendall(written(gateway, {**STREAM, "messages": hello("end" if number % 2 else "stay")}))
    for peer in peers:
        read_until(peer, b"first")
    with line(gateway) as idle:
        assert ask(idle, "/health/ready").json["draining"] is False
        os.kill(gateway.pid, signal.SIGTERM)
        until(lambda: refuses(gateway))
        assert idle.sock.recv(1) == b""
    gate.open()
    rests = [read_all(peer) for peer in peers]
    assert gateway.stop() == 0
    for number, rest in enumerate(rests):
        if number % 2:
            assert b'"persona":{' in rest
            assert b"data: [DONE]\n\n" in rest
        else:
            assert b'data: {"error":{' in rest
            assert b'"code":"server.draining"' in rest
            assert b"[DONE]" not in rest
        assert rest.endswith(b"0\r\n\r\n")
    for peer in peers:
        peer.close()
    assert statuses(gateway) == {("completed", None): OPEN // 2, ("failed", "shutdown"): OPEN // 2}
    assert gateway.errors() == ""


def test_whole_answers_and_embeddings_beyond_the_grace_are_refused(
    start: Start, upstream: ScriptedUpstream
) -> None:
    more = ("[server]", "shutdown_grace = 0.3", "[embeddings]", 'upstream = "main"')
    gateway = start(table(upstream, *more))
    upstream.always(faults.silent())
    with connect(gateway) as chat, connect(gateway) as embeddings:
        chat.sendall(written(gateway, ASK))
        embeddings.sendall(written(gateway, {"model": "any", "input": "dusk"}, "/v1/openai/embeddings"))
        upstream.wait_for(2)
        assert gateway.stop() == 0
        for peer in (chat, embeddings):
            answer = read_all(peer)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b'"code":"server.draining"' in answer
    assert gateway.errors() == ""


def test_callers_who_do_not_read_or_send_do_not_hold_up_the_end(
    start: Start, upstream: ScriptedUpstream
) -> None:
    gateway = start(table(upstream, "[server]", "shutdown_grace = 0.3"))
    upstream.always(faults.drip(0, 256 * 1024))
    with connect(gateway) as reader, connect(gateway) as sender, connect(gateway) as silent:
        reader.sendall(written(gateway, STREAM))
        sender.sendall(written(gateway, ASK)[:-10])
        silent.sendall(b"POST")
        (seen,) = upstream.wait_for(1)
        assert seen.blocked.wait(10)
        os.kill(gateway.pid, signal.SIGTERM)
        assert seen.gone.wait(10)
        assert gateway.stop() == 0
    assert statuses(gateway) == {("failed", "shutdown"): 1}
    assert gateway.errors() == ""


# Its store


@pytest.fixture
def modest(start: Start, upstream: ScriptedUpstream) -> Gateway:
    """A gateway that keeps five turns while the store cannot be written."""
    gateway = start(table(upstream, "[turns]", "queue = 5", "flush_interval = 0.05"))
    assert fetch(gateway, body=ASK).status == 200
    until(lambda: sum(statuses(gateway).values()) == 1)
    return gateway


@contextmanager
def locked(gateway: Gateway) -> Iterator[None]:
    with closing(sqlite3.connect(gateway.folder / "persona.db", isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        yield
        store.execute("ROLLBACK")


@contextmanager
def away(gateway: Gateway) -> Iterator[None]:
    """Move the file away, with those that belong to it."""
    for path in gateway.folder.glob("persona.db*"):
        path.rename(path.with_name("away-" + path.name))
    yield
    for path in gateway.folder.glob("away-*"):
        path.rename(path.with_name(path.name.removeprefix("away-")))


@contextmanager
def unreadable(gateway: Gateway) -> Iterator[None]:
    """Put another file in its place, which is no store."""
    with away(gateway):
        path = gateway.folder / "persona.db"
        path.write_bytes(b"no store at all " * 1000)
        yield
        for path in gateway.folder.glob("persona.db*"):
            path.unlink()


@contextmanager
def in_the_way(gateway: Gateway) -> Iterator[None]:
    """Put a folder in its place."""
    with away(gateway):
        path = gateway.folder / "persona.db"
        path.mkdir()
        yield
        path.rmdir()


@contextmanager
def full(gateway: Gateway) -> Iterator[None]:
    """Let the worker make no file longer than it is."""
    (worker,) = children(gateway.pid)
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.prlimit(worker, resource.RLIMIT_FSIZE, before)


FAILURES: dict[str, Callable[[Gateway], Any]] = {
    "locked": locked,
    "away": away,
    "unreadable": unreadable,
    "a folder": in_the_way,
    "full": full,
}


@pytest.mark.serial
@pytest.mark.parametrize("name", FAILURES)
def test_answers_go_on_without_the_store(modest: Gateway, upstream: ScriptedUpstream, name: str) -> None:
    other = mint(modest)
    with FAILURES[name](modest):
        assert fetch(modest, body=ASK).status == 200
        state = until(lambda: degraded(modest), within=20) or {}
        assert (state["status"], state["turns_dropped"]) == ("degraded", 0)
        for number in range(9):
            assert fetch(modest, body={**ASK, "stream": number % 2 == 0}).status == 200
        # The first turn may have been written before the file was missed.
        dropped = ready(modest)["turns_dropped"]
        assert dropped in (4, 5)
        if name in ("away", "unreadable", "a folder"):
            assert_not_remembered(modest, other)
    until(lambda: ready(modest)["store"] == "ok", within=20)
    until(lambda: sum(statuses(modest).values()) == 11 - dropped)
    assert ready(modest)["turns_dropped"] == dropped
    assert fetch(modest, body=ASK, key=other).status == 200
    assert "Traceback" not in modest.errors()


def degraded(gateway: Gateway) -> dict[str, Any] | None:
    reply = fetch(gateway, "/health/ready")
    # One worker that answers from memory is better than none.
    assert reply.status == 200
    return reply.json if reply.json["store"] == "degraded" else None


def assert_not_remembered(gateway: Gateway, other: str) -> None:
    """Check that an unknown name is not known now, which is not to say that it does not exist."""
    for reply in (
        fetch(gateway, body={**ASK, "model": "persona/never-seen"}),
        fetch(gateway, body=ASK, key=other),
        fetch(gateway, "/v1/openai/models"),
    ):
        assert reply.status == 503
        assert reply.error["code"] == "store.unavailable"


def test_a_store_that_was_replaced_is_read_anew(modest: Gateway, upstream: ScriptedUpstream) -> None:
    path = modest.folder / "persona.db"
    with closing(sqlite3.connect(path)) as store, closing(sqlite3.connect(path.with_name("copy.db"))) as copy:
        store.backup(copy)
    modest.push(slug="the-night-librarian", prompt="The second.")
    until(lambda: fetch(modest, body=ASK).headers["x-persona"] == "the-night-librarian@v2")
    for ending in ("-wal", "-shm"):
        path.with_name(f"persona.db{ending}").unlink()
    path.with_name("copy.db").rename(path)
    until(lambda: fetch(modest, body=ASK).headers["x-persona"] == "the-night-librarian@v1")


def test_a_turn_that_cannot_be_stored_holds_up_no_other(modest: Gateway, upstream: ScriptedUpstream) -> None:
    half = (
        b'data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"\\ud83d"}]}\n\ndata: [DONE]\n\n'
    )
    top = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(half)
    upstream.reply(raw(top + half))
    assert fetch(modest, body=STREAM).status == 200
    giant = b'{"choices":[],"usage":{"prompt_tokens":%b}}' % (b"9" * 30)
    top = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(giant)
    upstream.reply(raw(top + giant))
    assert fetch(modest, body=ASK).status == 200
    assert fetch(modest, body=ASK).status == 200
    until(lambda: statuses(modest)["completed", None] + ready(modest)["turns_dropped"] == 4)
    assert statuses(modest)["completed", None] >= 2
    assert ready(modest)["store"] == "ok"


# Its model


@pytest.mark.serial
@pytest.mark.local_model
def test_a_model_that_is_killed_comes_back(tmp_path: Path) -> None:
    try:
        find_weights(config.Local())
    except LocalModelMissing as missing:
        pytest.skip(str(missing))
    gateway = Gateway(tmp_path, "").start()
    try:
        with connect(gateway) as peer:
            peer.settimeout(60)
            peer.sendall(written(gateway, {**STREAM, "max_tokens": 200}))
            read_until(peer, b'"content":"')
            os.kill(model_of(gateway), signal.SIGKILL)
            rest = read_until(peer, b"0\r\n\r\n")
        assert b'data: {"error":{' in rest
        assert b'"code":"provider.stream_broken"' in rest
        assert b"[DONE]" not in rest
        # Whoever asks meanwhile waits for it.
        for number in range(3):
            os.kill(until(lambda: model_of(gateway), within=10), signal.SIGKILL)
            reply = fetch(gateway, body={**ASK, "max_tokens": 4, "stream": number == 1})
            assert reply.status == 200
            assert int(reply.headers["x-persona-attempts"]) > 1
            assert number != 1 or b"data: [DONE]" in reply.body
    finally:
        assert gateway.stop() == 0
    assert "Traceback" not in gateway.errors()


def model_of(gateway: Gateway) -> int:
    """Return the model's process; 0 while there is none."""
    lines = {pid: (PROC / str(pid) / "cmdline").read_bytes() for pid in children(gateway.pid)}
    return next((pid for pid, words in lines.items() if b"local_child" in words), 0)


# Its processes


@pytest.fixture
def pair(start: Start, upstream: ScriptedUpstream) -> Gateway:
    return start(table(upstream), "--workers", "2")


@pytest.mark.serial
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
    (heir,) = until(lambda: set(children(pair.pid)) - {victim, survivor}, within=10)
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


@pytest.mark.serial
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
            until(lambda: len(children(pair.pid)) == 2 and children(pair.pid) != before, within=20)  # noqa: B023
            enough = outcomes[200] + 50
            until(lambda: outcomes[200] > enough, within=20)  # noqa: B023
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


@pytest.mark.serial
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

    def start(self, kind: str, number: int = 0) -> int:
        self._input.write(f"{kind} {number}\n".encode())
        self._input.flush()
        return next(int(words[1]) for words in iter(self.heard, None) if words[0] == "started")

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
        self._input.close()
        self._server.wait(10)
        assert self._server.stdout
        self._server.stdout.close()


@pytest.mark.soak
@pytest.mark.serial
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
            pids = [writers.start("turns"), writers.start("commands", number)]
            for _ in range(chance.randrange(1, 6)):
                note(done, writers.heard())
            # The kill comes somewhere in the next command.
            while words := writers.heard(within=chance.random() * 0.02):
                note(done, words)
            for pid in pids:
                os.killpg(pid, signal.SIGKILL)
            until(lambda pids=pids: not any(is_running(pid) for pid in pids))  # type: ignore[misc]
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
    with closing(sqlite3.connect(folder / "persona.db", timeout=10)) as store:
        row = store.execute("SELECT prompt FROM versions ORDER BY id DESC LIMIT 1").fetchone()
    return int(row[0].strip("Prompt ."))


def assert_kept(folder: Path, done: Counter[str]) -> None:
    with closing(sqlite3.connect(folder / "persona.db", timeout=10)) as store:
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
