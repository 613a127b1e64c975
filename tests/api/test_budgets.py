"""Budgets are set by those who may, and hold on every surface, however a call ends."""

import json
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from tests.api.conftest import User, details, refused
from tests.conftest import Start
from tests.e2e.wire import Reply, connect, fetch, written
from tests.fakes.process import upstream_table
from tests.fakes.until import until as until_within
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, completion, usage_chunk
from tests.fakes.upstream_scripts import CLOSE, Gate, events, json_answer, status

until = partial(until_within, within=30)
TOKENS = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
"""They cost two cents: a token of a prompt costs a tenth of a cent, and one of an answer a fifth."""


def budget(me: User, subject: str = "workspace", unit: str = "usd", period: str = "day") -> dict[str, Any]:
    """Find one budget as it stands."""
    found = me.get(f"/budgets?subject={subject}").json["data"]
    (one,) = [one for one in found if (one["unit"], one["period"]) == (unit, period)]
    return dict(one)


def gone(me: User) -> tuple[float, float, int]:
    found = budget(me)
    return found["spent"], found["reserved"], found["calls"]


def in_use(me: User, limit: float) -> None:
    """Set a budget of dollars, which both workers know once they refuse what has no price."""
    assert me.put("/budgets/workspace/usd/day", {"limit": limit}).status == 200
    until(lambda: {me.chat("plain-model").status for _ in range(6)} == {422})


def asked(me: User) -> list[dict[str, Any]]:
    """List the turns of personas for which an upstream was asked."""
    return [one for one in me.get("/turns").json["data"] if one["attempts"] and one["persona"]]


@pytest.fixture
def billed(upstream: ScriptedUpstream) -> ScriptedUpstream:
    """An upstream whose every whole answer takes the same tokens."""
    upstream.always(json_answer(completion(usage=TOKENS)))
    return upstream


def test_a_budget_is_set_listed_changed_and_removed(me: User) -> None:
    key = me.colleague("chat:invoke")
    first = me.put(f"/budgets/{key.id}/usd/month", {"limit": 12.5}).json
    assert (first["kind"], first["subject"], first["limit"], first["left"]) == ("key", key.id, 12.5, 12.5)
    assert first["resets_at"] > first["since"]
    assert me.put("/budgets/workspace/tokens/hour", {"limit": 1000}).json["subject"] == me.workspace
    assert [one["kind"] for one in me.get("/budgets").json["data"]] == ["workspace", "key"]
    assert [len(each) for each in me.pages("/budgets", 1)] == [1, 1]
    assert me.put(f"/budgets/{key.id}/usd/month", {"limit": 20}).json["limit"] == 20
    assert me.delete(f"/budgets/{key.id}/usd/month").status == 204
    refused(me.delete(f"/budgets/{key.id}/usd/month"), 404, "budget.not_found")
    audit = me.get("/audit?action=budget.").json["data"]
    assert [one["action"] for one in audit] == ["budget.removed", "budget.set", "budget.set", "budget.set"]


def test_what_is_wrong_with_a_budget_is_told(me: User) -> None:
    place = "/budgets/workspace/usd/day"
    for limit in (-1, 1e10, 10**400):
        assert details(me.put(place, {"limit": limit}), 422, "budget.schema_violation")
    assert details(me.put("/budgets/workspace/tokens/day", {"limit": 1.5}), 422, "budget.schema_violation")
    assert details(me.put(place, {"limit": "much"})) == [(["limit"], "type_error")]
    assert details(me.put(place, {})) == [(["limit"], "missing")]
    assert me.put("/budgets/workspace/euro/day", {"limit": 5}).status == 400
    assert me.put("/budgets/workspace/usd/week", {"limit": 5}).status == 400
    refused(me.put("/budgets/psn_none/usd/day", {"limit": 5}), 404, "budget.not_found")
    refused(me.colleague("config:read").put(place, {"limit": 5}), 403, "auth.missing_scope")
    refused(me.colleague("config:write").get("/budgets"), 403, "auth.missing_scope")
    refused(me.get("/budgets?after=soon"), 400, "request.invalid")


def test_nobody_but_an_operator_loosens_what_binds_his_own_key(me: User, operator: User) -> None:
    other = me.colleague("chat:invoke")
    persona = me.persona()["id"]
    for subject in (me.workspace, me.id, persona):
        place = f"/budgets/{subject}/usd/day"
        assert me.put(place, {"limit": 5}).status == 200
        assert me.put(place, {"limit": 4}).status == 200
        refused(me.put(place, {"limit": 6}), 403, "budget.binding")
        refused(me.delete(place), 403, "budget.binding")
    place = f"/budgets/{other.id}/usd/day"
    assert [me.put(place, {"limit": limit}).status for limit in (5, 6)] == [200, 200]
    query = f"?workspace={me.workspace}"
    assert operator.put(f"/budgets/{me.id}/usd/day{query}", {"limit": 50}).json["limit"] == 50
    assert len(operator.get(f"/budgets{query}").json["data"]) == 3
    assert operator.delete(f"/budgets/{me.id}/usd/day{query}").status == 204
    refused(me.get(f"/budgets?workspace={operator.workspace}"), 403, "auth.operator_required")


def test_a_key_makes_none_that_its_own_budget_would_not_bind(me: User) -> None:
    place = f"/budgets/{me.id}/usd/day"
    assert me.put(f"/budgets/{me.workspace}/usd/day", {"limit": 5}).status == 200
    assert me.post("/keys", {"name": "free"}).status == 201
    assert me.put(place, {"limit": 5}).status == 200
    refused(me.post("/keys", {"name": "free"}), 403, "auth.rights_exceeded")
    turned = me.post(f"/keys/{me.id}/rotate", {}).json
    assert turned["key"]
    assert [one["subject"] for one in me.get(f"/budgets?subject={turned['id']}").json["data"]] == [me.id]


def test_a_private_persona_s_budget_is_seen_by_its_owner_alone(me: User) -> None:
    persona = me.persona()["id"]
    assert me.put(f"/budgets/{persona}/tokens/day", {"limit": 5}).status == 200
    assert me.colleague().get("/budgets").json["data"] == []
    assert [one["subject"] for one in me.get("/budgets").json["data"]] == [persona]


def test_a_call_is_settled_by_what_it_took_however_it_ends(me: User, billed: ScriptedUpstream) -> None:
    me.persona()
    in_use(me, 100)
    assert me.chat("persona/muse").status == 200
    until(lambda: gone(me) == (0.02, 0, 1))
    billed.always(events([*answer_chunks(), {**usage_chunk(), "usage": TOKENS}]))
    assert me.chat("persona/muse", stream=True).status == 200
    until(lambda: gone(me) == (0.04, 0, 2))
    billed.always(status(422))
    assert me.chat("persona/muse").status == 422
    until(lambda: gone(me) == (0.04, 0, 3))
    billed.always(events(answer_chunks()).cut(2, CLOSE))
    me.chat("persona/muse", stream=True)
    until(lambda: gone(me)[1:] == (0, 4))
    assert sum(turn["cost_usd"] or 0 for turn in asked(me)) == pytest.approx(gone(me)[0])


def test_what_is_under_way_is_reserved_and_settled_when_its_caller_leaves(
    me: User, upstream: ScriptedUpstream
) -> None:
    me.persona()
    in_use(me, 100)
    gate = Gate()
    upstream.always(events(answer_chunks()).hold(gate))
    body = {"model": "persona/muse", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1000}
    with closing(connect(me.gateway)) as caller:
        caller.sendall(written(me.gateway, {**body, "stream": True}, key=me.key))
        reserved = until(lambda: budget(me)["reserved"])
        assert reserved == pytest.approx(2.0, abs=0.1)
        upstream.wait_for(1)
    until(lambda: gone(me)[1:] == (0, 1))
    gate.open()
    (turn,) = asked(me)
    assert (turn["status"], turn["cost_usd"]) == ("cancelled", pytest.approx(gone(me)[0]))


def shown(reply: Reply) -> tuple[int, str, str]:
    return reply.status, reply.error["code"], reply.headers["x-should-retry"]


def test_a_spent_budget_refuses_on_every_surface(me: User, billed: ScriptedUpstream) -> None:
    persona = me.persona()["id"]
    assert me.put(f"/budgets/{persona}/tokens/day", {"limit": 5}).status == 200
    until(lambda: {me.chat("persona/muse", max_tokens=1).status for _ in range(6)} == {402})
    body = {"message": "Hi", "persona": "muse", "max_tokens": 1}
    place = "/chat/conversations/conv_1/messages"
    for reply in (
        me.chat("persona/muse", max_tokens=1),
        me.chat("persona/muse", max_tokens=1, stream=True),
        me.post(place, body),
        me.post(place, {**body, "stream": True}),
    ):
        assert shown(reply) == (402, "budget.exceeded", "false")
        assert f"The budget of the persona `{persona}`" in reply.error["message"]
    billed.reset()
    assert me.chat("plain-model").status == 200
    refused_ = [one for one in me.get("/turns").json["data"] if one["error"] == "budget.exceeded"]
    assert all((one["attempts"], one["cost_usd"]) == (0, None) for one in refused_)


def test_a_model_without_a_price_is_refused_under_a_budget_of_dollars(
    me: User, billed: ScriptedUpstream
) -> None:
    me.persona()
    in_use(me, 100)
    reply = me.chat("plain-model")
    assert (reply.status, reply.error["code"]) == (422, "budget.price_unknown")
    assert "`main/plain-model`" in reply.error["message"]


PRICES = 'prices = { "text-embedding-3-small" = { input = 1e6, output = 0 } }'


def test_commands_set_budgets_and_embeddings_keep_to_them(start: Start, upstream: ScriptedUpstream) -> None:
    place, short = "/v1/openai/embeddings", {"model": "text-embedding-3-small", "input": "dusk"}
    long = {**short, "input": "a word " * 200}
    gateway = start(upstream_table("main", upstream.base_url, PRICES) + '[embeddings]\nupstream = "main"\n')
    gateway.cli("budgets", "set", "workspace", "--usd", "100", "--per", "hour")
    until(lambda: fetch(gateway, place, long).status == 402)
    assert fetch(gateway, place, short).status == 200
    listed = ("budgets", "list", "workspace", "--json")
    found = until(lambda: [one for one in json.loads(gateway.cli(*listed)) if one["calls"]])
    assert (found[0]["limit"], found[0]["reserved"]) == (100, 0)
    assert 0 < found[0]["spent"] < 100
    remote = ("--url", gateway.root, "--key", gateway.key)
    assert json.loads(gateway.cli(*listed, *remote)) == found
    gateway.cli("budgets", "remove", "workspace", "--per", "hour", *remote)
    until(lambda: fetch(gateway, place, long).status == 200)
