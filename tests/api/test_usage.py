"""Usage: requests, tokens and what they cost, by whom and when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import User, details, refused
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import status


def sums(me: User, query: str) -> dict[str | None, dict[str, Any]]:
    found = me.get(f"/usage?{query}").json
    assert (found["has_more"], found["next"]) == (False, None)
    return {one["value"]: one for one in found["data"]}


def test_usage_is_summed_up_with_prices(me: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona(visibility="workspace")
    other = me.colleague("chat:invoke")
    usages = [me.chat("persona/muse").json["usage"], other.chat("persona/muse").json["usage"]]
    plain = me.chat("plain-model").json["usage"]
    upstream.reply(status(422))
    me.chat("persona/muse")
    until(lambda: len(me.get("/turns").json["data"]) == 4)

    tokens = {name: sum(usage[name] for usage in usages) for name in usages[0] if name.endswith("_tokens")}
    cost = (tokens["prompt_tokens"] * 1000 + tokens["completion_tokens"] * 2000) / 1_000_000
    by_persona = sums(me, "by=persona")
    mine = by_persona[persona["id"]]
    assert mine["requests"] == 3
    assert {name: mine[name] for name in tokens} == tokens
    assert mine["cost_usd"] == pytest.approx(cost)
    assert (by_persona[None]["total_tokens"], by_persona[None]["cost_usd"]) == (plain["total_tokens"], None)
    assert {key: one["requests"] for key, one in sums(me, "by=key").items()} == {me.id: 3, other.id: 1}
    assert set(sums(me, "by=upstream")) == {"main/gpt-4o-mini", "main/plain-model"}
    today = datetime.now(UTC).date().isoformat()
    days = sums(me, "")
    assert sum(one["requests"] for one in days.values()) == 4
    assert max(days, key=str) == today
    assert sums(me, "persona=muse&by=key")[me.id]["requests"] == 2
    assert sums(me, "since=2090-01-01T00:00:00Z") == sums(me, "until=2020-01-01T00:00:00Z") == {}


def test_a_turn_s_cost_is_shown(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    answer = me.chat("persona/muse").json
    turn = until(lambda: me.get("/turns").json["data"])[0]
    usage = answer["usage"]
    expected = (usage["prompt_tokens"] * 1000 + usage["completion_tokens"] * 2000) / 1_000_000
    assert turn["cost_usd"] == pytest.approx(expected)


def test_usage_is_the_workspace_s_own(me: User, stranger: User, upstream: ScriptedUpstream) -> None:
    persona = me.persona(visibility="public")
    me.chat("persona/muse")
    until(lambda: me.get("/usage").json["data"])
    assert stranger.get("/usage").json["data"] == []
    assert stranger.get(f"/usage?persona={persona['id']}").json["data"] == []
    refused(stranger.get("/usage?persona=muse"), 404, "persona.not_found")
    refused(me.colleague("chat:invoke").get("/usage"), 403, "auth.missing_scope")


def test_a_wrong_parameter_is_told(me: User) -> None:
    assert details(me.get("/usage?by=hour")) == [(["query", "by"], "type_error")]
    assert details(me.get("/usage?since=soon")) == [(["query", "since"], "type_error")]
    assert details(me.get("/usage?until=2020-01-01T00:00:00")) == [(["query", "until"], "value_error")]
