"""What is asked and answered as a response goes to an upstream that chats alone, and comes back from it."""

from typing import Any

import pytest

from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import chunk, completion
from tests.fakes.upstream_scripts import events, json_answer
from tests.responses.asking import TOOL, ask, told

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"}


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
