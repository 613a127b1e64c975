"""Keys: made, listed, rotated and revoked, never with more rights than the caller's."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.auth.scopes import SCOPES
from tests.api.conftest import User, details, expire, made, refused, settings
from tests.conftest import Start
from tests.e2e.wire import fetch
from tests.fakes.until import within_a_second
from tests.fakes.upstream import ScriptedUpstream


def soon(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def user(me: User, key: dict[str, Any]) -> User:
    return User(me.gateway, key["key"], key["id"], key["workspace"])


def test_a_key_is_shown_once(me: User) -> None:
    body: dict[str, Any] = {
        "name": "app",
        "scopes": ["personas:*", "chat:invoke"],
        "expires_at": soon(hours=1),
    }
    key = made(me.post("/keys", body))
    assert re.fullmatch(r"pk_live_[0-9A-Za-z]{40}", key["key"])
    assert (key["name"], key["operator"], key["workspace"]) == ("app", False, me.workspace)
    assert key["scopes"] == ["personas:read", "personas:write", "personas:fork", "chat:invoke"]
    assert datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(body["expires_at"]) < timedelta(
        milliseconds=1
    )
    listed = me.get("/keys")
    assert [one["id"] for one in listed.json["data"]] == [me.id, key["id"]]
    assert key["key"].encode() not in listed.body
    assert user(me, key).get("/personas").status == 200


def test_without_scopes_a_key_has_the_usual_ones_as_far_as_the_caller_has_them(me: User) -> None:
    usual = ["personas:read", "personas:write", "personas:fork", "runs:read", "chat:invoke"]
    assert made(me.post("/keys", {}))["scopes"] == usual
    narrow = me.colleague("keys:manage", "chat:invoke")
    assert made(narrow.post("/keys", {}))["scopes"] == ["chat:invoke"]
    assert made(narrow.post("/keys", {"scopes": []}))["scopes"] == []


def test_a_key_gives_no_more_than_it_has(me: User, stranger: User) -> None:
    narrow = me.colleague("keys:manage", "chat:invoke", expires_at=soon(hours=1))
    for body in ({"scopes": ["*"]}, {"scopes": ["personas:read"]}, {"expires_at": soon(hours=2)}):
        refused(narrow.post("/keys", body), 403, "auth.rights_exceeded")
    for workspace in (stranger.workspace, "ws_nothing"):
        refused(narrow.post("/keys", {"workspace": workspace}), 403, "auth.operator_required")
    listed = {one["id"]: one for one in me.get("/keys").json["data"]}
    assert made(narrow.post("/keys", {}))["expires_at"] == listed[narrow.id]["expires_at"]
    refused(narrow.delete(f"/keys/{me.id}"), 403, "auth.rights_exceeded")
    refused(narrow.post(f"/keys/{me.id}/rotate"), 403, "auth.rights_exceeded")


@pytest.mark.parametrize(
    ("body", "status", "place", "kind"),
    [
        ({"name": "a" * 201}, 422, ["name"], "value_error"),
        ({"name": "a\0"}, 422, ["name"], "value_error"),
        ({"scopes": ["personas:burn"]}, 422, ["scopes"], "value_error"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, ["expires_at"], "value_error"),
        ({"expires_at": "2090-01-01T00:00:00"}, 422, ["expires_at"], "value_error"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, 422, ["expires_at"], "value_error"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, 422, ["expires_at"], "value_error"),
        ({"expires_at": "tomorrow"}, 400, ["expires_at"], "type_error"),
        ({"scopes": "all"}, 400, ["scopes"], "type_error"),
        ({"operator": True}, 400, ["operator"], "unknown_field"),
    ],
)
def test_a_wrong_body_is_told(me: User, body: Any, status: int, place: list[str], kind: str) -> None:
    code = "request.invalid" if status == 400 else "key.schema_violation"
    assert details(me.post("/keys", body), status, code) == [(place, kind)]


def test_an_unknown_workspace_is_told_to_operators(operator: User) -> None:
    refused(operator.post("/keys", {"workspace": "ws_nothing"}), 404, "workspace.not_found")


def test_a_rotated_key_and_its_successor_are_both_valid_for_a_while(me: User) -> None:
    private = me.persona()
    new = user(me, made(me.post(f"/keys/{me.id}/rotate", {"grace_seconds": 3600})))
    assert new.key != me.key
    for one in (me, new):
        assert one.get(f"/personas/{private['id']}").status == 200
    listed = {one["id"]: one for one in new.get("/keys").json["data"]}
    left = datetime.fromisoformat(listed[me.id]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left < timedelta(minutes=61)
    assert listed[new.id]["expires_at"] is None
    again = made(me.post(f"/keys/{me.id}/rotate", {"grace_seconds": 0}))
    assert again["expires_at"] == listed[me.id]["expires_at"]
    within_a_second(lambda: me.get("/personas").status == 401)
    refused(new.post(f"/keys/{me.id}/rotate"), 403, "auth.rights_exceeded")


def test_a_key_rotates_itself_only(me: User, operator: User) -> None:
    other = me.colleague()
    refused(other.post(f"/keys/{me.id}/rotate"), 403, "auth.rights_exceeded")
    told = {
        refused(me.post(f"/keys/{key_id}/rotate"), 404, "key.not_found")["message"]
        for key_id in ("key_nothing", operator.id)
    }
    assert len(told) == 1
    for grace in (-1, 10**9, "soon"):
        assert details(me.post(f"/keys/{me.id}/rotate", {"grace_seconds": grace})) == [
            (["grace_seconds"], "type_error")
        ]


def test_an_operator_that_ends_hands_out_no_key_that_does_not(
    start: Start, upstream: ScriptedUpstream
) -> None:
    gateway = start(settings(upstream))
    root = User(gateway, gateway.key)
    lasting = made(root.post("/keys", {"scopes": ["*"]}))
    first = root.get("/keys").json["data"][0]["id"]
    rotated = user(root, made(root.post(f"/keys/{first}/rotate", {"grace_seconds": 600})))
    end = next(one["expires_at"] for one in rotated.get("/keys").json["data"] if one["id"] == first)
    assert made(root.post(f"/keys/{lasting['id']}/rotate"))["expires_at"] == end
    assert made(root.post("/keys", {}))["expires_at"] == end


def test_of_rotations_at_once_each_keeps_to_the_first_one_s_end(me: User) -> None:
    with ThreadPoolExecutor(6) as pool:
        replies = list(
            pool.map(lambda _: me.post(f"/keys/{me.id}/rotate", {"grace_seconds": 1800}), range(6))
        )
    keys = [made(reply) for reply in replies]
    assert len({key["key"] for key in keys}) == 6
    assert sum(key["expires_at"] is None for key in keys) == 1


def test_a_revoked_key_is_refused_within_a_second(me: User) -> None:
    other = me.colleague()
    assert other.get("/personas").status == 200
    assert me.delete(f"/keys/{other.id}").status == 204
    within_a_second(lambda: all(other.get("/personas").status == 401 for _ in range(4)))
    assert me.delete(f"/keys/{other.id}").status == 204
    assert next(one for one in me.get("/keys").json["data"] if one["id"] == other.id)["revoked_at"]
    refused(me.post(f"/keys/{other.id}/rotate"), 403, "auth.rights_exceeded")
    refused(me.delete("/keys/key_nothing"), 404, "key.not_found")


def test_an_ended_key_makes_no_more_keys_not_even_at_once(me: User) -> None:
    other = me.colleague()
    assert made(other.post("/keys", {}))
    expire(other)
    refused(other.post("/keys", {}), 401, "auth.invalid_key")


def test_keys_are_paged(me: User) -> None:
    others = [me.colleague("chat:invoke").id for _ in range(4)]
    pages = me.pages("/keys", 2)
    assert [[one["id"] for one in page] for page in pages] == [
        [me.id, others[0]],
        others[1:3],
        others[3:],
    ]
    assert details(me.get("/keys?after=x")) == [(["query", "after"], "value_error")]


def test_the_last_use_of_a_key_is_remembered(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(settings(upstream))
    root = User(gateway, gateway.key)
    made(root.post("/keys", {"name": "unused"}))
    assert root.get("/keys").status == 200
    gateway.stop()
    gateway.start()
    used, unused = fetch(gateway, "/v1/keys").json["data"]
    age = datetime.now(UTC) - datetime.fromisoformat(used["last_used_at"])
    assert age < timedelta(minutes=1)
    assert unused["last_used_at"] is None


def test_every_scope_can_be_given(me: User) -> None:
    assert made(me.post("/keys", {"scopes": ["*"]}))["scopes"] == list(SCOPES)
