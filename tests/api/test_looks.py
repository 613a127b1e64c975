"""What a page shows at a glance: all personas, latency, a moment's effect, and the key that asks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.auth.scopes import SCOPES
from gateway.turns.looking import around, wilson
from tests.api.conftest import User, details, refused, statement
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream


def test_a_key_reads_what_it_may_do(me: User) -> None:
    colleague = me.colleague("runs:read")
    found = colleague.get("/keys/current").json
    assert found["key"]["id"] == colleague.id
    assert found["key"]["scopes"] == ["runs:read"]
    assert found["workspace"]["id"] == me.workspace
    assert "key" not in found["key"]
    assert set(me.get("/keys/current").json["key"]["scopes"]) <= set(SCOPES)


def test_all_personas_are_surveyed_and_those_furthest_away_come_first(
    me: User, upstream: ScriptedUpstream
) -> None:
    first, second = me.persona("muse"), me.persona("bard")
    for name in ("muse", "muse", "bard"):
        me.chat(f"persona/{name}")

    def survey() -> dict[str, Any]:
        found: dict[str, Any] = me.get("/drift").json
        return found if found["turns"] == 3 else {}

    found = until(survey)
    assert {one["persona"]: one["turns"] for one in found["data"]} == {first["id"]: 2, second["id"]: 1}
    assert [one["turns"] for one in found["buckets"]] == [3]
    assert sum(found["verdicts"].values()) == pytest.approx(1)
    worst = [one["verdicts"]["out-of-character"] * one["turns"] for one in found["data"]]
    assert worst == sorted(worst, reverse=True)
    short = me.get("/drift?limit=1&bucket=day").json
    assert (len(short["data"]), short["has_more"]) == (1, True)
    assert me.get("/drift?to=2020-01-01T00:00:00Z").json["turns"] == 0
    other = me.colleague("chat:read").get("/drift").json["data"]
    assert {one["slug"] for one in other} == {None}


def test_latency_is_told_for_each_upstream(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    me.chat("persona/muse")
    me.chat("plain-model")
    until(lambda: len(me.get("/turns").json["data"]) == 2)
    turns = me.get("/turns").json["data"]
    report = me.get("/usage/latency").json
    assert report["turns"] == 2
    assert report["latency_ms"]["p99"] == max(turn["latency_ms"] for turn in turns)
    assert {one["upstream"] for one in report["data"]} == {turn["upstream"] for turn in turns}
    assert me.get("/usage/latency?persona=muse").json["turns"] == 1
    assert me.get("/usage/latency?since=2090-01-01T00:00:00Z").json["latency_ms"] is None
    refused(me.get("/usage/latency?persona=nobody"), 404, "persona.not_found")


def test_a_moment_parts_the_verdicts(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    me.chat("persona/muse")
    turn = until(lambda: me.get("/turns").json["data"])[0]
    at = (datetime.now(UTC) + timedelta(seconds=30)).isoformat().replace("+00:00", "Z")
    found = me.get(f"/personas/muse/drift/around?at={at}").json
    assert (found["before"]["turns"], found["after"]["turns"]) == (1, 0)
    assert found["before"]["verdicts"][turn["drift"]["verdict"]] == 1
    assert found["differs"] is None
    began = turn["created_at"]
    assert me.get(f"/personas/muse/drift/around?at={began}").json["after"]["turns"] == 1
    assert details(me.get(f"/personas/muse/drift/around?at={at}&seconds=0")) == [
        (["query", "seconds"], "type_error")
    ]


def test_a_share_has_wilson_s_interval() -> None:
    found = wilson(81, 263)
    assert (found.share, found.low, found.high) == (0.308, 0.2553, 0.3662)
    assert (wilson(0, 5).low, wilson(5, 5).high) == (0.0, 1.0)


@pytest.mark.parametrize(("good", "differs"), [(2, True), (48, False)])
def test_shares_differ_where_chance_does_not_explain_it(good: int, differs: bool) -> None:
    before = ["in-character"] * 49 + ["drifting"]
    after = ["in-character"] * good + ["drifting"] * (50 - good)
    assert around(10**12, 1000, before, after).differs is differs


def test_turns_of_a_time_are_found_among_many(me: User, upstream: ScriptedUpstream) -> None:
    """Times grow with places in the store, so these are turns of a year to come, and go at the end."""
    persona = me.persona()
    me.chat("persona/muse")
    now = until(lambda: me.get("/turns").json["data"])[0]
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
    columns = "id, request_id, workspace_id, key_id, persona_id, model, stream, status, attempts, latency_ms"
    sql = (
        f"INSERT INTO turns ({columns}, verdict, created_at) {numbers} SELECT ? || i, 'req_0', ?, ?, ?, 'm', "
        "FALSE, 'completed', 1, 10, 'drifting', 4070908800000 + i * CAST(3600000 AS BIGINT) FROM n"
    )
    statement(me.gateway, sql, f"msg_{me.workspace[3:]}", me.workspace, me.id, persona["id"])

    def between(since: str, until: str) -> list[str]:
        found = me.get(f"/turns?since={since}&until={until}&limit=200&verdict=drifting").json["data"]
        return [turn["created_at"] for turn in found]

    try:
        day = between("2099-01-11T00:00:00Z", "2099-01-12T00:00:00Z")
        assert (len(day), day[0][:13], day[-1][:13]) == (24, "2099-01-11T23", "2099-01-11T00")
        assert len(between("2098-12-01T00:00:00Z", "2099-01-01T05:00:00Z")) == 5
        assert between("2098-12-01T00:00:00Z", "2098-12-31T00:00:00Z") == []
    finally:
        statement(
            me.gateway, "DELETE FROM turns WHERE workspace_id = ? AND request_id = 'req_0'", me.workspace
        )
    assert me.get(f"/turns?upstream={now['upstream']}").json["data"] == [now]
