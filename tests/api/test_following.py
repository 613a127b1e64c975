"""Turns followed live: none is missed, none comes twice, and who cannot keep up is told so."""

import json
import signal
import socket
from contextlib import closing

import pytest

from tests.api.conftest import User, details, made, refused, settings
from tests.api.following import finished_turns, following
from tests.conftest import Start
from tests.e2e.wire import connect
from tests.fakes.sockets import read_all, read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.soak import many


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
    assert json.loads(got[0]["data"]) in me.get("/turns").json["data"]


def test_a_stream_resumes_after_the_last_event_it_saw(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    with following(me) as stream:
        me.chat("persona/muse")
        last = next(stream.events())
    for _ in range(3):
        me.chat("persona/muse")
    until(lambda: len(me.get("/turns").json["data"]) == 4)
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
