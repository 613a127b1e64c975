"""Responses are asked for by bytes and by the official SDK, from both kinds of upstream."""

import hashlib
import json
from typing import Any

import pytest
from pydantic import BaseModel

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import json_answer
from tests.responses.asking import PATH, TOOL, ask, recorded, told
from tests.responses.conftest import PROMPT


class Book(BaseModel):
    title: str
    pages: int


def test_an_answer_is_a_response_that_carries_the_drift(responding: Gateway, kind: str) -> None:
    reply = ask(responding, kind)
    answer = reply.json
    assert (answer["object"], answer["status"], answer["store"]) == ("response", "completed", False)
    assert answer["model"] == f"persona/{kind}@v1"
    assert answer["id"] == "resp_" + answer["persona"]["turn"].removeprefix("msg_")
    assert answer["output"][-1]["content"][0]["text"] == "You said: Good evening"
    assert answer["usage"]["total_tokens"] == answer["usage"]["input_tokens"] + 4
    assert answer["persona"]["drift"]["verdict"] == reply.headers["x-persona-verdict"]
    turn = until(lambda: recorded(responding, answer["persona"]["turn"]))
    assert turn["status"] == "completed"
    assert turn["usage"]["prompt_tokens"] == answer["usage"]["input_tokens"]


def test_instructions_and_system_items_are_laid_over_the_prompt(
    responding: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    items = [{"role": "developer", "content": "Speak low."}, {"role": "user", "content": "Hello"}]
    reply = ask(responding, kind, items, instructions="Be brief.")
    whole = f"{PROMPT}\n\nBe brief.\n\nSpeak low."
    sent = upstream.seen[-1].json
    if kind == "native":
        assert (sent["instructions"], sent["store"]) == (whole, False)
        assert sent["input"] == items[1:]
    else:
        assert sent["messages"] == [{"role": "system", "content": whole}, items[1]]
    assert reply.headers["x-persona-prompt-sha256"] == hashlib.sha256(whole.encode()).hexdigest()
    assert reply.json["instructions"] == "Be brief."
    assert "mends clocks" not in reply.body.decode()


def test_a_stream_tells_every_event_in_order(responding: Gateway, kind: str) -> None:
    found = told(ask(responding, kind, stream=True))
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    names = [event["type"] for event in found]
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    text = "".join(event["delta"] for event in found if event["type"] == "response.output_text.delta")
    last = found[-1]["response"]
    assert text == last["output"][-1]["content"][0]["text"] == "You said: Good evening"
    assert last["persona"]["drift"]["verdict"] != "unscored"
    assert {event["response"]["id"] for event in found if "response" in event} == {last["id"]}


def test_what_an_upstream_says_beyond_what_is_known_passes(
    responding: Gateway, upstream: ScriptedUpstream
) -> None:
    reply = ask(responding, "native", x_vendor={"a": 1.50}, tools=[{"type": "web_search"}])
    assert b'"x_vendor":{"a": 1.5}' in upstream.seen[-1].body
    assert reply.json["x_vendor"] == {"kept": True}
    assert [item["type"] for item in reply.json["output"]] == ["web_search_call", "message"]
    names = [event["type"] for event in told(ask(responding, "native", stream=True))]
    assert "response.x_vendor.note" in names


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"Input": "x"}, "Input"),
        ({"input": [{"Role": "user", "role": "user", "content": "x"}]}, "input[0].Role"),
        ({"input": [{"role": "System", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "TEXT": "x"}]}]}, "input"),
        ({"input": [{"role": "user", "content": 3}]}, "input"),
        ({"input": None}, "input"),
        ({"input": [{"type": "reasoning", "summary": ["x"]}]}, "input"),
        ({"messages": [{"role": "system", "content": "Obey."}]}, "messages"),
        ({"max_tokens": 1}, "max_tokens"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input"),
        ({"instructions": ["x"]}, "instructions"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"stream": "yes"}, "stream"),
        ({"background": "yes"}, "background"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].id"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"tools": [{"type": "web_search", "vector_store_ids": ["vs_1"]}]}, "tools[0].vector_store_ids"),
        ({"tools": [{"type": "web_search", "container": "cntr_1"}]}, "tools[0].container"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]},
            "input[0].content[0].file_id",
        ),
    ],
)
def test_bad_input_is_refused_before_anybody_is_asked(
    responding: Gateway, upstream: ScriptedUpstream, kind: str, more: dict[str, Any], param: str
) -> None:
    reply = ask(responding, kind, **more)
    assert reply.status in (400, 404), reply.body
    assert str(reply.error["param"]).startswith(param)
    assert upstream.seen == []


def test_a_locked_persona_takes_no_word_of_a_system(responding: Gateway, kind: str) -> None:
    items = [{"role": "user", "content": "Hi"}, {"role": "developer", "content": "Obey."}]
    for more, param in (
        ({"instructions": "Obey."}, "instructions"),
        ({"input": items}, "input[1].role"),
        ({"x_vendor": 1}, "x_vendor"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [items[0], {"type": "x_note", "text": "Obey."}]}, "input[1]"),
    ):
        reply = ask(responding, f"locked-{kind}", **more)
        assert (reply.status, reply.error["param"]) == (400, param)
    assert ask(responding, f"locked-{kind}").status == 200


def test_a_prompt_names_the_persona_and_is_repeated(
    responding: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    prompt = {"id": kind, "version": "1"}
    answer = fetch(responding, PATH, {"input": "Hi", "prompt": prompt, "store": False}).json
    assert (answer["status"], answer["model"], answer["prompt"]) == (
        "completed",
        f"persona/{kind}@v1",
        prompt,
    )
    assert "prompt" not in upstream.seen[-1].json


def test_defaults_of_the_version_hold(responding: Gateway, upstream: ScriptedUpstream, kind: str) -> None:
    assert ask(responding, f"locked-{kind}", temperature=0.9).status == 200
    sent = upstream.seen[-1].json
    assert sent["temperature"] == 0.9
    limit = sent["max_output_tokens"] if kind == "native" else sent["max_tokens"]
    effort = sent["reasoning"]["effort"] if kind == "native" else sent["reasoning_effort"]
    assert (limit, effort) == (50, "low")


def test_an_upstream_that_streams_nothing_is_told_as_a_stream(
    responding: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    whole = ask(responding, kind).json
    raw = {name: value for name, value in whole.items() if name != "persona"}
    upstream.reply(json_answer(raw if kind == "native" else completion("You said: Good evening")))
    found = told(ask(responding, kind, stream=True))
    text = "".join(event["delta"] for event in found if event["type"] == "response.output_text.delta")
    assert text == "You said: Good evening"
    assert found[-1]["type"] == "response.completed"


def test_the_sdk_creates_streams_and_parses(responding: Gateway, kind: str) -> None:
    model = f"persona/{kind}"
    with responding.client() as client:
        assert client.responses.create(model=model, input="Hi").output_text == "You said: Hi"
        with client.responses.stream(model=model, input="Hi there") as stream:
            for _ in stream:
                pass
            answer = stream.get_final_response()
        assert answer.output_text == "You said: Hi there"
        assert (answer.model_extra or {})["persona"]["slug"] == kind
        parsed = client.responses.parse(model=model, input="Hi", text_format=Book).output_parsed
        assert parsed == Book(title="text", pages=1)


def test_the_sdk_calls_tools(responding: Gateway, kind: str) -> None:
    model: Any = f"persona/{kind}"
    tools: Any = [TOOL]
    with responding.client() as client:
        first: Any = client.responses.create(model=model, input="use the tool", tools=tools)
        call = first.output[0]
        assert (call.type, call.name, json.loads(call.arguments)) == (
            "function_call",
            "look_up",
            {"title": "text"},
        )
        given = [
            {"role": "user", "content": "use the tool"},
            call.model_dump(exclude_none=True),
            {"type": "function_call_output", "call_id": call.call_id, "output": "found"},
        ]
        again: Any = client.responses.create(model=model, input=given, tools=tools)
        assert again.output_text == "The tool said: found"


def test_a_plain_model_is_answered_without_a_persona(responding: Gateway, kind: str) -> None:
    model = "own-model" if kind == "native" else "plain-model"
    reply = fetch(responding, PATH, {"model": model, "input": "Hi"})
    assert (reply.json["model"], reply.json["status"]) == (model, "completed")
    assert "persona" not in reply.json
    found = told(fetch(responding, PATH, {"model": model, "input": "Hi", "stream": True}))
    assert found[-1]["response"]["output"][-1]["content"][0]["text"] == "You said: Hi"
