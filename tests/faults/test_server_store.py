"""The gateway loses its store, or a page of it, and goes on as far as it can."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.conftest import Start
from tests.e2e.conftest import mint
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import raw
from tests.faults.proc import PROC, children
from tests.faults.server import ASK, STREAM, ready, statuses, table

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")


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


@pytest.mark.parametrize("name", FAILURES)
def test_answers_go_on_without_the_store(modest: Gateway, upstream: ScriptedUpstream, name: str) -> None:
    other = mint(modest)
    with FAILURES[name](modest):
        assert fetch(modest, body=ASK).status == 200
        state = until(lambda: degraded(modest)) or {}
        assert (state["status"], state["turns_dropped"]) == ("degraded", 0)
        for number in range(9):
            assert fetch(modest, body={**ASK, "stream": number % 2 == 0}).status == 200
        # The first turn may have been written before the file was missed.
        dropped = ready(modest)["turns_dropped"]
        assert dropped in (4, 5)
        if name in ("away", "unreadable", "a folder"):
            assert_not_remembered(modest, other)
    until(lambda: ready(modest)["store"] == "ok")
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
