"""A persona's drift over time, for each version on each upstream, from the sums by the hour."""

from datetime import UTC, datetime
from typing import Any

from gateway.storage import tables
from tests.api.conftest import User, details, made, refused, statement
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream


def test_drift_is_told_for_each_version_and_upstream(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona()
    for _ in range(2):
        me.chat("persona/muse")
    me.patch("/personas/muse", {"prompt": "You are another muse."})
    # The other worker may not have heard of it yet.
    until(lambda: me.chat("persona/muse@v2").status == 200)

    def drift() -> list[dict[str, Any]]:
        series: list[dict[str, Any]] = me.get("/personas/muse/drift").json["data"]
        return series if sum(one["turns"] for one in series) == 3 else []

    found = until(drift)
    assert [(one["version"], one["upstream"], one["turns"]) for one in found] == [
        (2, "main/gpt-4o-mini", 1),
        (1, "main/gpt-4o-mini", 2),
    ]
    first = found[1]
    assert sum(first["verdicts"].values()) == 1
    assert first["levels"].keys() == {"voice", "values", "rules", "coherence"}
    (day,) = first["buckets"]
    assert day["at"][:10] == datetime.now(UTC).date().isoformat()
    assert day["turns"] == 2
    turns = [one for one in me.get("/turns").json["data"] if one["version"] == 1]
    voices = [one["drift"]["voice"] for one in turns if one["drift"]["voice"] is not None]
    assert (first["levels"]["voice"] is None) is (len(voices) == 0)
    by_id = me.get(f"/personas/{persona['id']}/drift?bucket=hour&version=1").json["data"]
    assert [one["turns"] for one in by_id] == [2]
    assert me.get("/personas/muse/drift?upstream=other/m").json["data"] == []
    assert me.get("/personas/muse/drift?from=2090-01-01T00:00:00Z").json["data"] == []
    assert me.get("/personas/muse/drift?to=2020-01-01T00:00:00Z").json["data"] == []


def test_a_workspace_sees_its_own_turns_with_a_public_persona(
    me: User, stranger: User, upstream: ScriptedUpstream
) -> None:
    persona = me.persona(visibility="public")
    me.chat("persona/muse")
    until(lambda: me.get("/personas/muse/drift").json["data"])
    assert stranger.get(f"/personas/{persona['id']}/drift").json["data"] == []
    refused(stranger.get("/personas/muse/drift"), 404, "persona.not_found")
    refused(me.colleague("personas:read").get("/personas/muse/drift"), 403, "auth.missing_scope")


def test_so_many_pieces_of_time_are_refused(me: User) -> None:
    persona = made(me.post("/personas", {"slug": "old", "prompt": "You are old."}))
    figures = [column.name for column in tables.drift_hours.columns if not column.primary_key]
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    row = f"?, ?, (497222 + i) * CAST(3600000 AS BIGINT), 1, 'm', {', '.join('0' for _ in figures)}"
    columns = ["workspace_id", "persona_id", "hour", "version", "upstream", *figures]
    sql = f"INSERT INTO drift_hours ({', '.join(columns)}) {numbers} SELECT {row} FROM n"
    statement(me.gateway, sql, me.workspace, persona["id"])
    query = "from=2026-01-01T00:00:00Z&bucket=hour"
    assert details(me.get(f"/personas/old/drift?{query}")) == [(["query", "from"], "value_error")]
    (series,) = me.get("/personas/old/drift?from=2026-01-01T00:00:00Z").json["data"]
    assert len(series["buckets"]) == 43
    assert series["verdicts"]["drifting"] == 0


def test_wrong_parameters_are_told(me: User) -> None:
    me.persona()
    assert details(me.get("/personas/muse/drift?bucket=week")) == [(["query", "bucket"], "type_error")]
    assert details(me.get("/personas/muse/drift?from=2020-01-01T00:00:00")) == [
        (["query", "from"], "value_error")
    ]
    assert details(me.get("/personas/muse/drift?since=2020-01-01T00:00:00Z")) == [
        (["query", "since"], "unknown_field")
    ]
