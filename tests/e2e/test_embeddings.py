"""Embeddings end as chat does: checked, masked, recorded and paid for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import Reply, fetch
from tests.fakes import upstream_faults as faults
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, json_answer, status

PLACE = "/v1/openai/embeddings"
ASK = {"model": "embed", "input": "dusk"}


@pytest.fixture(scope="module")
def embedding(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    lines = ['models = ["embed"]', "prices = { embed = { input = 3.0, output = 0 } }"]
    config = upstream_table("main", shared_upstream.base_url, *lines)
    config += '[embeddings]\nupstream = "main"\n[chat]\nretries = 0\n'
    gateway = Gateway(tmp_path_factory.mktemp("embedding"), config + PATIENT).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def gateway(embedding: Gateway, upstream: ScriptedUpstream) -> Gateway:
    """The same gateway for each test, in front of `upstream`."""
    return embedding


def turn_of(gateway: Gateway, reply: Reply) -> dict[str, Any]:
    def find() -> Any:
        turns = fetch(gateway, "/v1/turns").json["data"]
        return next((one for one in turns if one["request_id"] == reply.headers["x-request-id"]), None)

    found: dict[str, Any] = until(find)
    return found


def test_a_request_is_recorded_with_its_usage_and_cost(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    reply = fetch(gateway, PLACE, ASK)
    assert reply.status == 200
    used = reply.json["usage"]["prompt_tokens"]
    found = turn_of(gateway, reply)
    assert (found["model"], found["upstream"], found["status"]) == ("embed", "main/embed", "completed")
    assert found["usage"]["prompt_tokens"] == used > 0
    assert found["cost_usd"] == pytest.approx(used * 3 / 1_000_000)
    assert (found["stream"], found["persona"], found["finish_reason"]) == (False, None, None)
    assert (reply.headers["x-persona-upstream"], reply.headers["x-persona-attempts"]) == ("main/embed", "1")
    assert float(reply.headers["x-persona-overhead-ms"]) >= 0


@pytest.mark.parametrize("model", ["other\r\nx-evil: 1", "ğ", "", None])
def test_a_model_that_is_not_known_reaches_no_head(gateway: Gateway, model: str | None) -> None:
    reply = fetch(gateway, PLACE, {"input": "dusk"} | ({} if model is None else {"model": model}))
    assert reply.status == 200
    assert reply.headers["x-persona-upstream"] == "main"
    assert "x-evil" not in reply.headers
    found = turn_of(gateway, reply)
    assert (found["model"], found["cost_usd"]) == (model or "", None)


@pytest.mark.parametrize("model", [7, ["embed"], "x" * 257])
def test_a_model_that_is_none_is_refused(gateway: Gateway, upstream: ScriptedUpstream, model: object) -> None:
    refused = fetch(gateway, PLACE, {**ASK, "model": model})
    assert (refused.status, refused.error["param"]) == (400, "model")
    assert not upstream.seen


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(b""),
        json_answer(b"<html>Login</html>", headers={"content-type": "text/html"}),
        json_answer(b'{"object":"list","data":[{"embed'),
        json_answer({"object": "list", "data": {"0": [1.0]}}),
        json_answer([]),
        json_answer({"ok": True}),
    ],
    ids=["empty", "HTML", "cut off", "no array", "an array", "something else"],
)
def test_what_is_no_answer_is_a_failure(gateway: Gateway, upstream: ScriptedUpstream, answer: Answer) -> None:
    upstream.reply(answer)
    reply = fetch(gateway, PLACE, ASK)
    assert (reply.status, reply.error["code"]) == (503, "provider.unavailable")
    assert b"html" not in reply.body
    found = turn_of(gateway, reply)
    assert (found["status"], found["error"], found["upstream"]) == ("failed", "bad_answer", "main/embed")


@pytest.mark.parametrize("code", [200, 400, 503])
def test_an_error_is_passed_on_without_secrets(
    gateway: Gateway, upstream: ScriptedUpstream, code: int
) -> None:
    key = upstream_key(gateway, upstream)
    body = error_object(f"Your key {key} is over its limit.", kind="invalid_request_error")
    upstream.reply(json_answer(body) if code == 200 else json_answer(body, code=code))
    reply = fetch(gateway, PLACE, ASK)
    assert reply.status >= 400
    assert "is over its limit" in reply.error["message"]
    assert key not in reply.body.decode()
    assert turn_of(gateway, reply)["status"] == "failed"


def upstream_key(gateway: Gateway, upstream: ScriptedUpstream) -> str:
    """Read the key with which the gateway asks the upstream."""
    assert fetch(gateway, PLACE, ASK).status == 200
    return upstream.seen[-1].headers["authorization"].removeprefix("Bearer ")


def test_a_refused_key_of_the_gateway_is_not_shown(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(401))
    reply = fetch(gateway, PLACE, ASK)
    assert (reply.status, reply.error["code"]) == (502, "provider.rejected_credentials")
    assert turn_of(gateway, reply)["error"] == "status_401"


def test_a_reset_is_recorded(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    # A connection that was kept may have been closed meanwhile, so that it is tried once more on a new one.
    upstream.always(faults.reset_before_headers())
    reply = fetch(gateway, PLACE, ASK)
    assert reply.status == 503
    assert turn_of(gateway, reply)["error"] == "connection"


def test_the_answer_goes_on_byte_for_byte(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    body = b'{ "object":"list", "data":[{"embedding":[0.10,2e-3],"index":0}], "x":1.0 }'
    upstream.reply(json_answer(body))
    assert fetch(gateway, PLACE, ASK).body == body
    assert json.loads(upstream.seen[-1].body) == ASK
