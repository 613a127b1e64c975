"""The store misbehaves under callers of the native API, who are told so; unwanted writes are not done."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.api.conftest import User, refused, settings, statement
from tests.api.following import finished_turns, following
from tests.conftest import Start
from tests.e2e.wire import connect
from tests.fakes.sockets import read_until
from tests.fakes.upstream import ScriptedUpstream


@pytest.fixture
def root(start: Start, upstream: ScriptedUpstream) -> User:
    gateway = start(settings(upstream))
    return User(gateway, gateway.key)


@contextmanager
def locked(user: User) -> Iterator[None]:
    with closing(sqlite3.connect(user.gateway.folder / "persona.db", isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        yield
        store.execute("ROLLBACK")


def post(user: User, slug: str) -> socket.socket:
    """Send a persona, and leave its answer unread."""
    body = json.dumps({"slug": slug, "prompt": "A prompt."}).encode()
    head = f"POST /v1/personas HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {user.key}\r\n"
    peer = connect(user.gateway)
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    peer.sendall(head.encode() + body)
    return peer


def slugs(user: User) -> set[str]:
    return {one["slug"] for one in user.get("/personas?limit=200").json["data"]}


def test_what_waits_for_a_lock_is_not_done_for_who_has_left(root: User) -> None:
    with ExitStack() as opened:
        with locked(root):
            leaving = [post(root, f"gone-{number}") for number in range(5)]
            staying = opened.enter_context(closing(post(root, "stays")))
            # What was sent before has been read by the time that this is answered.
            assert root.get("/personas").status == 200
            for peer in leaving:
                peer.close()
            assert root.get("/personas").status == 200
        assert read_until(staying, b"\r\n\r\n").startswith(b"HTTP/1.1 201")
    assert not [slug for slug in slugs(root) if slug.startswith("gone")]


def test_a_damaged_store_is_told(root: User) -> None:
    root.post("/personas", {"slug": "long", "prompt": "A long prompt. " * 20_000})
    with closing(sqlite3.connect(root.gateway.folder / "persona.db")) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit'").fetchone()
        (size,) = store.execute("PRAGMA page_size").fetchone()
    with (root.gateway.folder / "persona.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    # A commit of another connection has the worker read its pages again.
    statement(root.gateway, "UPDATE workspaces SET created_at = created_at + 1")
    refused(root.get("/audit"), 503, "store.unavailable")
    refused(root.post("/personas", {"slug": "more", "prompt": "A."}), 503, "store.unavailable")
    assert "Traceback" not in root.gateway.errors()


def copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(target, timeout=25)) as copy:
        store.backup(copy)


def test_streams_of_turns_go_on_when_an_older_store_is_put_back(root: User) -> None:
    path = root.gateway.folder / "persona.db"
    workspace = root.get("/workspaces").json["data"][0]["id"]
    copied(path, path.with_name("copy.db"))
    with following(root) as stream:
        events = stream.events()
        finished_turns(root.gateway, workspace, 3, "before")
        before = [next(events) for _ in range(3)]
        copied(path.with_name("copy.db"), path)
        gap = next(events)
        finished_turns(root.gateway, workspace, 2, "after")
        after = [next(events) for _ in range(2)]
    assert (gap["event"], gap["id"]) == ("stream.gap", "0")
    assert [json.loads(event["data"])["id"] for event in after] == ["msg_after0", "msg_after1"]
    with following(root, last_event_id=before[-1]["id"]) as stream:
        gap = next(stream.events())
    assert (gap["event"], gap["id"]) == ("stream.gap", after[-1]["id"])


def test_a_listener_who_was_away_too_long_is_told_so(root: User) -> None:
    workspace = root.get("/workspaces").json["data"][0]["id"]
    finished_turns(root.gateway, workspace, 1201, "early")
    with following(root, last_event_id="1") as stream:
        events = stream.events()
        gap, *rest = (next(events) for _ in range(1001))
    assert gap["event"] == "stream.gap"
    assert [int(event["id"]) for event in rest] == list(range(202, 1202))
    with following(root, last_event_id="201") as stream:
        assert next(stream.events())["id"] == "202"
