"""The bundled model answers where no upstream is configured; mechanics, never wording."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from gateway import config
from gateway.upstreams.local import LocalModelMissing, find_weights
from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until

pytestmark = [pytest.mark.local_model, pytest.mark.serial]
FIRST_TOKEN_SECONDS = 20
FEW = 16
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
TOOL: Any = {"type": "function", "function": {"name": "tides", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    try:
        find_weights(config.Local())
    except LocalModelMissing as missing:
        pytest.skip(str(missing))
    gateway = Gateway(tmp_path_factory.mktemp("night"), "").start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def librarian(night: Gateway) -> Iterator[openai.OpenAI]:
    with night.client(timeout=120) as client:
        yield client


def test_the_banner_says_that_it_is_a_demonstration(night: Gateway) -> None:
    assert f"local/{config.BUNDLED_MODEL}" in night.banner
    assert "135M demonstration model" in night.banner


def test_a_whole_answer_comes(librarian: openai.OpenAI) -> None:
    raw = librarian.chat.completions.with_raw_response.create(
        model=LIBRARIAN, messages=hello(), max_tokens=FEW
    )
    said = raw.parse()
    assert said.model == f"{LIBRARIAN}@v1"
    assert said.choices[0].message.content
    assert said.usage
    assert 0 < said.usage.completion_tokens <= FEW
    assert raw.headers["x-persona-upstream"] == f"local/{config.BUNDLED_MODEL}"
    assert (said.model_extra or {})["persona"]["slug"] == "the-night-librarian"


def test_a_response_that_nobody_has_limited_is_whole(librarian: openai.OpenAI) -> None:
    said = librarian.responses.create(model=LIBRARIAN, input="Good evening!")
    assert (said.status, said.incomplete_details) == ("completed", None)
    cut = librarian.responses.create(model=LIBRARIAN, input="Tell me of the sea.", max_output_tokens=3)
    assert cut.status == "incomplete"


def test_an_intent_becomes_a_persona_that_talks_and_is_scored(
    night: Gateway, librarian: openai.OpenAI
) -> None:
    wanted = {
        "intent": "A 61-year-old night librarian of a harbour town.",
        "seed": 1,
        "visibility": "workspace",
    }
    run = fetch(night, "/v1/personas", wanted, headers={"Prefer": "respond-async"}).json["id"]
    ended = until(lambda: (found := fetch(night, f"/v1/runs/{run}").json)["ended_at"] and found, within=600)
    assert ended["status"] == "completed", ended["error"]
    assert ended["result"]["demonstration"]
    made = fetch(night, f"/v1/personas/{ended['persona']}").json
    assert made["surface"]["age"] == 61
    said = librarian.chat.completions.create(
        model=f"persona/{made['slug']}", messages=hello(), max_tokens=FEW
    )
    drift = (said.model_extra or {})["persona"]["drift"]
    # Where lines failed the scorer, there may be too few of them for a verdict yet.
    assert drift["verdict"] != "unscored"


def test_a_stream_comes_token_by_token(librarian: openai.OpenAI) -> None:
    begun = time.monotonic()
    stream = librarian.chat.completions.create(
        model=LIBRARIAN, messages=hello("What should I read?"), max_tokens=FEW, stream=True
    )
    first, chunks = None, []
    for chunk in stream:
        chunks.append(chunk)
        if first is None and chunk.choices[0].delta.content:
            first = time.monotonic() - begun
    assert first is not None
    assert first < FIRST_TOKEN_SECONDS
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) > 1
    assert {chunk.model for chunk in chunks} == {f"{LIBRARIAN}@v1"}
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")
    assert "persona" in (chunks[-1].model_extra or {})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("asked", "word", "param"),
    [
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "images", "messages"),
        ({"messages": [{"role": "user", "content": [AUDIO]}]}, "audio", "messages"),
        ({"messages": hello(), "modalities": ["text", "audio"]}, "audio", "modalities"),
    ],
)
def test_what_it_cannot_do_is_refused_before_the_call(
    librarian: openai.OpenAI, asked: dict[str, Any], word: str, param: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError) as failure:
        librarian.chat.completions.create(model=LIBRARIAN, stream=stream, **asked)
    assert (failure.value.code, failure.value.param) == ("unsupported_input", param)
    assert word in failure.value.message
    assert failure.value.response.headers["x-persona-attempts"] == "0"


@pytest.mark.parametrize("stream", [False, True])
def test_it_answers_without_the_tools_that_a_chat_ui_sends_along(night: Gateway, stream: bool) -> None:
    body = {"model": LIBRARIAN, "messages": hello(), "max_tokens": FEW, "stream": stream}
    reply = fetch(night, body={**body, "tools": [TOOL], "tool_choice": "auto"})
    assert (reply.status, reply.headers["x-persona-dropped"]) == (200, "tools")
    assert "x-persona-dropped" not in fetch(night, body=body).headers


CALLED = {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    "asked",
    [
        {"messages": [*hello(), {**CALLED, "tool_calls": "x"}]},
        {"messages": [*hello(), {**CALLED, "tool_calls": [1]}]},
        {"messages": [*hello(), {**CALLED, "tool_calls": [{}]}]},
        {"messages": [*hello(), {**CALLED, "tool_calls": [{"id": "a", "type": "function"}]}]},
        {"messages": [*hello(), {**CALLED, "reasoning_content": 7}]},
        {"messages": [{"role": "user", "content": "a", "name": {"b": 1}}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user"}]},
        {"messages": hello(), "json_schema": {}, "grammar": 'root ::= "a"'},
        {"messages": hello(), "reasoning_format": "x"},
        {"messages": hello(), "temperature": "hot"},
    ],
    ids=lambda asked: str(asked)[-40:],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_mistake_that_only_the_model_finds_is_the_callers(
    night: Gateway, asked: dict[str, Any], stream: bool
) -> None:
    reply = fetch(
        night, "/v1/openai/chat/completions", {"model": LIBRARIAN, "max_tokens": 2, "stream": stream, **asked}
    )
    assert (reply.status, reply.error["type"]) == (400, "invalid_request_error"), reply.body


def test_the_terminal_chat_prints_an_answer(tmp_path: Path, night: Gateway) -> None:
    store = Gateway(tmp_path, "")
    store.cli("db", "upgrade")
    store.push(slug="the-night-librarian", prompt="You are brief.", defaults={"max_tokens": FEW})
    assert store.cli("chat", "the-night-librarian", "-m", "Hello").strip()


def test_the_terminal_chat_does_not_know_a_stranger(tmp_path: Path, night: Gateway) -> None:
    store = Gateway(tmp_path, "")
    store.cli("db", "upgrade")
    command = [sys.executable, "-m", "gateway", "chat", "nobody", "-m", "Hi", "--config", str(store.config)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
