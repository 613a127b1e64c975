"""Responses are asked for by bytes and by the official SDK, from both kinds of upstream."""

import hashlib
import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk, completion
from tests.fakes.upstream_scripts import CLOSE, Named, events, json_answer, status
from tests.responses.conftest import PROMPT

PATH = "/v1/openai/responses"
TOOL: dict[str, Any] = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
    "strict": False,
}


class Book(BaseModel):
    title: str
    pages: int


def ask(gateway: Gateway, kind: str, given: object = "Good evening", **more: Any) -> Reply:
    return fetch(gateway, PATH, {"model": f"persona/{kind}", "input": given, "store": False, **more})


def recorded(gateway: Gateway, turn_id: str) -> dict[str, Any]:
    """Return the row of a turn; it is empty until that is written."""
    reply = fetch(gateway, f"/v1/turns/{turn_id}")
    found: dict[str, Any] = reply.json if reply.status == 200 else {}
    return found


def told(reply: Reply) -> list[dict[str, Any]]:
    """Decode the events of a stream, each of which bears its name twice."""
    found = []
    for frame in reply.body.decode().split("\n\n")[:-1]:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


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
        ({"x_vendor": 1}, "x_vendor"),
        ({"max_tool_calls": 1}, "max_tool_calls"),
        ({"truncation": "odd"}, "truncation"),
        ({"include": ["file_search_call.results"]}, "include[0]"),
        ({"reasoning": {"x": 1}}, "reasoning.x"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "custom", "name": "x"}]}, "tools[0].type"),
        ({"input": [{"type": "computer_call"}, {"role": "user", "content": "x"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_video"}]}]}, "input[0].content[0]"),
    ],
)
def test_what_no_chat_can_be_asked_is_refused_by_its_name(
    responding: Gateway, upstream: ScriptedUpstream, more: dict[str, Any], param: str
) -> None:
    reply = ask(responding, "bridged", **more)
    assert (reply.status, reply.error["param"]) == (400, param)
    assert upstream.seen == []


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


def test_defaults_of_the_version_hold(responding: Gateway, upstream: ScriptedUpstream, kind: str) -> None:
    assert ask(responding, f"locked-{kind}", temperature=0.9).status == 200
    sent = upstream.seen[-1].json
    assert sent["temperature"] == 0.9
    limit = sent["max_output_tokens"] if kind == "native" else sent["max_tokens"]
    effort = sent["reasoning"]["effort"] if kind == "native" else sent["reasoning_effort"]
    assert (limit, effort) == (50, "low")


def test_parameters_reach_a_chat_in_its_own_words(responding: Gateway, upstream: ScriptedUpstream) -> None:
    shape = {"type": "json_schema", "name": "book", "schema": {"type": "object"}, "strict": True}
    ask(
        responding,
        "bridged",
        max_output_tokens=9,
        reasoning={"effort": "high", "summary": "auto"},
        text={"format": shape, "verbosity": "low"},
        tools=[TOOL],
        tool_choice={"type": "function", "name": "look_up"},
        top_logprobs=2,
        metadata={"a": "b"},
        safety_identifier="s",
    )
    sent = upstream.seen[-1].json
    del sent["messages"], shape["type"]
    assert sent == {
        "model": "gpt-4o-mini",
        "max_tokens": 9,
        "reasoning_effort": "high",
        "verbosity": "low",
        "response_format": {"type": "json_schema", "json_schema": shape},
        "tools": [{"type": "function", "function": {name: TOOL[name] for name in TOOL if name != "type"}}],
        "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        "top_logprobs": 2,
        "logprobs": True,
        "safety_identifier": "s",
    }


def test_items_become_messages_without_losing_a_call_or_a_thought(
    responding: Gateway, upstream: ScriptedUpstream
) -> None:
    items: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "input_text", "text": "Look"}, IMAGE]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "b", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
        {"role": "user", "content": "Thanks"},
    ]
    assert ask(responding, "bridged", items).status == 200
    call = {"type": "function", "function": {"name": "a", "arguments": "{}"}}
    other = {"type": "function", "function": {"name": "b", "arguments": "{}"}}
    assert upstream.seen[-1].json["messages"][1:] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "reasoning_content": "Hm.",
            "tool_calls": [{"id": "c1", **call}, {"id": "c2", **other}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "Thanks"},
    ]


IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"}


@pytest.mark.parametrize("summary", [None, "auto"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_a_chat_reasons_refuses_and_calls_becomes_items(
    responding: Gateway, upstream: ScriptedUpstream, stream: bool, summary: str | None
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":"ü"}'}}
    said = {"reasoning_content": "Hm.", "tool_calls": [{"index": 0, **call}]}
    script = events([chunk("Hi", delta=said), chunk(finish="length")])
    message = {"reasoning_content": "Hm.", "tool_calls": [call]}
    upstream.reply(script if stream else json_answer(completion("Hi", message=message, finish="length")))
    reply = ask(responding, "bridged", stream=stream, reasoning={"summary": summary})
    answer = told(reply)[-1]["response"] if stream else reply.json
    assert (answer["status"], answer["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    thought, message_item, called = answer["output"]
    part = {"type": "summary_text" if summary else "reasoning_text", "text": "Hm."}
    assert (thought["summary"] or thought["content"]) == [part]
    assert message_item["content"][0]["text"] == "Hi"
    assert (called["call_id"], called["name"], called["arguments"]) == ("c1", "f", '{"a":"ü"}')


def test_a_refusal_is_told_as_one(responding: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(events([chunk(delta={"refusal": "No."}), chunk(finish="stop")]))
    found = told(ask(responding, "bridged", stream=True))
    assert [event["delta"] for event in found if event["type"] == "response.refusal.delta"] == ["No."]
    content = found[-1]["response"]["output"][0]["content"]
    assert content == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstreams_refusal_keeps_its_status(
    responding: Gateway, upstream: ScriptedUpstream, kind: str, stream: bool
) -> None:
    upstream.always(status(422))
    reply = ask(responding, kind, stream=stream)
    assert (reply.status, reply.error["message"]) == (422, "Scripted error 422.")


def test_a_stream_that_fails_midway_says_so(
    responding: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    if kind == "bridged":
        upstream.reply(events([chunk("Hel"), {"error": {"message": "Gone.", "code": "gone"}}], done=False))
    else:
        begun = {"type": "response.output_text.delta", "sequence_number": 0, "item_id": "m", "delta": "Hel"}
        failed = {"status": "failed", "error": {"message": "Gone.", "code": "gone"}}
        upstream.reply(
            events(
                [
                    Named(begun["type"], begun),  # type: ignore[arg-type]
                    Named("response.failed", {"type": "response.failed", "response": failed}),
                ],
                done=False,
            )
        )
    found = told(ask(responding, kind, stream=True))
    assert [event["type"] for event in found[-2:]] == ["response.failed", "error"]
    assert found[-2]["response"]["error"] == {"code": "gone", "message": "Gone."}
    assert (found[-1]["message"], found[-1]["error"]["code"]) == ("Gone.", "gone")
    turn = found[-2]["response"]["id"].replace("resp_", "msg_")
    assert until(lambda: recorded(responding, turn))["status"] == "failed"


def test_a_stream_that_is_cut_off_fails(responding: Gateway, upstream: ScriptedUpstream, kind: str) -> None:
    if kind == "bridged":
        upstream.reply(events([*answer_chunks("Hello there")[:2], CLOSE]))
    else:
        begun = {"type": "response.output_text.delta", "sequence_number": 0, "item_id": "m", "delta": "Hel"}
        upstream.reply(events([Named("response.output_text.delta", begun), CLOSE], done=False))
    with responding.client() as client, pytest.raises(openai.APIError) as failed:
        list(client.responses.create(model=f"persona/{kind}", input="Hi", store=False, stream=True))
    assert failed.value.code == "provider.stream_broken"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "odd", [{"status": "queued"}, {"status": 5}, {"output": [5]}, {"output": None}], ids=lambda odd: str(odd)
)
def test_what_is_no_response_that_has_ended_is_never_told_as_one(
    responding: Gateway, upstream: ScriptedUpstream, stream: bool, odd: dict[str, Any]
) -> None:
    answer = {"id": "r", "object": "response", "status": "completed", "output": [], **odd}
    told_so = {"type": "response.completed", "response": answer}
    upstream.always(
        events([Named("response.completed", told_so)], done=False) if stream else json_answer(answer)
    )
    reply = ask(responding, "native", store=True, stream=stream)
    assert (reply.status, b"response.completed" in reply.body) == (503, False)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_in_another_form_is_passed_on_and_kept(
    responding: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    output = [
        {"type": "message", "content": None},
        {"type": "message", "content": ["x"]},
        {"type": "reasoning", "summary": ["x"]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A \ud83d b"}]},
    ]
    upstream.reply(json_answer({"id": "r", "object": "response", "status": None, "output": output}))
    reply = ask(responding, "native", store=True, stream=stream)
    found = told(reply)[-1]["response"] if stream else reply.json
    assert found["output"][:3] == output[:3]
    assert found["output"][3]["content"][0]["text"] == "A ? b"
    assert fetch(responding, f"{PATH}/{found['id']}").json["output"] == found["output"]


def test_a_response_that_fails_at_once_is_a_proper_error(
    responding: Gateway, upstream: ScriptedUpstream
) -> None:
    failed = {"id": "r", "status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow."}}
    begun = {"type": "response.created", "response": {"id": "r", "status": "in_progress"}}
    script = events(
        [
            Named("response.created", begun),
            Named("response.failed", {"type": "response.failed", "response": failed}),
        ],
        done=False,
    )
    upstream.always(script)
    assert ask(responding, "native", stream=True).status == 429


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
