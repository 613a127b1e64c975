"""An upstream that fails says why, and nothing of the prompt or of a secret comes out with it."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.test_turns import row
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import chunk, usage_chunk
from tests.fakes.upstream_scripts import Json, Script, Stall, error_object, events, json_answer, status

KEY = "upstream-secret-key"
Answer = Callable[[Seen], Script]


def echo(seen: Seen) -> Json:
    """Answer as servers do that repeat the offending input: all of it, with the key it came with."""
    said = f"Bad input {json.dumps(seen.json['messages'])} of {seen.headers['authorization']}, sorry."
    return error_object(said, code="bad_input")


def in_mid_stream(seen: Seen) -> Script:
    return events([chunk("One"), echo(seen)], done=False)


def in_a_choice(seen: Seen, form: str) -> Json:
    """Answer as OpenRouter does: the choice that has failed holds the error."""
    said = {"role": "assistant", "content": ""}
    choice = {"index": 0, form: said, "finish_reason": "error", **echo(seen)}
    return {"id": "gen-1", "model": "m", "choices": [choice]}


ANSWERS: dict[str, tuple[Answer, bool]] = {
    "400": (lambda seen: status(400, echo(seen)), False),
    "400 to a stream": (lambda seen: status(400, echo(seen)), True),
    "503": (lambda seen: status(503, echo(seen)), False),
    "503 to a stream": (lambda seen: status(503, echo(seen)), True),
    "200": (lambda seen: json_answer(echo(seen)), False),
    "first event": (lambda seen: events([echo(seen)], done=False), True),
    "later event": (in_mid_stream, True),
    "choice": (lambda seen: json_answer(in_a_choice(seen, "message")), False),
    "choice of a stream": (lambda seen: json_answer(in_a_choice(seen, "message")), True),
    "choice of the first event": (lambda seen: events([in_a_choice(seen, "delta")]), True),
    "choice of a later event": (lambda seen: events([chunk("One"), in_a_choice(seen, "delta")]), True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_error_that_echoes_the_request_shows_neither_prompt_nor_key(
    name: str, gateway: Gateway, upstream: ScriptedUpstream, client: openai.OpenAI
) -> None:
    answer, stream = ANSWERS[name]
    upstream.always(answer)
    with pytest.raises(openai.APIError) as caught:
        for _ in client.chat.completions.create(model=LIBRARIAN, messages=hello("Wisdom?"), stream=stream):
            pass
    prompt = upstream.seen[0].json["messages"][0]["content"]
    body: Any = caught.value.body
    assert body["code"] == "bad_input"
    told = json.dumps(body, ensure_ascii=False)
    assert "Bad input" in told
    assert "Wisdom?" in told
    assert told.count("***") >= 2
    assert KEY not in told
    assert not any(prompt[at : at + 40] in body["message"] for at in range(len(prompt) - 40))


@pytest.mark.parametrize("model", [LIBRARIAN, "plain-model"])
@pytest.mark.parametrize("place", ["event", "choice"])
def test_what_comes_before_beside_and_behind_an_error_counts(
    model: str, place: str, library: Gateway, upstream: ScriptedUpstream
) -> None:
    error = {"error": {"code": 502, "message": f"{KEY} is overloaded"}}
    failing = chunk("lo", finish="error", **({"choice": error} if place == "choice" else error))
    script = events([chunk("Hel"), failing, usage_chunk(9, 53)], done=False)
    sent = b"".join(step for step in script.body if isinstance(step, bytes))
    upstream.always(script.interrupt(sent.rindex(b"data: "), Stall(0.05)))
    reply = fetch(library, body={"model": model, "messages": hello(), "stream": True})
    *chunks, last = [json.loads(each.removeprefix(b"data: ")) for each in reply.body.split(b"\n\n")[:-1]]
    assert [each["choices"][0]["delta"]["content"] for each in chunks] == ["Hel", "lo"]
    assert last["error"]["message"] == "*** is overloaded"
    assert KEY.encode() not in reply.body
    turn = row(library, reply.headers["x-request-id"])
    assert (turn["status"], turn["finish_reason"]) == ("failed", "error")
    assert (turn["prompt_tokens"], turn["completion_tokens"]) == (9, 53)


@pytest.mark.parametrize("model", [LIBRARIAN, "plain-model"])
def test_tokens_beside_an_error_in_the_first_event_count(
    model: str, library: Gateway, upstream: ScriptedUpstream
) -> None:
    error = {"error": {"code": 502, "message": "overloaded"}}
    upstream.always(events([usage_chunk(9, 53) | error], done=False))
    request = {"model": model, "messages": hello(), "stream": True}
    failed = fetch(library, body=request)
    assert failed.status == 503
    tries = len(upstream.seen)
    turn = row(library, failed.headers["x-request-id"])
    assert (turn["prompt_tokens"], turn["completion_tokens"]) == (9 * tries, 53 * tries)

    upstream.reset()
    upstream.reply(
        events([usage_chunk(9, 53) | error], done=False),
        events([chunk("Yes.", finish="stop"), usage_chunk(2, 1)]),
    )
    answered = fetch(library, body=request)
    assert (answered.status, len(upstream.seen)) == (200, 2)
    turn = row(library, answered.headers["x-request-id"])
    assert (turn["prompt_tokens"], turn["completion_tokens"]) == (11, 54)


def test_a_context_that_is_too_long_is_the_caller_s_400_whatever_the_status(
    upstream: ScriptedUpstream, client: openai.OpenAI
) -> None:
    error = error_object("It takes 8,192 tokens at most.", code="context_length_exceeded")
    for script in (status(400, error), status(500, error), json_answer(error)):
        upstream.reset()
        upstream.always(script)
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model=LIBRARIAN, messages=hello())
        assert (caught.value.code, len(upstream.seen)) == ("context_length_exceeded", 1)
        assert "8,192 tokens" in caught.value.message


@pytest.mark.parametrize("code", [500, 502, 503, 529])
def test_an_overloaded_server_is_readable(
    code: int, upstream: ScriptedUpstream, client: openai.OpenAI
) -> None:
    upstream.always(status(code, {"error": {"message": "The server is overloaded", "type": "server_error"}}))
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=LIBRARIAN, messages=hello())
    body: Any = caught.value.body
    assert caught.value.status_code == 503
    assert body == {
        "message": "The server is overloaded",
        "type": "server_error",
        "param": None,
        "code": "provider.unavailable",
    }
    assert caught.value.response.headers["x-should-retry"] == "false"
