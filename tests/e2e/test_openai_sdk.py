"""The official Python SDK needs nothing but another base URL and another model."""

import hashlib
import json
import re
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello, mint
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, status

RESOLVED = f"{LIBRARIAN}@v1"
SAID = "You said: Good evening"
FIELDS = {"city": {"type": "string"}, "days": {"type": "integer"}}
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": FIELDS}}
TOOL: Any = {"type": "function", "function": FUNCTION}
OTHER_TOOL: Any = {"type": "function", "function": {**FUNCTION, "name": "tides"}}
ARGUMENTS = {"city": "text", "days": 1}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Trip(BaseModel):
    city: str
    days: list[int]


def persona_of(answer: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = (answer.model_extra or {})["persona"]
    return found


def has_persona(answer: BaseModel) -> bool:
    return "persona" in (answer.model_extra or {})


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def assert_is_the_librarian(persona: dict[str, Any]) -> None:
    assert persona["id"].startswith("psn_")
    assert persona["turn"].startswith("msg_")
    assert (persona["slug"], persona["version"], persona["conversation"]) == ("the-night-librarian", 1, None)
    assert {"voice", "values", "verdict"} <= persona["drift"].keys()
    assert persona["drift"]["verdict"] != "unscored"
    assert 0 <= persona["drift"]["voice"] <= 1
    assert 1 <= persona["coherence"] <= 5


# Answers


def test_a_whole_answer_bears_the_resolved_name_and_the_persona(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model=LIBRARIAN, messages=hello())
    assert said.model == RESOLVED
    assert said.choices[0].message.content == SAID
    assert said.choices[0].finish_reason == "stop"
    assert said.usage
    assert said.usage.completion_tokens == 4
    assert_is_the_librarian(persona_of(said))
    assert str(said._request_id).startswith("req_")


async def test_the_async_client_gets_the_same(async_client: openai.AsyncOpenAI) -> None:
    said = await async_client.chat.completions.create(model=LIBRARIAN, messages=hello())
    assert (said.model, said.choices[0].message.content) == (RESOLVED, SAID)
    assert_is_the_librarian(persona_of(said))


def test_a_stream_has_the_persona_on_its_finish_chunk_only(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model=LIBRARIAN, messages=hello(), stream=True))
    assert text_of(chunks) == SAID
    assert {chunk.model for chunk in chunks} == {RESOLVED}
    assert [has_persona(chunk) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert_is_the_librarian(persona_of(chunks[-1]))


async def test_an_async_stream_has_the_same_chunks(async_client: openai.AsyncOpenAI) -> None:
    stream = await async_client.chat.completions.create(model=LIBRARIAN, messages=hello(), stream=True)
    chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == SAID
    assert_is_the_librarian(persona_of(chunks[-1]))


def test_the_stream_helper_builds_the_whole_answer(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=LIBRARIAN, messages=hello()) as stream:
        finish = [event.chunk for event in stream if event.type == "chunk"][-1]
        whole = stream.get_final_completion()
    assert (whole.model, whole.choices[0].message.content) == (RESOLVED, SAID)
    assert_is_the_librarian(persona_of(finish))


async def test_the_async_stream_helper_builds_the_whole_answer(async_client: openai.AsyncOpenAI) -> None:
    async with async_client.chat.completions.stream(model=LIBRARIAN, messages=hello()) as stream:
        whole = await stream.get_final_completion()
    assert whole.choices[0].message.content == SAID


def test_usage_comes_in_a_chunk_of_its_own_when_asked_for(client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    stream = client.chat.completions.create(
        model=LIBRARIAN, messages=hello(), stream=True, stream_options=options
    )
    *_, finish, last = stream
    assert has_persona(finish)
    assert not last.choices
    assert last.usage
    assert last.usage.completion_tokens == 4


def test_usage_that_nobody_asked_for_is_taken_out(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    chunks = list(client.chat.completions.create(model=LIBRARIAN, messages=hello(), stream=True))
    assert upstream.seen[0].json["stream_options"] == {"include_usage": True}
    assert all(chunk.choices for chunk in chunks)


@pytest.mark.parametrize("stream", [False, True])
def test_the_raw_response_has_every_header(
    client: openai.OpenAI, upstream: ScriptedUpstream, stream: bool
) -> None:
    raw = client.chat.completions.with_raw_response
    options: Any = {"stream": stream}
    response = raw.create(model=LIBRARIAN, messages=hello(), **options)
    answer: Any = response.parse()
    last = list(answer)[-1] if stream else answer
    headers = response.headers
    prompt = upstream.seen[0].json["messages"][0]["content"]
    assert re.fullmatch(r"req_[0-9A-Za-z]{20}", headers["x-request-id"])
    assert headers["x-persona"] == "the-night-librarian@v1"
    assert headers["x-persona-prompt-sha256"] == hashlib.sha256(prompt.encode()).hexdigest()
    assert headers["x-persona-upstream"] == "main/gpt-4o-mini"
    assert headers["x-persona-attempts"] == "1"
    assert 0 < float(headers["x-persona-overhead-ms"]) < 1000
    assert headers["content-type"].startswith("text/event-stream" if stream else "application/json")
    assert_is_the_librarian(persona_of(last))


# Tools and shapes


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


# Embeddings and models


def test_embeddings_are_the_same_in_both_encodings(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    words = ["dusk", "dawn"]
    packed = client.embeddings.create(model="text-embedding-3-small", input=words)
    plain = client.embeddings.create(model="text-embedding-3-small", input=words, encoding_format="float")
    assert [seen.json["encoding_format"] for seen in upstream.seen] == ["base64", "float"]
    assert [len(one.embedding) for one in packed.data] == [8, 8]
    assert [one.embedding for one in packed.data] == [
        pytest.approx(one.embedding, rel=1e-6) for one in plain.data
    ]
    assert upstream.seen[0].path == "/v1/embeddings"
    assert upstream.seen[0].json["input"] == words


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    listed = {model.id: model for model in client.models.list()}
    assert {LIBRARIAN, "persona/the-istanbul-bookseller", "plain-model"} <= listed.keys()
    model = listed[LIBRARIAN]
    assert model.object == "model"
    assert model.created > 1_700_000_000
    assert model.owned_by.startswith("ws_")
    persona = persona_of(model)
    assert persona.pop("id").startswith("psn_")
    assert persona == {"slug": "the-night-librarian", "version": 1, "name": "Edith Marlowe", "language": "en"}


def test_versions_of_one_persona_are_listed(client: openai.OpenAI) -> None:
    listed = client.models.list(extra_query={"persona": "the-night-librarian", "versions": "true"})
    assert [model.id for model in listed] == [RESOLVED]


@pytest.mark.parametrize("name", [LIBRARIAN, RESOLVED, "plain-model"])
def test_a_model_is_retrieved(client: openai.OpenAI, name: str) -> None:
    assert client.models.retrieve(name).id == name


def test_an_unknown_model_is_not_retrieved(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as failure:
        client.models.retrieve("persona/nobody")
    assert failure.value.code == "model_not_found"


# Errors


def refusal(
    client: openai.OpenAI, kind: type[openai.APIStatusError], **options: Any
) -> openai.APIStatusError:
    """See how a small request fails, whole and streamed alike."""
    found = []
    for stream in (False, True):
        asked: Any = {"model": LIBRARIAN, "messages": hello(), "stream": stream} | options
        with pytest.raises(kind) as failure:
            client.chat.completions.create(**asked)
        assert str(failure.value.request_id).startswith("req_")
        found.append(failure.value)
    whole, streamed = found
    assert (whole.status_code, whole.body) == (streamed.status_code, streamed.body)
    return whole


def test_a_wrong_key_is_an_authentication_error(gateway: Gateway) -> None:
    with gateway.client(api_key="pk_live_" + "0" * 40) as client:
        error = refusal(client, openai.AuthenticationError)
    assert (error.code, error.param, error.type) == ("invalid_api_key", None, "authentication_error")


def test_a_key_that_may_not_chat_is_denied(gateway: Gateway) -> None:
    with gateway.client(api_key=mint(gateway, "--scope", "personas:read")) as client:
        error = refusal(client, openai.PermissionDeniedError)
        assert error.code == "missing_scope"
        assert "chat:invoke" in error.message
        with pytest.raises(openai.PermissionDeniedError):
            client.embeddings.create(model="any", input="dusk")


def test_an_unknown_persona_is_not_found(client: openai.OpenAI) -> None:
    error = refusal(client, openai.NotFoundError, model="persona/nobody")
    assert (error.code, error.param, error.type) == ("model_not_found", "model", "invalid_request_error")


def test_a_malformed_request_is_a_bad_request(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    error = refusal(client, openai.BadRequestError, messages="nothing")
    assert error.param == "messages"
    assert not upstream.seen


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, openai.BadRequestError),
        (404, openai.NotFoundError),
        (413, openai.APIStatusError),
        (422, openai.UnprocessableEntityError),
    ],
)
def test_what_the_upstream_refuses_is_passed_on_at_once(
    client: openai.OpenAI, upstream: ScriptedUpstream, code: int, kind: type[openai.APIStatusError]
) -> None:
    said = error_object("The fee is too small.", code="fee_small", kind="fee_error")
    upstream.always(status(code, said | {"more": 1}))
    error = refusal(client, kind)
    assert (error.status_code, error.body) == (code, said["error"])
    assert len(upstream.seen) == 2


def test_a_rate_limit_keeps_its_retry_after(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.always(status(429, retry_after=60))
    error = refusal(client, openai.RateLimitError)
    assert error.response.headers["retry-after"] == "60"
    assert error.message.endswith("Scripted error 429.") or "429" in error.message
    assert "x-should-retry" not in error.response.headers
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("code", [401, 403])
def test_the_gateways_own_credentials_are_never_the_callers_fault(
    client: openai.OpenAI, upstream: ScriptedUpstream, code: int
) -> None:
    upstream.always(status(code, error_object("Wrong key: upstream-secret-key.")))
    error = refusal(client, openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "provider.rejected_credentials")
    assert "secret" not in error.response.text
    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("answered", "code", "kind"),
    [
        (409, "409", openai.ConflictError),
        (500, "provider.unavailable", openai.InternalServerError),
        (401, "provider.rejected_credentials", openai.InternalServerError),
    ],
)
def test_the_sdks_own_retries_do_not_multiply_ours(
    gateway: Gateway,
    upstream: ScriptedUpstream,
    answered: int,
    code: str,
    kind: type[openai.APIStatusError],
) -> None:
    upstream.always(status(answered))
    with gateway.client(max_retries=openai.DEFAULT_MAX_RETRIES) as client, pytest.raises(kind) as failure:
        client.chat.completions.create(model=LIBRARIAN, messages=hello())
    # A 500 with a JSON error may be the request's doing, and is tried once more at most.
    tries = {401: 1, 500: 2}.get(answered, 3)
    assert len(upstream.seen) == tries
    assert str(failure.value.code) == code
    headers = failure.value.response.headers
    assert headers["x-should-retry"] == "false"
    assert headers["x-persona-attempts"] == str(tries)


def test_a_first_failure_is_retried_unseen(client: openai.OpenAI, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(503))
    raw = client.chat.completions.with_raw_response.create(model=LIBRARIAN, messages=hello())
    assert raw.headers["x-persona-attempts"] == "2"
    assert raw.parse().choices[0].message.content == SAID
