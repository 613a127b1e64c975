"""An artist without a gateway around: what it needs, what it sends, and where it fetches from."""

import asyncio
from collections.abc import AsyncIterator
from email.message import Message
from email.parser import BytesParser
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.auth.guard import Caller
from gateway.config import Config, Egress, Images, Upstream
from gateway.errors import Fault, Refusal
from gateway.images.drawing import LARGE, Artist, Sitter
from gateway.images.order import order, words
from gateway.turns.meter import Ended
from gateway.turnstile import AT_ONCE, WAITING
from gateway.upstreams.routing import Routing
from tests.fakes.pictures import JPEG, PICTURE, painted
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import WHOLE, Script, json_answer

SITTER = Sitter("psn_1", "muse", "ver_1", 1, "You are a muse in a red coat.")
CALLER = Caller("key_1", "ws_1", "own_1", frozenset(), operator=False)


class Studio:
    """An artist, with what it has recorded."""

    def __init__(self, config: Config) -> None:
        self.turns: list[Any] = []
        self.routing = Routing(config)
        ledger: Any = SimpleNamespace(known=SimpleNamespace(free={"ws_1"}))
        self.told: list[Ended] = []
        recorder: Any = SimpleNamespace(
            record=self.turns.append, tell=lambda ended, _trace: self.told.append(ended)
        )
        limiter: Any = SimpleNamespace(charge=lambda *_: None)
        self.artist = Artist(config, self.routing, ledger, recorder, limiter)


def configured(*names: str, **images: Any) -> Config:
    upstreams = {name: Upstream(base_url="http://127.0.0.1:9/v1") for name in names}
    return Config(upstreams=upstreams, images=Images(**images))


@pytest.mark.parametrize(
    ("config", "prompt", "fault", "message"),
    [
        (configured("openai"), " \n", Fault.PERSONA_PROMPTLESS, "Persona has no system prompt"),
        (configured(), "You are.", Fault.PROVIDER_UNSET, "No LLM provider configured"),
        (configured("local"), "You are.", Fault.PROVIDER_UNSET, "No LLM provider configured"),
        (configured("main"), "You are.", Fault.IMAGES_UNSET, "LLM provider is not OpenAI"),
    ],
)
async def test_what_is_missing_is_told_in_the_words_of_the_api(
    config: Config, prompt: str, fault: Fault, message: str
) -> None:
    with pytest.raises(Refusal) as refused:
        Studio(config).artist.require_able(prompt)
    assert (refused.value.fault, refused.value.status, refused.value.message) == (fault, 400, message)


async def test_the_upstream_that_is_named_or_called_openai_makes_them() -> None:
    assert Studio(configured("main", "openai")).artist.require_able("p") == "openai"
    assert Studio(configured("main", "openai", upstream="main")).artist.require_able("p") == "main"


async def test_few_orders_with_large_styles_of_a_workspace_are_in_memory_at_once() -> None:
    artist, done, last = Studio(configured("openai")).artist, asyncio.Event(), asyncio.Event()
    begun = []

    async def draw(workspace: str, size: int) -> None:
        async with artist.room(workspace, size):
            begun.append((workspace, size))
            if workspace == "ws_2":
                last.set()
            await done.wait()

    drawing = [asyncio.create_task(draw("ws_1", LARGE + 1)) for _ in range(AT_ONCE + WAITING)]
    drawing += [asyncio.create_task(draw("ws_1", LARGE)), asyncio.create_task(draw("ws_2", LARGE + 1))]
    await last.wait()
    assert begun.count(("ws_1", LARGE + 1)) == AT_ONCE
    assert ("ws_1", LARGE) in begun
    with pytest.raises(Refusal, match="portraits with large style images") as refused:
        await draw("ws_1", LARGE + 1)
    assert refused.value.fault is Fault.RATE_LIMITED
    done.set()
    await asyncio.gather(*drawing)
    assert begun.count(("ws_1", LARGE + 1)) == AT_ONCE + WAITING


def test_an_order_with_styles_is_a_form_with_every_picture() -> None:
    ordered = order(Images(quality=""), "You are a muse.", [PICTURE, JPEG])
    assert ordered.path == "/images/edits"
    head = f"Content-Type: {ordered.media_type}\r\n\r\n".encode()
    parts: list[Message] = BytesParser().parsebytes(head + ordered.body).get_payload()  # type: ignore[assignment]
    named = [
        (part.get_param("name", header="content-disposition"), part.get_content_type()) for part in parts
    ]
    assert named == [
        ("model", "text/plain"),
        ("prompt", "text/plain"),
        ("n", "text/plain"),
        ("size", "text/plain"),
        ("image[]", "image/png"),
        ("image[]", "image/jpeg"),
    ]
    assert parts[1].get_payload(decode=True) == words("You are a muse.", has_style=True).encode()
    assert [part.get_payload(decode=True) for part in parts[4:]] == [PICTURE, JPEG]


def test_a_prompt_of_any_length_makes_a_bounded_order() -> None:
    assert len(words("x" * 500_000, has_style=True)) < 17_000


@pytest.fixture
async def studio(upstream: ScriptedUpstream) -> AsyncIterator[Studio]:
    main = Upstream(base_url=upstream.base_url)
    place = f"127.0.0.1:{upstream.port}"
    made = Studio(Config(upstreams={"openai": main}, egress=Egress(allow=[place]), images=Images(timeout=20)))
    yield made
    await made.routing.close()


def found_at(upstream: ScriptedUpstream, script: Script) -> None:
    upstream.by_path("/images/generations", json_answer({"data": [{"url": f"{upstream.base_url}/made.png"}]}))
    upstream.by_path("/made.png", script)


def bytes_of(data: bytes, code: int = 200) -> Script:
    return WHOLE.carry([data], code=code, headers={"content-type": "text/html"})


async def test_a_url_is_fetched_where_the_operator_has_opened_the_way(
    studio: Studio, upstream: ScriptedUpstream
) -> None:
    found_at(upstream, bytes_of(PICTURE))
    assert await studio.artist.draw(CALLER, "req_1", SITTER, []) == PICTURE
    (turn,) = studio.turns
    assert studio.told == [Ended(turn, "images", "muse@v1", 0, None)]
    assert (turn.status, turn.usage_source, turn.upstream) == ("completed", "estimated", "openai/gpt-image-1")
    asked = upstream.seen[0].json
    assert asked == {
        "model": "gpt-image-1",
        "prompt": words(SITTER.prompt, has_style=False),
        "n": 1,
        "size": "1024x1024",
        "quality": "auto",
    }


@pytest.mark.parametrize(
    "script", [bytes_of(b"<html>"), bytes_of(PICTURE, 404), bytes_of(PICTURE + b"\0" * (17 << 20))]
)
async def test_what_is_no_picture_is_none_wherever_it_lies(
    studio: Studio, upstream: ScriptedUpstream, script: Script
) -> None:
    found_at(upstream, script)
    with pytest.raises(Refusal) as refused:
        await studio.artist.draw(CALLER, "req_1", SITTER, [])
    assert refused.value.fault is Fault.PROVIDER_UNAVAILABLE
    assert (studio.turns[0].status, studio.turns[0].error) == ("failed", "bad_answer")


async def test_an_answer_that_is_too_large_is_none(studio: Studio, upstream: ScriptedUpstream) -> None:
    upstream.by_path("/images/generations", painted(PICTURE + b"\0" * (24 << 20)))
    with pytest.raises(Refusal):
        await studio.artist.draw(CALLER, "req_1", SITTER, [])
    assert studio.turns[0].error == "bad_answer"
