"""A running gateway answers what the document says."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.conftest import hello, mint
from tests.e2e.wire import Reply, connect, fetch
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.openapi.described import Document, frames

Walk = Callable[..., Reply]
CHAT = "/v1/openai/chat/completions"
P = "/v1/personas"
ONE = P + "/{ref}"


@pytest.fixture
def document(gateway: Gateway) -> Document:
    """The document as it is served."""
    return Document(fetch(gateway, "/openapi.json", key="").json)


@pytest.fixture
def walk(gateway: Gateway, document: Document) -> Walk:
    """Send a request to an operation, and hold the answer against the document."""

    def step(
        method: str,
        path: str,
        body: object = None,
        *,
        status: int = 200,
        query: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **places: str,
    ) -> Reply:
        reply = fetch(gateway, path.format(**places) + query, body, method=method, key=key, headers=headers)
        assert reply.status == status, reply.body
        media = reply.headers.get("content-type", "")
        assert document.answer_problems(method, path, status, reply.body, media) == []
        response = document.resolve(document.operation(method, path)["responses"][str(status)])
        promised = {name.lower() for name in response["headers"]}
        ours = {name for name in reply.headers if name.startswith("x-") or name == "etag"}
        assert ours <= promised | {"x-accel-buffering", "x-content-type-options"}, (method, path)
        return reply

    return step


def test_personas_are_answered_as_described(walk: Walk, gateway: Gateway) -> None:
    body = {"name": "Walked Through", "prompt": "You walk.", "self": {"age": 40}, "tags": ["walk"]}
    made = walk("POST", P, body, status=201, headers={"idempotency-key": "walk-1"})
    walk("POST", P, body, status=201, headers={"idempotency-key": "walk-1"})
    walk("POST", P, {}, status=422, headers={"idempotency-key": "walk-1"})
    ref: Any = {"ref": made.json["slug"]}
    try:
        walk("GET", ONE, **ref)
        walk("GET", P, query="?q=walked&limit=1")
        walk("POST", P, body, status=409)
        walk("POST", P, {"name": 5}, status=400)
        walk("POST", P, {"name": "x", "prompt": " "}, status=422)
        walk("PATCH", ONE, {"prompt": "You run.", "overlay": "locked"}, headers={"if-match": "*"}, **ref)
        walk("PATCH", ONE, {"tags": []}, status=412, headers={"if-match": '"old"'}, **ref)
        walk("GET", ONE + "/versions", **ref)
        walk("GET", ONE + "/versions/{v}", v="v1", **ref)
        walk("GET", ONE + "/versions/{v}", v="v9", status=404, **ref)
        walk("GET", ONE + "/versions/{a}/diff/{b}", a="v1", b="v2", **ref)
        walk("POST", ONE + "/versions/{v}/restore", {}, v="v1", status=201, **ref)
        walk("PUT", ONE + "/labels/{label}", {"version": "v2"}, label="production", **ref)
        walk("PUT", ONE + "/labels/{label}", {"version": 1}, label="v7", status=422, **ref)
        walk("GET", ONE + "/labels", **ref)
        walk("POST", ONE + "/render", {"messages": hello()}, **ref)
        walk("POST", ONE + "/render", {"messages": [{"role": "system", "content": "x"}]}, status=400, **ref)
        walk("DELETE", ONE + "/labels/{label}", label="production", status=204, **ref)
        walk("DELETE", ONE + "/labels/{label}", label="production", status=404, **ref)
        fork = walk("POST", ONE + "/fork", {"slug": "walked-again"}, status=201, **ref)
        walk("DELETE", ONE, status=204, ref=fork.json["id"], query="?purge=true")
    finally:
        walk("DELETE", ONE, status=204, query="?purge=true", **ref)
    walk("GET", ONE, status=404, **ref)
    walk("GET", P, status=401, key="pk_live_wrong")
    walk("GET", P, status=403, key=mint(gateway, "--scope", "chat:invoke"))


def test_chat_and_its_turns_are_answered_as_described(
    walk: Walk, document: Document, gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    chat = {"model": "persona/the-night-librarian", "messages": hello()}
    walk("POST", CHAT, chat)
    streamed = walk("POST", CHAT, {**chat, "stream": True})
    chunk = {"$ref": "#/components/schemas/ChatCompletionChunk"}
    for _, data in frames(streamed.body.decode()):
        assert data == "[DONE]" or document.problems(chunk, json.loads(data)) == []
    walk("POST", CHAT, {**chat, "model": "persona/nobody"}, status=404)
    walk("POST", CHAT, {"model": "plain-model"}, status=400)
    walk("POST", CHAT, chat, status=404, headers={"x-persona-conversation-id": "conv_1"})
    walk("POST", CHAT, chat, status=401, key="")
    walk("POST", "/v1/openai/embeddings", {"model": "m", "input": "hello"})
    respond = {"model": "persona/the-night-librarian", "input": "Good evening"}
    walk("POST", "/v1/openai/responses", respond)
    streamed = walk("POST", "/v1/openai/responses", {**respond, "stream": True})
    event = {"$ref": "#/components/schemas/ResponseEvent"}
    for _, data in frames(streamed.body.decode()):
        assert document.problems(event, json.loads(data)) == []
    walk("POST", "/v1/openai/responses", {**respond, "x": 1}, status=400)
    walk("GET", "/v1/openai/models")
    walk("GET", "/v1/openai/models/{model}", model="persona/the-night-librarian")
    walk("GET", "/v1/openai/models/{model}", model="persona/nobody", status=404)


def test_turns_usage_and_their_stream_are_answered_as_described(
    walk: Walk, document: Document, gateway: Gateway
) -> None:
    lines = f"GET /v1/turns/stream HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {gateway.key}\r\n\r\n"
    with connect(gateway) as listening:
        listening.sendall(lines.encode())
        read_until(listening, b"\r\n\r\n")
        fetch(gateway, CHAT, {"model": "persona/the-night-librarian", "messages": hello()})
        heard = read_until(listening, b"\n\n").decode()
    frame = heard[heard.index("event: ") :].split("\n\n")[0]
    ((event, data),) = frames(frame)
    assert event == "turn.completed"
    assert document.problems({"$ref": "#/components/schemas/Turn"}, json.loads(data)) == []
    turn = walk("GET", "/v1/turns", query="?limit=1").json["data"][0]
    walk("GET", "/v1/turns", query="?limit=none", status=400)
    walk("GET", "/v1/turns/{turn_id}", turn_id=turn["id"])
    walk("GET", "/v1/turns/{turn_id}", turn_id="msg_none", status=404)
    walk("GET", "/v1/turns/stream", query="?persona=nobody", status=404)
    for by in ("key", "persona", "upstream", "day"):
        walk("GET", "/v1/usage", query=f"?by={by}")


def test_conversations_are_answered_as_described(
    walk: Walk, document: Document, gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    place = "/v1/chat/conversations"
    one: Any = place + "/{conversation}"
    chat = {"model": "persona/the-night-librarian", "messages": hello()}
    made = walk("POST", CHAT, chat, headers={"x-persona-conversation-id": "new"})
    ref: Any = {"conversation": made.headers["x-persona-conversation-id"]}
    named = {"x-persona-conversation-id": ref["conversation"]}
    walk("POST", CHAT, {**chat, "model": "persona/the-istanbul-bookseller"}, status=409, headers=named)
    walk("POST", place, {"persona": "the-night-librarian", "id": "conv_walk"}, status=201)
    walk("POST", place, {"persona": "the-night-librarian", "id": "conv_walk"}, status=409)
    walk("POST", place, {"persona": "the-night-librarian", "id": "walk"}, status=422)
    walk("POST", place, {"persona": "nobody"}, status=404)
    walk("GET", place, query="?limit=1")
    walk("GET", one, **ref)
    walk("GET", one, conversation="conv_none", status=404)
    walk("PATCH", one, {"title": "Walked"}, **ref)
    walk("PATCH", one, {"follow": "v1"}, status=422, **ref)
    for order in ("asc", "desc"):
        walk("GET", one + "/messages", query=f"?limit=1&order={order}", **ref)
    walk("GET", one + "/messages", query="?leaf=msg_none", status=404, **ref)
    walk("POST", one + "/messages", {"message": "And then?"}, **ref)
    streamed = walk("POST", one + "/messages", {"message": "And then?", "stream": True}, **ref)
    for event, data in frames(streamed.body.decode()):
        schema = {"message.delta": "MessageDelta", "message.completed": "Reply"}[event]
        assert document.problems({"$ref": f"#/components/schemas/{schema}"}, json.loads(data)) == []
    walk("POST", one + "/messages", {"message": ""}, status=400, **ref)
    walk("GET", one + "/drift", **ref)
    lines = walk("GET", one + "/export", **ref).body
    walk("POST", place + "/import", lines, status=201, query="?persona=the-night-librarian")
    walk("POST", place + "/import", b"{", status=400, query="?persona=the-night-librarian")
    walk("POST", one + "/messages", {"message": "Hi", "tools": ["x"]}, status=422, **ref)
    walk("DELETE", one, status=204, **ref)
    walk("DELETE", one, status=204, conversation="conv_walk")


def test_a_scene_is_answered_as_described(walk: Walk) -> None:
    place = "/v1/ensembles/scenarios"
    body = {"personas": ["the-night-librarian", "the-istanbul-bookseller"], "scene": "A stair.", "turns": 2}
    walk("POST", place, body)
    walk("POST", place, {**body, "personas": ["the-night-librarian"]}, status=400)
    walk("POST", place, {**body, "personas": ["the-night-librarian"] * 2}, status=422)
    walk("POST", place, {**body, "personas": ["the-night-librarian", "nobody"]}, status=404)


def test_workspaces_keys_and_the_audit_log_are_answered_as_described(walk: Walk) -> None:
    made = walk("POST", "/v1/keys", {"name": "walk", "expires_at": "2090-01-01T00:00:00Z"}, status=201)
    walk("POST", "/v1/keys", {"scopes": ["everything"]}, status=422)
    walk("POST", "/v1/keys", {"scopes": ["*"]}, status=403, key=made.json["key"])
    turned = walk(
        "POST", "/v1/keys/{key_id}/rotate", {"grace_seconds": 0}, status=201, key_id=made.json["id"]
    )
    walk("GET", "/v1/keys")
    walk("DELETE", "/v1/keys/{key_id}", status=204, key_id=turned.json["id"])
    walk("DELETE", "/v1/keys/{key_id}", status=404, key_id="key_none")
    walk("POST", "/v1/workspaces", {"name": "walked"}, status=201)
    walk("POST", "/v1/workspaces", {"name": "walked"}, status=409)
    walk("GET", "/v1/workspaces", query="?limit=2")
    walk("GET", "/v1/audit")


def test_budgets_are_answered_as_described(walk: Walk, gateway: Gateway) -> None:
    key = walk("POST", "/v1/keys", {"name": "budgeted"}, status=201).json
    one, places = "/v1/budgets/{subject}/{unit}/{period}", {"unit": "tokens", "period": "day"}
    walk("PUT", one, {"limit": 5}, subject=key["id"], **places)
    walk("PUT", one, {"limit": 0.5}, status=422, subject=key["id"], **places)
    walk("PUT", one, {"limit": 5}, status=404, subject="key_none", **places)
    body = {"model": "plain-model", "messages": hello()}
    until(lambda: fetch(gateway, CHAT, body, key=key["key"]).status == 402)
    walk("GET", "/v1/budgets")
    walk("DELETE", one, status=204, subject=key["id"], **places)
    walk("DELETE", one, status=404, subject=key["id"], **places)


def test_health_is_answered_as_described(walk: Walk) -> None:
    walk("GET", "/health/live", key="")
    walk("GET", "/health/ready", key="")
    walk("GET", "/status", key="")
    walk("GET", "/openapi.json", key="")
    walk("GET", "/", key="")
    walk("GET", "/docs", key="")
    walk("GET", "/docs/errors", key="")
