"""Turns: listed, read and followed live, without a word of what was said."""

import json
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import msgspec
import pytest

from gateway.drift.score import Signal
from gateway.turns.turn import ChoiceScore, Drift, Explain, Judgement, Usage
from tests.api.conftest import User, details, made, refused, settings, statement
from tests.conftest import Start
from tests.e2e.wire import connect, read_all, read_until
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import status
from tests.soak import many

Event = dict[str, str]


def rows(me: User, query: str = "") -> list[dict[str, Any]]:
    reply = me.get(f"/turns?{query}")
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json["data"]
    return found


def test_a_turn_is_shown_without_its_words(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona(prompt="A prompt to keep.")
    answer = me.chat("persona/muse")
    turn_id = answer.json["persona"]["turn"]
    reply = until(lambda: (found := me.get(f"/turns/{turn_id}")).status == 200 and found)
    assert isinstance(reply, tuple)
    turn = reply.json
    explain = turn.pop("explain")
    assert turn.pop("judge") is None
    assert explain.keys() == {"values_basis", "signals", "choices"}
    assert rows(me) == [turn]
    assert (turn["persona"], turn["version"], turn["key"]) == (persona["id"], 1, me.id)
    assert (turn["status"], turn["finish_reason"], turn["attempts"]) == ("completed", "stop", 1)
    assert turn["request_id"] == answer.headers["x-request-id"]
    assert turn["usage"]["total_tokens"] == answer.json["usage"]["total_tokens"]
    assert turn["drift"] == answer.json["persona"]["drift"]
    for word in (
        b"prompt to keep",
        b"Good evening",
        answer.json["choices"][0]["message"]["content"].encode(),
    ):
        assert word not in reply.body


def test_turns_are_narrowed_and_paged(me: User, upstream: ScriptedUpstream) -> None:
    muse = me.persona()
    me.persona("other")
    for number in range(5):
        me.chat("persona/muse" if number % 2 else "persona/other")
    upstream.reply(status(422))
    me.chat("persona/muse")
    until(lambda: len(rows(me)) == 6)
    pages = me.pages("/turns", 4)
    assert [len(page) for page in pages] == [4, 2]
    assert [one for page in pages for one in page] == rows(me)
    for ref in ("muse", muse["id"]):
        assert {one["persona"] for one in rows(me, f"persona={ref}")} == {muse["id"]}
        assert len(rows(me, f"persona={ref}")) == 3
    assert len(rows(me, "status=failed")) == 1
    assert len(rows(me, "status=completed&persona=muse")) == 2
    assert rows(me, "version=2") == []
    assert len(rows(me, "version=1")) == 6
    assert [one["status"] for one in rows(me, "version=1&verdict=unscored")] == ["failed"]
    oldest = min(one["created_at"] for one in rows(me))
    assert rows(me, f"until={oldest}") == []
    assert len(rows(me, f"since={oldest}")) == 6
    assert rows(me, "persona=psn_nothing") == []
    refused(me.get("/turns?persona=nobody"), 404, "persona.not_found")


@pytest.mark.parametrize(
    ("query", "place", "kind"),
    [
        ("status=lost", "status", "type_error"),
        ("verdict=good", "verdict", "type_error"),
        ("version=0", "version", "type_error"),
        ("version=99999999999999999999999", "version", "type_error"),
        ("since=yesterday", "since", "type_error"),
        ("since=2026-01-01T00:00:00", "since", "value_error"),
        ("until=0001-01-01T00:00:00", "until", "value_error"),
        ("limit=1000", "limit", "type_error"),
        ("after=x", "after", "value_error"),
        ("after=" + "9" * 30, "after", "value_error"),
        ("persona=" + "a" * 700, "persona", "type_error"),
    ],
)
def test_a_wrong_parameter_is_told(me: User, query: str, place: str, kind: str) -> None:
    assert details(me.get(f"/turns?{query}")) == [(["query", place], kind)]


def explained(me: User, persona: str) -> str:
    """A turn with this persona whose score rests on its fields, examples, prompt and an earlier turn."""
    turn: str = me.chat(persona).json["persona"]["turn"]
    until(lambda: me.get(f"/turns/{turn}").status == 200)
    bases = ("layers.secret.lover", "examples[2]", "prompt", "turn[3]", None)
    signals = tuple(Signal("value-clash", "values", 0.01, 0, 5, basis) for basis in bases)
    scored = Drift(voice=0.1, values=0.9, verdict="drifting")
    explain = Explain("fields", signals, (ChoiceScore(0, scored, 4.0, "fields", signals),))
    judge = Judgement(
        voice=0.5,
        values=0.9,
        coherence=4.0,
        contradicted_field="layers.secret.lover",
        start=0,
        end=5,
        choice=0,
        model="main/the-judge",
        usage=Usage(),
        at="2030-01-01T00:00:00Z",
    )
    texts = [msgspec.json.encode(each).decode() for each in (explain, judge)]
    statement(me.gateway, "UPDATE turns SET explain = ?, judge = ? WHERE id = ?", *texts, turn)
    return turn


def bases_shown(reader: User, turn: str) -> list[str | None]:
    """On what the turn's score rests, as told to this reader; the field that the judge names comes last."""
    shown = reader.get(f"/turns/{turn}").json
    explain, judge = shown["explain"], shown["judge"]
    found, of_choice = (
        [one.get("basis") for one in holder["signals"]] for holder in (explain, explain["choices"][0])
    )
    assert found == of_choice
    assert (explain["values_basis"], judge["values"], judge["end"]) == ("fields", 0.9, 5)
    return [*found, judge["contradicted_field"]]


NAMED = ["layers.secret.lover", "examples[2]", "prompt", "turn[3]", None, "layers.secret.lover"]
VEILED = ["fields", "examples", "prompt", "earlier", None, None]


def test_only_who_may_use_a_persona_reads_on_what_of_it_a_score_rests(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona(visibility="private")
    colleague = me.colleague()
    turn = explained(me, "persona/muse")
    assert [bases_shown(reader, turn) for reader in (me, colleague)] == [NAMED, VEILED]
    me.patch("/personas/muse", {"visibility": "workspace"})
    assert [bases_shown(reader, turn) for reader in (me, colleague)] == [NAMED, NAMED]
    me.delete("/personas/muse")
    assert bases_shown(me, turn) == NAMED


def test_a_score_tells_no_fields_of_a_persona_of_others_or_of_none(
    me: User, stranger: User, upstream: ScriptedUpstream
) -> None:
    turn = explained(me, f"persona/{stranger.persona(visibility='public')['id']}")
    assert bases_shown(me, turn) == VEILED
    mine = explained(me, f"persona/{me.persona()['id']}")
    statement(me.gateway, "UPDATE turns SET persona_id = 'psn_gone' WHERE id = ?", mine)
    assert bases_shown(me, mine) == VEILED


def test_turns_of_others_are_not_there(me: User, stranger: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    turn = me.chat("persona/muse").json["persona"]["turn"]
    until(lambda: rows(me))
    assert rows(stranger) == []
    told = [refused(stranger.get(f"/turns/{one}"), 404, "turn.not_found") for one in (turn, "msg_nothing")]
    assert told[0]["message"] == told[1]["message"]
    refused(me.colleague("chat:invoke").get("/turns"), 403, "auth.missing_scope")


class Following:
    """A stream of turns that is being read."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._file = peer.makefile("rb")
        self.head = self._read_head()

    def hurry(self) -> None:
        """Take more at once than a reader with a small window does."""
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    def _read_head(self) -> str:
        lines = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            lines.append(line.decode().strip())
        return "\n".join(lines)

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        return self._file.read(size + 2)[:-2]

    def events(self) -> Iterator[Event]:
        """Each event; a comment is none. Ends with the stream, which has to end well."""
        waiting = b""
        while data := self._chunk():
            waiting += data
            *frames, waiting = waiting.split(b"\n\n")
            for frame in frames:
                lines = [line.partition(": ") for line in frame.decode().split("\n")]
                if event := {name: value for name, _, value in lines if name}:
                    yield event
        assert waiting == b""


@contextmanager
def following(me: User, query: str = "", window: int = 0, **headers: str) -> Iterator[Following]:
    lines = [f"GET /v1/turns/stream{query} HTTP/1.1", "Host: gateway", f"Authorization: Bearer {me.key}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with closing(connect(me.gateway)) as peer:
        if window:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        peer.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        stream = Following(peer)
        assert stream.head.startswith("HTTP/1.1 200"), stream.head
        assert "text/event-stream" in stream.head
        yield stream


def test_turns_are_followed_as_they_end(me: User, stranger: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    me.persona("other")
    stranger.persona()
    with following(me) as all_, following(me, "?persona=muse") as narrow:
        stranger.chat("persona/muse")
        asked = [me.chat(f"persona/{slug}").json["persona"]["turn"] for slug in ("other", "muse", "other")]
        events, of_muse = all_.events(), narrow.events()
        got = [next(events) for _ in asked]
        assert sorted(json.loads(event["data"])["id"] for event in got) == sorted(asked)
        assert {event["event"] for event in got} == {"turn.completed"}
        assert json.loads(next(of_muse)["data"])["id"] == asked[1]
    assert json.loads(got[0]["data"]) in rows(me)


def test_a_stream_resumes_after_the_last_event_it_saw(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    with following(me) as stream:
        me.chat("persona/muse")
        last = next(stream.events())
    for _ in range(3):
        me.chat("persona/muse")
    until(lambda: len(rows(me)) == 4)
    with following(me, last_event_id=last["id"]) as stream:
        events = stream.events()
        missed = [next(events) for _ in range(3)]
        newest = me.chat("persona/muse").json["persona"]["turn"]
        following_one = next(events)
    ids = [int(event["id"]) for event in [last, *missed, following_one]]
    assert ids == sorted(set(ids))
    assert json.loads(following_one["data"])["id"] == newest


def test_a_stream_refuses_as_other_routes_do(me: User) -> None:
    place = "/turns/stream"
    assert details(me.get(place, last_event_id="x")) == [(["header", "Last-Event-ID"], "value_error")]
    refused(me.get(f"{place}?persona=nobody"), 404, "persona.not_found")
    refused(me.colleague("chat:invoke").get(place), 403, "auth.missing_scope")
    refused(me.post(place), 405, "route.method_not_allowed")


def test_a_revoked_key_follows_no_more(me: User, upstream: ScriptedUpstream) -> None:
    me.persona(visibility="workspace")
    other = me.colleague()
    with following(other) as stream:
        me.delete(f"/keys/{other.id}")
        until(lambda: all(other.get("/turns").status == 401 for _ in range(4)))
        me.chat("persona/muse")
        assert list(stream.events()) == []


def finished_turns(gateway: Gateway, workspace: str, count: int) -> None:
    """So many turns at once, as after a burst."""
    row: dict[str, Any] = {
        "request_id": "req_x",
        "workspace_id": workspace,
        "key_id": "key_x",
        "model": "m" * 150,
    }
    row |= {"stream": 0, "status": "completed", "attempts": 1, "latency_ms": 1, "verdict": "unscored"}
    row |= {"created_at": 1}
    columns = ", ".join(["id", *row])
    values = ", ".join("?" * (len(row) + 1))
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=10)) as store, store:
        store.executemany(
            f"INSERT INTO turns ({columns}) VALUES ({values})",
            [(f"msg_burst{number}", *row.values()) for number in range(count)],
        )


@pytest.mark.soak
def test_who_reads_too_slowly_is_told_so_and_nobody_else_is(start: Start, upstream: ScriptedUpstream) -> None:
    count = many(12_000, soak=1_000_000)
    root = User(start(settings(upstream)), "")
    root.key = root.gateway.key
    workspace = root.get("/workspaces").json["data"][0]["id"]
    with following(root, window=4096) as slow, following(root) as fast:
        finished_turns(root.gateway, workspace, count)
        events = fast.events()
        assert [json.loads(next(events)["data"])["id"] for _ in range(count)][-1] == f"msg_burst{count - 1}"
        slow.hurry()
        *got, dropped = slow.events()
    assert 0 < len(got) < count
    assert dropped["event"] == "stream.dropped"
    assert "Last-Event-ID" in json.loads(dropped["data"])["message"]
    ids = [int(event["id"]) for event in got]
    assert ids == list(range(1, len(ids) + 1))


def test_streams_end_well_when_the_gateway_is_told_to_stop(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(settings(upstream))
    root = User(gateway, gateway.key)
    made(root.post("/personas", {"slug": "muse", "prompt": "A"}))
    with following(root) as stream:
        root.chat("persona/muse")
        events = stream.events()
        assert next(events)["event"] == "turn.completed"
        assert gateway.stop(signal.SIGTERM) == 0
        assert list(events) == []
    assert gateway.errors() == ""


def test_a_stream_answers_at_once_and_stays_open(me: User) -> None:
    with closing(connect(me.gateway)) as peer:
        request = f"GET /v1/turns/stream HTTP/1.0\r\nHost: g\r\nAuthorization: Bearer {me.key}\r\n\r\n"
        peer.sendall(request.encode())
        assert b" 200 " in read_until(peer, b"\r\n\r\n")
        peer.shutdown(socket.SHUT_WR)
        assert b"error" not in read_all(peer)
