"""Usage: requests, tokens and what they cost, by whom and when."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import User, details, refused, statement
from tests.conftest import Start
from tests.e2e.wire import connect, fetch, written
from tests.fakes.process import upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk, completion, usage_chunk
from tests.fakes.upstream_scripts import CLOSE, Gate, events, json_answer, status


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
    assert details(me.get("/usage?by=week")) == [(["query", "by"], "type_error")]
    assert details(me.get("/usage?since=soon")) == [(["query", "since"], "type_error")]
    assert details(me.get("/usage?until=2020-01-01T00:00:00")) == [(["query", "until"], "value_error")]


def turn_of(me: User, reply: Any) -> dict[str, Any]:
    """Read the turn of this request, once it is written."""
    request = reply.headers["x-request-id"]
    found = until(lambda: [one for one in me.get("/turns").json["data"] if one["request_id"] == request])
    turn: dict[str, Any] = found[0]
    return turn


KINDS = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 5},
    "cache_creation_input_tokens": 6,
}


@pytest.mark.parametrize("stream", [False, True])
def test_each_kind_of_token_is_kept_and_priced(me: User, upstream: ScriptedUpstream, stream: bool) -> None:
    me.persona()
    streamed = events([*answer_chunks(), {**usage_chunk(), "usage": KINDS}])
    upstream.always(streamed if stream else json_answer(completion(usage=KINDS)))
    turn = turn_of(me, me.chat("persona/muse", stream=stream))
    assert turn["usage"] == {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "cached_tokens": 64,
        "cache_write_tokens": 6,
        "reasoning_tokens": 5,
    }
    assert (turn["usage_source"], turn["unpriced"]) == ("upstream", False)
    # The prices are those of the configuration: 1000, 100, 1250, 2000 and 2000 dollars for a million.
    assert turn["cost_usd"] == pytest.approx((30 * 1000 + 64 * 100 + 6 * 1250 + 20 * 2000) / 1_000_000)
    (mine,) = sums(me, "by=persona").values()
    assert (mine["cached_tokens"], mine["cache_write_tokens"], mine["reasoning_tokens"]) == (64, 6, 5)
    assert (mine["unpriced"], mine["estimated"]) == (0, 0)
    versions = sums(me, f"by=version&persona={turn['persona']}")
    assert {name: one["cache_hit_rate"] for name, one in versions.items()} == {f"{turn['persona']}@v1": 0.64}


def test_a_model_that_nobody_has_a_price_for_is_unpriced_and_not_free(
    me: User, upstream: ScriptedUpstream
) -> None:
    turn = turn_of(me, me.chat("plain-model"))
    assert (turn["cost_usd"], turn["unpriced"]) == (None, True)
    (mine,) = sums(me, "by=upstream").values()
    assert (mine["cost_usd"], mine["unpriced"], mine["requests"]) == (None, 1, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_are_estimated_where_the_upstream_counts_none(
    me: User, upstream: ScriptedUpstream, stream: bool
) -> None:
    me.persona()
    text = "The lamps are lit, and the tea is nearly ready. " * 10
    upstream.always(
        events(answer_chunks(text)) if stream else json_answer({**completion(text), "usage": None})
    )
    turn = turn_of(me, me.chat("persona/muse", stream=stream))
    usage = turn["usage"]
    assert turn["usage_source"] == "estimated"
    assert usage["completion_tokens"] == pytest.approx(len(text) / 4.2, rel=0.05)
    assert 8 <= usage["prompt_tokens"] <= 20
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert turn["cost_usd"] > 0
    assert next(iter(sums(me, "").values()))["estimated"] == 1


def test_a_call_of_a_tool_is_estimated_too(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    chunks = [chunk(delta={"role": "assistant", "tool_calls": [call]}), chunk(finish="tool_calls")]
    upstream.always(events(chunks))
    turn = turn_of(me, me.chat("persona/muse", stream=True))
    assert turn["usage_source"] == "estimated"
    assert turn["usage"]["completion_tokens"] > 0


def test_a_stream_that_breaks_off_is_estimated(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    upstream.always(events([*answer_chunks("Half of what I wanted to say", finish=None), CLOSE]))
    turn = turn_of(me, me.chat("persona/muse", stream=True))
    assert (turn["status"], turn["usage_source"]) == ("failed", "estimated")
    assert turn["usage"]["completion_tokens"] >= 5
    assert turn["cost_usd"] > 0


def test_a_refused_request_costs_nothing(me: User, upstream: ScriptedUpstream) -> None:
    me.persona()
    upstream.always(status(422))
    turn = turn_of(me, me.chat("persona/muse"))
    assert (turn["usage_source"], turn["cost_usd"], turn["unpriced"]) == (None, None, False)
    assert set(turn["usage"].values()) == {None}


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_is_charged_for_what_was_sent(me: User, upstream: ScriptedUpstream, stream: bool) -> None:
    """A whole answer is not there yet when its caller leaves; of a stream some has come."""
    me.persona()
    gate = Gate()
    begun = events([*answer_chunks("Once upon a time", finish=None), gate])
    upstream.always(begun if stream else json_answer(completion()).hold(gate))
    body = {"model": "persona/muse", "messages": [{"role": "user", "content": "Tell me"}], "stream": stream}
    with closing(connect(me.gateway)) as peer:
        peer.sendall(written(me.gateway, body, key=me.key))
        upstream.wait_for(1)
        if stream:
            read_until(peer, b"upon")
    turn = until(lambda: me.get("/turns").json["data"])[0]
    gate.open()
    assert (turn["status"], turn["usage_source"]) == ("cancelled", "estimated")
    assert turn["usage"]["prompt_tokens"] > 0
    assert (turn["usage"]["completion_tokens"] > 0) is stream
    assert turn["cost_usd"] > 0


def test_old_turns_are_deleted_while_the_gateway_runs(start: Start, upstream: ScriptedUpstream) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = start(f"{table}[turns]\nkeep_days = 1\n")
    fetch(
        gateway,
        body={"model": "persona/the-night-librarian", "messages": [{"role": "user", "content": "Hi"}]},
    )
    turns = until(gateway.turns)
    assert gateway.stop() == 0
    statement(gateway, "UPDATE turns SET created_at = 1")
    statement(
        gateway,
        "INSERT INTO turns (id, request_id, workspace_id, key_id, model, stream, status, attempts,"
        " latency_ms, verdict, created_at) SELECT 'msg_new', request_id, workspace_id, key_id, model, stream,"
        " status, attempts, latency_ms, verdict, 9e12 FROM turns",
    )
    statement(gateway, "DELETE FROM properties WHERE name = 'retention.at'")
    gateway.start()
    until(lambda: [one["id"] for one in gateway.turns()] == ["msg_new"])
    usage = fetch(gateway, "/v1/usage?by=persona").json["data"]
    assert [one["requests"] for one in usage] == [len(turns)]
