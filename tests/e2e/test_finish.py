"""Upstreams that finish oddly: on every chunk, never, with fewer choices, with an error beside the text."""

import json
from typing import Any

import openai
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.test_drift import turn
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import chunk, completion
from tests.fakes.upstream_scripts import RESET, Gate, Json, Stall, events, json_answer

WORDS = [chunk(delta={"role": "assistant", "content": ""}, finish="stop")]
WORDS += [chunk(f"{word} ", finish="stop") for word in ["the", "tide", "is", "out", "dear"]]
GAP = Stall(0.1)
"""A pause longer than the whole budget of a score."""


def streamed(gateway: Gateway, model: str = LIBRARIAN, **more: Any) -> Reply:
    reply = fetch(gateway, body={"model": model, "messages": hello(), "stream": True, **more})
    assert reply.status == 200, reply.body
    return reply


def data_of(reply: Reply) -> list[Any]:
    """List what each frame holds; `[DONE]` as it is."""
    return [each if each == "[DONE]" else json.loads(each) for each in reply.payloads]


def newest(gateway: Gateway, reply: Reply) -> dict[str, Any]:
    """Read the turn of this answer, which has no `persona` object."""

    def find() -> Any:
        turns = fetch(gateway, "/v1/turns?limit=5").json["data"]
        return next((one for one in turns if one["request_id"] == reply.headers["x-request-id"]), None)

    found: dict[str, Any] = until(find)
    return found


@pytest.mark.parametrize("gap", [None, GAP], ids=["at once", "slowly"])
def test_a_finish_on_every_chunk_ends_nothing(
    gateway: Gateway, upstream: ScriptedUpstream, gap: Stall | None
) -> None:
    said: list[Any] = [step for word in WORDS for step in (word, gap) if step is not None]
    upstream.reply(events(said))
    reply = streamed(gateway)
    *chunks, done = data_of(reply)
    assert done == "[DONE]"
    assert (
        "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks) == "the tide is out dear "
    )
    assert ["persona" in one for one in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1]["persona"]["drift"]["verdict"] != "unscored"
    assert turn(gateway, reply)["finish_reason"] == "stop"


@pytest.mark.parametrize("model", [LIBRARIAN, "plain-model"])
def test_an_answer_that_is_reset_behind_a_finish_has_failed(
    gateway: Gateway, upstream: ScriptedUpstream, model: str
) -> None:
    upstream.reply(events([*WORDS[:3], GAP, RESET]))
    reply = streamed(gateway, model)
    *chunks, error = data_of(reply)
    assert len(chunks) == 3
    assert error["error"]["code"] == "provider.stream_broken"
    found = newest(gateway, reply)
    assert (found["status"], found["error"]) == ("failed", "provider.stream_broken")


def test_a_finish_goes_out_scored_while_the_upstream_keeps_its_stream_open(
    gateway: Gateway, upstream: ScriptedUpstream, client: openai.OpenAI
) -> None:
    gate = Gate()
    upstream.reply(events([chunk("The kettle is on, dear."), chunk(finish="stop"), gate]))
    with client.chat.completions.create(model=LIBRARIAN, messages=hello(), stream=True) as stream:
        last = next(one for one in stream if one.choices[0].finish_reason)
        extra: Any = last.model_extra
        assert extra["persona"]["drift"]["verdict"] != "unscored"
        gate.open()
        assert list(stream) == []


NOTHING_FINISHED = [chunk("The kettle "), chunk("is on, dear.")]


@pytest.mark.parametrize("gap", [[], [GAP]], ids=["at once", "slowly"])
def test_done_without_a_finish_has_the_persona_before_it(
    gateway: Gateway, upstream: ScriptedUpstream, gap: list[Stall]
) -> None:
    upstream.reply(events([*NOTHING_FINISHED, *gap]))
    reply = streamed(gateway)
    *said, last, done = data_of(reply)
    assert done == "[DONE]"
    assert not any("persona" in one for one in said)
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, None)
    assert last["persona"]["drift"]["verdict"] != "unscored"
    found = turn(gateway, reply)
    assert (found["status"], found["finish_reason"]) == ("completed", None)


@pytest.mark.parametrize("stream", [False, True])
def test_a_whole_answer_without_a_finish_has_none_in_its_row(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    said = {"index": 0, "message": {"role": "assistant", "content": "The kettle is on, dear."}}
    upstream.reply(json_answer(completion(choices=[said])))
    reply = fetch(gateway, body={"model": LIBRARIAN, "messages": hello(), "stream": stream})
    assert reply.status == 200
    if stream:
        *_, last, done = data_of(reply)
        assert done == "[DONE]"
        assert last["persona"]["drift"]["verdict"] != "unscored"
        assert last["choices"][0]["finish_reason"] is None
    found = newest(gateway, reply)
    assert (found["status"], found["finish_reason"]) == ("completed", None)


def test_one_choice_in_place_of_two_is_scored(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(events([*NOTHING_FINISHED, chunk(finish="stop"), GAP]))
    *_, last, done = data_of(streamed(gateway, n=2))
    assert done == "[DONE]"
    assert last["persona"]["drift"]["verdict"] != "unscored"


@pytest.mark.parametrize("model", [LIBRARIAN, "plain-model"])
def test_the_id_of_the_answer_stays_behind_an_empty_one(
    gateway: Gateway, upstream: ScriptedUpstream, model: str
) -> None:
    ahead: Json = {
        "id": "",
        "object": "",
        "created": 0,
        "model": "",
        "choices": [],
        "prompt_filter_results": [],
    }
    said = [one | {"id": "chatcmpl-azure"} for one in [*NOTHING_FINISHED, chunk(finish="stop")]]
    upstream.reply(events([ahead, *said]))
    *chunks, _ = data_of(streamed(gateway, model))
    assert [one["id"] for one in chunks] == ["", *["chatcmpl-azure"] * 3]


def test_text_and_usage_beside_an_error_are_not_lost(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 13, "total_tokens": 53}
    last = chunk("lo", finish="error", usage=usage, error={"code": 502, "message": "The provider is gone."})
    upstream.reply(events([chunk("Hel"), last]))
    reply = streamed(gateway)
    first, second, error = data_of(reply)
    assert [one["choices"][0]["delta"]["content"] for one in (first, second)] == ["Hel", "lo"]
    assert "error" not in second
    assert second["usage"] == usage
    assert error["error"]["code"]
    found = newest(gateway, reply)
    assert (found["status"], found["finish_reason"]) == ("failed", "error")
    assert found["usage"]["total_tokens"] == 53
