"""The model behind the scripted upstream answers every request in the same way."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.fakes.asking import ASK, fetch
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import MODEL

FIELDS = {"city": {"type": "string"}, "days": {"type": "integer"}}
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": FIELDS}}
TOOL: Any = {"type": "function", "function": FUNCTION}


class Trip(BaseModel):
    city: str
    days: list[int]


def test_the_model_says_what_it_was_told(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(**ASK, n=2)
    words = "You said: one two three"
    assert [one.message.content for one in said.choices] == [words, words + " (1)"]
    assert said.model == MODEL
    assert said.usage
    assert said.usage.prompt_tokens == 3


def test_the_model_streams_the_same_words(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}))
    text = "".join(part.choices[0].delta.content or "" for part in chunks if part.choices)
    assert text == "You said: one two three"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert not chunks[-1].choices
    assert chunks[-1].usage
    assert len({part.id for part in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_calls_both_tools_at_once(client: openai.OpenAI, stream: bool) -> None:
    other = {"type": "function", "function": {**FUNCTION, "name": "clock"}}
    messages = [{"role": "user", "content": "both tools"}]
    ask: dict[str, Any] = {"model": MODEL, "messages": messages, "tools": [TOOL, other]}
    if stream:
        with client.chat.completions.stream(**ask) as parts:
            said: Any = parts.get_final_completion()
    else:
        said = client.chat.completions.create(**ask)
    calls = said.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["weather", "clock"]
    assert all(json.loads(call.function.arguments) == {"city": "text", "days": 1} for call in calls)
    assert said.choices[0].finish_reason == "tool_calls"


def test_the_model_reports_what_a_tool_said(client: openai.OpenAI) -> None:
    result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
    messages: Any = [{"role": "user", "content": "use the tool"}, result]
    said = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    assert said.choices[0].message.content == "The tool said: sunny"


def test_the_model_calls_a_legacy_function(upstream: ScriptedUpstream) -> None:
    ask = {**ASK, "functions": [FUNCTION], "function_call": {"name": "weather"}}
    choice = json.loads(fetch(upstream, ask)[2])["choices"][0]
    assert choice["message"]["function_call"]["name"] == "weather"
    assert choice["finish_reason"] == "function_call"


def test_the_model_fits_its_answer_to_a_schema(client: openai.OpenAI) -> None:
    said = client.chat.completions.parse(**ASK, response_format=Trip)
    assert said.choices[0].message.parsed == Trip(city="text", days=[1])


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_scores_each_token(client: openai.OpenAI, stream: bool) -> None:
    ask = {**ASK, "logprobs": True, "top_logprobs": 2}
    if stream:
        with client.chat.completions.stream(**ask) as parts:
            scores = parts.get_final_completion().choices[0].logprobs
    else:
        scores = client.chat.completions.create(**ask).choices[0].logprobs
    assert scores
    assert [len(token.top_logprobs) for token in scores.content or []] == [2] * 5


def test_both_encodings_of_a_vector_are_equal(client: openai.OpenAI) -> None:
    packed = client.embeddings.create(model=MODEL, input=["a", "b"], dimensions=4)
    plain = client.embeddings.create(model=MODEL, input=["a", "b"], dimensions=4, encoding_format="float")
    assert [one.embedding for one in packed.data] == [one.embedding for one in plain.data]
    assert len(packed.data[1].embedding) == 4


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]


@pytest.mark.parametrize("body", [{**ASK, "messages": "x"}, {**ASK, "n": 10**9}, {**ASK, "tools": [1]}])
def test_a_request_that_makes_no_sense_is_refused(upstream: ScriptedUpstream, body: dict[str, Any]) -> None:
    assert fetch(upstream, body)[0] == 400
