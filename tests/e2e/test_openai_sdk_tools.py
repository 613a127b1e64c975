"""Tools, schemas, media and every parameter work through the official Python SDK."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.sdk import SAID, assert_is_the_librarian, has_persona, persona_of
from tests.fakes.upstream import ScriptedUpstream

FIELDS = {"city": {"type": "string"}, "days": {"type": "integer"}}
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": FIELDS}}
TOOL: Any = {"type": "function", "function": FUNCTION}
OTHER_TOOL: Any = {"type": "function", "function": {**FUNCTION, "name": "tides"}}
ARGUMENTS = {"city": "text", "days": 1}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Trip(BaseModel):
    city: str
    days: list[int]


@pytest.mark.parametrize(
    ("asked", "names"), [("please use the tool", ["weather"]), ("use both tools", ["weather", "tides"])]
)
def test_tools_are_called(client: openai.OpenAI, asked: str, names: list[str]) -> None:
    said = client.chat.completions.create(model=LIBRARIAN, messages=hello(asked), tools=[TOOL, OTHER_TOOL])
    calls: Any = said.choices[0].message.tool_calls
    assert said.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == names
    assert [json.loads(call.function.arguments) for call in calls] == [ARGUMENTS] * len(names)
    assert has_persona(said)


def test_a_tools_result_is_answered(client: openai.OpenAI) -> None:
    asked = client.chat.completions.create(
        model=LIBRARIAN, messages=hello("use the tool"), tools=[TOOL]
    ).choices[0]
    calls: Any = asked.message.tool_calls
    result: Any = {"role": "tool", "tool_call_id": calls[0].id, "content": "rain"}
    messages: Any = [*hello("use the tool"), asked.message, result]
    said = client.chat.completions.create(model=LIBRARIAN, messages=messages, tools=[TOOL])
    assert said.choices[0].message.content == "The tool said: rain"


def test_fragments_of_parallel_calls_stream_through(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=LIBRARIAN, messages=hello("use both tools"), tools=[TOOL, OTHER_TOOL], stream=True
    )
    arguments = ["", ""]
    for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or ():
            assert call.function
            arguments[call.index] += call.function.arguments or ""
    assert [json.loads(text) for text in arguments] == [ARGUMENTS, ARGUMENTS]
    assert chunk.choices[0].finish_reason == "tool_calls"
    assert has_persona(chunk)


def test_the_stream_helper_puts_fragments_together(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model=LIBRARIAN, messages=hello("use both tools"), tools=[TOOL, OTHER_TOOL]
    ) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        calls: Any = stream.get_final_completion().choices[0].message.tool_calls
    assert [event.name for event in done] == ["weather", "tides"]
    assert [json.loads(call.function.arguments) for call in calls] == [ARGUMENTS, ARGUMENTS]


def test_a_legacy_function_is_called(client: openai.OpenAI) -> None:
    functions: Any = [FUNCTION]
    said = client.chat.completions.create(
        model=LIBRARIAN, messages=hello("use the tool"), functions=functions
    )
    assert said.choices[0].finish_reason == "function_call"
    call = said.choices[0].message.function_call
    assert call
    assert (call.name, json.loads(call.arguments)) == ("weather", ARGUMENTS)


def test_a_pydantic_model_is_parsed(client: openai.OpenAI) -> None:
    said = client.chat.completions.parse(model=LIBRARIAN, messages=hello(), response_format=Trip)
    assert said.choices[0].message.parsed == Trip(city="text", days=[1])
    assert has_persona(said)


def test_a_pydantic_model_is_parsed_from_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=LIBRARIAN, messages=hello(), response_format=Trip) as stream:
        whole = stream.get_final_completion()
    assert whole.choices[0].message.parsed == Trip(city="text", days=[1])


def test_json_mode_gives_json(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    said = client.chat.completions.create(
        model=LIBRARIAN, messages=hello(), response_format={"type": "json_object"}
    )
    assert json.loads(str(said.choices[0].message.content)) == {"said": "Good evening"}
    assert upstream.seen[0].json["response_format"] == {"type": "json_object"}


def test_images_and_audio_reach_the_upstream_unchanged(
    client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
    ]
    messages: Any = [{"role": "user", "content": parts, "name": "reader"}]
    client.chat.completions.create(model=LIBRARIAN, messages=messages)
    prompt, message = upstream.seen[0].json["messages"]
    assert prompt["role"] == "system"
    assert message == messages[0]


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_come_back(client: openai.OpenAI, stream: bool) -> None:
    options: Any = {"stream": stream, "logprobs": True, "top_logprobs": 2}
    said: Any = client.chat.completions.create(model=LIBRARIAN, messages=hello(), **options)
    answers = [chunk.choices[0] for chunk in said] if stream else [said.choices[0]]
    tokens = [token for answer in answers if answer.logprobs for token in answer.logprobs.content]
    assert "".join(token.token for token in tokens) == SAID
    assert [len(token.top_logprobs) for token in tokens] == [2] * 4


def test_several_choices_come_whole(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model=LIBRARIAN, messages=hello(), n=3)
    assert [one.message.content for one in said.choices] == [SAID, f"{SAID} (1)", f"{SAID} (2)"]
    assert_is_the_librarian(persona_of(said))


def test_several_streamed_choices_have_the_persona_on_the_last_finish(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model=LIBRARIAN, messages=hello(), n=3, stream=True))
    finishes = [chunk for chunk in chunks if chunk.choices[0].finish_reason]
    assert [chunk.choices[0].index for chunk in finishes] == [0, 1, 2]
    assert [chunk for chunk in chunks if has_persona(chunk)] == [finishes[-1]]
    texts = ["", "", ""]
    for chunk in chunks:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [SAID, f"{SAID} (1)", f"{SAID} (2)"]


def test_every_parameter_reaches_the_upstream(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    client.chat.completions.create(
        model=LIBRARIAN,
        messages=hello(),
        stop=["END", "\n\n"],
        seed=7,
        temperature=0,
        logit_bias={"50256": -100},
        metadata={"trace": "é"},
        user="reader-1",
        extra_body={"x_unknown": {"deep": [1, None, {"ü": 1.5}]}, "top_k": 40},
    )
    seen = upstream.seen[0].json
    del seen["messages"]
    assert seen == {
        "model": "gpt-4o-mini",
        "stop": ["END", "\n\n"],
        "seed": 7,
        "temperature": 0,
        "logit_bias": {"50256": -100},
        "metadata": {"trace": "é"},
        "user": "reader-1",
        "x_unknown": {"deep": [1, None, {"ü": 1.5}]},
        "top_k": 40,
    }


def test_a_length_limit_ends_the_answer(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model=LIBRARIAN, messages=hello(), max_completion_tokens=2)
    assert (said.choices[0].message.content, said.choices[0].finish_reason) == ("You said: ", "length")
