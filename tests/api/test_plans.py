"""Plans of workspaces and limits of keys: set by operators, and lowered by others at most."""

import pytest

from tests.api.conftest import NAMES, User, details, made, refused
from tests.e2e.wire import Reply
from tests.fakes.until import until


def tenant(operator: User) -> User:
    """Make a workspace with a key that may do everything but what operators may."""
    workspace = made(operator.post("/workspaces", {"name": f"planned-{next(NAMES)}"}))["id"]
    return operator.colleague(workspace=workspace)


def told(reply: Reply) -> str | None:
    assert reply.status in (200, 429), reply.body
    return reply.headers.get("x-ratelimit-limit")


def everywhere(user: User, limit: str | None) -> None:
    """Wait until both workers tell this limit."""
    until(lambda: {told(user.get("/personas?limit=1")) for _ in range(6)} == {limit})


def test_an_operator_gives_a_workspace_a_plan_and_takes_it_back(operator: User) -> None:
    member = tenant(operator)
    place = f"/workspaces/{member.workspace}/plan"
    none = {"workspace": member.workspace, "plan": None, "source": None, "limits": None}
    assert member.get(place).json == none
    assert told(member.get("/personas")) is None
    given = operator.put(place, {"plan": "pro"})
    assert (given.status, given.json["plan"], given.json["source"]) == (200, "pro", "api")
    assert given.json["limits"]["chat_per_minute"] == 600
    assert given.json["limits"]["pipelines"] is False
    everywhere(member, "600")
    assert member.get(place).json == given.json
    assert operator.get(place).json == given.json
    assert operator.put(place, {"plan": None}).json == none
    everywhere(member, None)
    audit = member.get("/audit?action=workspace.plan_set").json["data"]
    assert [entry["details"] for entry in audit] == [
        {"plan": None, "previous": "pro"},
        {"plan": "pro", "previous": None},
    ]


def test_nobody_else_sets_a_plan_or_reads_another_s(operator: User, stranger: User) -> None:
    member = tenant(operator)
    place = f"/workspaces/{member.workspace}/plan"
    refused(member.put(place, {"plan": "team"}), 403, "auth.operator_required")
    refused(member.colleague("chat:invoke").get(place), 403, "auth.missing_scope")
    theirs = refused(stranger.get(place), 404, "workspace.not_found")
    nobody_s = refused(stranger.get("/workspaces/ws_nothing/plan"), 404, "workspace.not_found")
    assert theirs["message"] == nobody_s["message"]
    refused(operator.put("/workspaces/ws_nothing/plan", {"plan": "pro"}), 404, "workspace.not_found")


def test_a_wrong_plan_is_told(operator: User) -> None:
    place = f"/workspaces/{operator.workspace}/plan"
    wrong = operator.put(place, {"plan": "gold"})
    assert details(wrong, 422, "workspace.schema_violation") == [(["plan"], "value_error")]
    assert "`free`, `pro`, `team`" in wrong.error["message"]
    assert details(operator.put(place, {"plan": 3})) == [(["plan"], "type_error")]
    assert details(operator.put(place, {})) == [(["plan"], "missing")]


def test_a_key_is_held_closer_than_its_workspace(operator: User) -> None:
    member = tenant(operator)
    low = member.colleague(limits={"chat_per_minute": 5})
    assert member.get("/keys").json["data"][-1]["limits"]["chat_per_minute"] == 5
    assert [low.get("/personas").status for _ in range(7)] == [200] * 5 + [429] * 2
    assert told(member.get("/personas")) is None
    operator.put(f"/workspaces/{member.workspace}/plan", {"plan": "free"})
    everywhere(low, "5")
    wide = member.colleague(limits={"chat_per_minute": 900})
    everywhere(wide, "30")


def test_limits_last_through_a_rotation(operator: User) -> None:
    low = tenant(operator).colleague(limits={"chat_per_minute": 3})
    made_anew = made(low.post(f"/keys/{low.id}/rotate", {}))
    assert made_anew["limits"]["chat_per_minute"] == 3
    successor = User(low.gateway, made_anew["key"], made_anew["id"], low.workspace)
    assert [successor.get("/personas").status for _ in range(3)] == [200, 200, 429]


def test_who_is_limited_makes_no_key_and_changes_no_limits(operator: User) -> None:
    member = tenant(operator)
    low = member.colleague(limits={"chat_per_minute": 50})
    place = f"/keys/{low.id}/limits"
    refused(low.put(place, {}), 403, "auth.rights_exceeded")
    refused(low.put(f"/keys/{member.id}/limits", {}), 403, "auth.rights_exceeded")
    refused(low.post("/keys", {}), 403, "auth.rights_exceeded")
    more = {"chat_per_minute": 70, "override": True}
    refused(member.put(place, more), 403, "auth.operator_required")
    refused(member.post("/keys", {"limits": more}), 403, "auth.operator_required")
    assert "limits" not in member.put(place, {}).json
    everywhere(low, None)


def test_an_operator_s_override_takes_the_place_of_the_plan(operator: User) -> None:
    member = tenant(operator)
    operator.put(f"/workspaces/{member.workspace}/plan", {"plan": "free"})
    everywhere(member, "30")
    limits = {"chat_per_minute": 700, "override": True}
    raised = made(operator.post("/keys", {"workspace": member.workspace, "limits": limits, "scopes": ["*"]}))
    user = User(member.gateway, raised["key"], raised["id"], member.workspace)
    everywhere(user, "700")
    everywhere(member, "30")


@pytest.mark.parametrize("wrong", [0, -1, 1_000_000_001, "five", 1.5])
def test_a_limit_is_a_number_above_nothing(me: User, wrong: object) -> None:
    found = details(me.put(f"/keys/{me.id}/limits", {"chat_per_minute": wrong}))
    assert found == [(["chat_per_minute"], "type_error")]
