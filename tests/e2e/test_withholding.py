"""Risky whole answers are judged before they go out: a break is asked for anew once, then replaced."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import hello
from tests.e2e.test_drift import answer, chat, said
from tests.e2e.test_judge import JUDGE, asked, opinion, tables
from tests.e2e.test_scoring import ScriptedScorer
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, json_answer, status

SETTINGS = f'[drift.judge]\nupstream = "court/{JUDGE}"\nsample = 0\nbefore_send = "risky"\n'
INSTEAD = "Let us talk of something else, dear."
BREAK, FINE = opinion(), opinion(voice=0, quote=None)
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture(scope="module")
def gate(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose judge sees answers that hold `slip` before they go out."""
    made = ScriptedScorer(tmp_path_factory.mktemp("gate"), tables(shared_upstream) + SETTINGS).start()
    for slug, more in (("firm", {}), ("polite", {"refusal": INSTEAD})):
        body = {"slug": slug, "prompt": "A quiet librarian.", "visibility": "workspace", **more}
        assert fetch(made, "/v1/personas", body=body).status == 201
    yield made
    assert "Traceback" not in made.errors()
    assert made.stop() == 0


def ask(gateway: Gateway, slug: str = "firm", messages: Any = None) -> Reply:
    return fetch(gateway, body={"model": f"persona/{slug}", "messages": messages or hello()})


def says(upstream: ScriptedUpstream, *scripts: Script) -> None:
    """Have the personas' upstream answer this, in order; the judge has answers of its own."""
    left = list(scripts)
    upstream.by_model("any", lambda _: left.pop(0))


def rows(gateway: Gateway, reply: Reply, count: int) -> list[dict[str, Any]]:
    """The turns of the request, the one that was recorded last first."""
    request = reply.headers["x-request-id"]

    def found() -> list[dict[str, Any]]:
        listed = fetch(gateway, "/v1/turns?limit=9").json["data"]
        return [one for one in listed if one["request_id"] == request]

    until(lambda: len(found()) == count)
    return found()


def content(reply: Reply) -> str:
    text: str = reply.json["choices"][0]["message"]["content"]
    return text


def test_a_break_is_asked_for_anew_and_both_calls_are_recorded(
    gate: Gateway, upstream: ScriptedUpstream
) -> None:
    upstream.by_model(JUDGE, BREAK)
    says(upstream, answer("I slip, alas.", False), answer("I keep my footing.", False))
    reply = ask(gate)
    assert (reply.status, content(reply)) == (200, "I keep my footing.")
    assert reply.headers["x-persona-attempts"] == "2"
    sent, withheld = rows(gate, reply, 2)
    assert sent["id"] == said(reply)["turn"]
    assert (sent["status"], sent["judged"]) == ("completed", False)
    assert (withheld["status"], withheld["error"]) == ("failed", "persona.answer_withheld")
    assert withheld["drift"]["verdict"] == "out-of-character"
    assert withheld["judged"]
    for row in (sent, withheld):
        assert (row["attempts"], row["usage"]["total_tokens"]) == (1, 12)
    assert len(asked(upstream)) == 1


def test_an_answer_that_the_judge_passes_goes_out_with_its_opinion(
    gate: Gateway, upstream: ScriptedUpstream
) -> None:
    upstream.by_model(JUDGE, FINE)
    says(upstream, answer("I slip, alas.", False))
    reply = ask(gate)
    assert content(reply) == "I slip, alas."
    assert said(reply)["drift"] == {"voice": 0.0, "values": None, "rules": None, "verdict": "in-character"}
    assert reply.headers["x-persona-verdict"] == "in-character"
    (row,) = rows(gate, reply, 1)
    assert row["judged"]
    assert len(asked(upstream)) == 1


def test_a_second_break_is_replaced_by_the_versions_own_words(
    gate: Gateway, upstream: ScriptedUpstream
) -> None:
    upstream.by_model(JUDGE, BREAK)
    upstream.always(answer("I slip, alas.", False))
    reply = ask(gate, "polite")
    assert (reply.status, content(reply)) == (200, INSTEAD)
    assert said(reply)["drift"]["verdict"] == "unscored"
    sent, *withheld = rows(gate, reply, 3)
    assert (sent["id"], sent["status"]) == (said(reply)["turn"], "completed")
    assert sent["usage"]["total_tokens"] is None
    assert [one["usage"]["total_tokens"] for one in withheld] == [12, 12]
    assert b"slip" not in reply.body


def test_data_that_was_asked_for_is_not_held_back(gate: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.by_model(JUDGE, BREAK)
    says(upstream, answer("I slip, alas.", False))
    body = {"model": "persona/firm", "messages": hello(), "response_format": {"type": "json_object"}}
    reply = fetch(gate, body=body)
    assert (reply.status, content(reply)) == (200, "I slip, alas.")
    assert said(reply)["drift"]["reason"] == "structured"
    assert asked(upstream) == []


def test_without_such_words_nothing_goes_out(gate: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.by_model(JUDGE, BREAK)
    upstream.always(answer("I slip, alas.", False))
    reply = ask(gate)
    assert (reply.status, reply.json["error"]["code"]) == (503, "persona.answer_withheld")
    assert reply.headers["x-should-retry"] == "false"
    assert b"slip" not in reply.body
    refused, *withheld = rows(gate, reply, 3)
    assert (refused["status"], refused["error"]) == ("failed", "persona.answer_withheld")
    assert len(withheld) == 2


@pytest.mark.parametrize("by", ["answer", "history"])
def test_after_tool_calls_nothing_is_asked_for_anew(
    gate: Gateway, upstream: ScriptedUpstream, by: str
) -> None:
    upstream.by_model(JUDGE, BREAK)
    script, messages = answer("I slip, alas.", False), hello()
    if by == "answer":
        body = completion("I slip, alas.")
        body["choices"][0]["message"]["tool_calls"] = [CALL]
        script = json_answer(body)
    else:
        messages = [
            *hello(),
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
        ]
    says(upstream, script)
    reply = ask(gate, "polite", messages)
    assert content(reply) == INSTEAD
    assert "tool_calls" not in reply.json["choices"][0]["message"]
    assert len([seen for seen in upstream.seen if seen.model != JUDGE]) == 1


@pytest.mark.parametrize("judge", [status(500), opinion(quote="not there")], ids=["down", "lying"])
def test_an_answer_is_not_held_back_for_want_of_a_judge(
    gate: Gateway, upstream: ScriptedUpstream, judge: Any
) -> None:
    upstream.by_model(JUDGE, judge)
    says(upstream, answer("I slip, alas.", False))
    reply = ask(gate)
    assert content(reply) == "I slip, alas."
    assert said(reply)["drift"]["verdict"] == "out-of-character"


def test_an_upstream_that_fails_the_second_time_gives_the_versions_words(
    gate: Gateway, upstream: ScriptedUpstream
) -> None:
    upstream.by_model(JUDGE, BREAK)
    says(upstream, answer("I slip, alas.", False), status(422))
    reply = ask(gate, "polite")
    assert content(reply) == INSTEAD


def test_streams_and_calm_answers_do_not_wait(gate: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.by_model(JUDGE, BREAK)
    says(upstream, answer("I keep quiet.", False), answer("I slip, alas.", True))
    assert content(ask(gate)) == "I keep quiet."
    assert asked(upstream) == []
    streamed = chat(gate, stream=True)
    assert b"slip" in streamed.body
    assert json.dumps("out-of-character").encode() in streamed.body
