"""LangChain's ChatOpenAI talks to a persona."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from tests.conftest import LIBRARIAN
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream

SAID = "You said: Good evening"


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    days: int


@pytest.fixture
def settings(gateway: Gateway) -> Iterator[dict[str, Any]]:
    """What LangChain needs to reach the gateway, with clients of its own, since those it shares stay open."""
    waiting = httpx.AsyncClient()
    with httpx.Client() as client:
        said = {"base_url": gateway.base_url, "api_key": gateway.key, "max_retries": 0}
        yield {**said, "http_client": client, "http_async_client": waiting}
    if not waiting.is_closed:
        asyncio.run(waiting.aclose())


@pytest.fixture
def model(settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model=LIBRARIAN, stream_usage=True, **settings)


def whole(chunks: list[Any]) -> AIMessageChunk:
    first, *others = chunks
    message: AIMessageChunk = sum(others, first)
    return message


def test_invoke_answers(model: ChatOpenAI, upstream: ScriptedUpstream) -> None:
    said = model.invoke([SystemMessage("Be brief."), HumanMessage("Good evening")])
    assert said.content == SAID
    assert said.response_metadata["model_name"] == f"{LIBRARIAN}@v1"
    assert said.response_metadata["finish_reason"] == "stop"
    system = upstream.seen[0].json["messages"][0]["content"]
    assert system.endswith("\n\nBe brief.")


def test_invoke_counts_usage(model: ChatOpenAI, upstream: ScriptedUpstream) -> None:
    usage = model.invoke("Good evening").usage_metadata
    assert usage
    assert usage["output_tokens"] == 4
    assert usage["total_tokens"] == usage["input_tokens"] + 4


def test_stream_yields_the_text_piece_by_piece(model: ChatOpenAI) -> None:
    chunks = list(model.stream("Good evening"))
    assert [chunk.content for chunk in chunks if chunk.content] == ["You ", "said: ", "Good ", "evening"]
    assert whole(chunks).response_metadata["model_name"] == f"{LIBRARIAN}@v1"


def test_a_stream_counts_usage_once(model: ChatOpenAI) -> None:
    usage = whole(list(model.stream("Good evening"))).usage_metadata
    assert usage == model.invoke("Good evening").usage_metadata


async def test_astream_yields_the_same(model: ChatOpenAI, settings: Any) -> None:
    chunks = [chunk async for chunk in model.astream("Good evening")]
    assert whole(chunks).content == SAID
    usage = whole(chunks).usage_metadata
    assert usage
    assert usage["output_tokens"] == 4
    await settings["http_async_client"].aclose()


@pytest.mark.parametrize("stream", [False, True])
def test_bound_tools_are_called(model: ChatOpenAI, stream: bool) -> None:
    bound = model.bind_tools([Weather])
    asked = "Please use the tool"
    said: Any = whole(list(bound.stream(asked))) if stream else bound.invoke(asked)
    (call,) = said.tool_calls
    assert (call["name"], call["args"]) == ("Weather", {"city": "text", "days": 1})


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_is_an_object(model: ChatOpenAI, method: Any) -> None:
    shaped = model.with_structured_output(Weather, method=method)
    assert shaped.invoke("Good evening") == Weather(city="text", days=1)


def test_the_head_of_an_answer_tells_the_verdict(settings: Any) -> None:
    model = ChatOpenAI(model=LIBRARIAN, include_response_headers=True, **settings)
    headers = model.invoke("Good evening").response_metadata["headers"]
    assert headers["x-persona-verdict"] != "unscored"
    assert 0 <= float(headers["x-persona-drift-voice"]) <= 1


def test_embeddings_are_computed(settings: Any) -> None:
    made = OpenAIEmbeddings(model="scripted", check_embedding_ctx_length=False, **settings)
    assert len(made.embed_query("dusk")) == 8
