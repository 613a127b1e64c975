"""The official Python SDK needs nothing but another base URL and another model."""

import hashlib
import re
from typing import Any

import openai
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.sdk import RESOLVED, SAID, assert_is_the_librarian, has_persona, persona_of, text_of
from tests.fakes.upstream import ScriptedUpstream


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
    assert named(model) == "Edith Marlowe"
    assert named(listed["plain-model"]) == "plain-model"
    assert persona == {"slug": "the-night-librarian", "version": 1, "name": "Edith Marlowe", "language": "en"}


def named(model: Any) -> str:
    """Read the name that chat UIs show in their lists."""
    return str(model.model_extra["name"])


def test_versions_of_one_persona_are_listed(client: openai.OpenAI) -> None:
    listed = list(client.models.list(extra_query={"persona": "the-night-librarian", "versions": "true"}))
    assert [model.id for model in listed] == [RESOLVED]
    assert named(listed[0]) == named(client.models.retrieve(RESOLVED)) == "Edith Marlowe (v1)"


@pytest.mark.parametrize("name", [LIBRARIAN, RESOLVED, "plain-model"])
def test_a_model_is_retrieved(client: openai.OpenAI, name: str) -> None:
    assert client.models.retrieve(name).id == name


def test_an_unknown_model_is_not_retrieved(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as failure:
        client.models.retrieve("persona/nobody")
    assert failure.value.code == "model_not_found"
