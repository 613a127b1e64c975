"""Large objects: read as the small ones are, but for the ends of long strings, and edited byte for byte."""

import asyncio
import json
import time
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.openai_api import outline
from gateway.openai_api.answer import Answer
from gateway.openai_api.outline import BrokenJSONError, Outline
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.masking import Mask

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.sampled_from('a"\\\n{}[]:,ş😀'), max_size=90),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(["id", "model", "persona", "choices", 'a"b', "ş"]), values)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small texts count as large ones."""
    monkeypatch.setattr(outline, "KEPT", 20)


def shortened(value: Any) -> Any:
    """Keep what is common to a value and its outline: long strings by their beginnings."""
    if isinstance(value, str):
        return value[:2]
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    return value


@given(objects, st.booleans(), st.sampled_from([None, 1]))
def test_an_outline_has_the_form_of_the_whole(value: Any, escaped: bool, indent: int | None) -> None:
    whole = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()
    text = Outline.of(whole).text
    assert len(text) <= len(whole)
    found = json.loads(text.decode("utf-8", "replace"))
    assert json.dumps(shortened(found)).count("{") == json.dumps(shortened(value)).count("{")
    assert found.keys() == value.keys()
    assert [type(item) for item in found.values()] == [type(item) for item in value.values()]


@given(objects, st.booleans(), st.sampled_from([None, 1]))
def test_keys_are_set_and_everything_else_stays(value: Any, escaped: bool, indent: int | None) -> None:
    whole = f" {json.dumps(value, ensure_ascii=escaped, indent=indent)}\n".encode()
    edited = Outline.of(whole).with_keys({"model": b'"m"', "persona": b"{}"})
    assert json.loads(edited) == value | {"model": "m", "persona": {}}
    fields = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    assert all(bytes(raw) in edited for name, raw in fields.items() if name not in ("model", "persona"))


def test_long_strings_are_cut_where_no_escape_is() -> None:
    for long in ("x" * 100, '"' * 100, "\\" * 100, "😀" * 100, "x" * 15 + "😀" * 40, "x" * 19 + "\\" * 60):
        whole = json.dumps({"a": long, "b": 1}).encode()
        text = Outline.of(whole).text
        found = json.loads(text)
        assert (found["b"], len(text) < 60) == (1, True)
        assert long.startswith(found["a"].encode("utf-8", "replace").decode().rstrip("?"))


def test_of_a_repeated_key_the_last_value_counts() -> None:
    assert json.loads(Outline.of(b'{"a":1,"a":2 , "b":3}').with_keys({})) == {"a": 2, "b": 3}


@pytest.mark.parametrize("whole", [b"", b"[]", b"{", b'{"a', b'{"a":"b}', b'{"a\\":1}', b"nonsense", b'"{}"'])
def test_what_is_surely_no_object_is_told(whole: bytes) -> None:
    with pytest.raises(BrokenJSONError):
        Outline.of(whole)


@given(st.binary(max_size=60).map(lambda data: b"{" + data + b"}"))
def test_nothing_makes_it_fail_otherwise(whole: bytes) -> None:
    try:
        found = Outline.of(whole)
    except BrokenJSONError:
        return
    found.with_keys({"a": b"1"})


def large(**more: Any) -> bytes:
    message = {"role": "assistant", "content": "Hello. " * 300_000}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "1", "model": "gpt", "choices": [choice], **more}).encode()


async def test_a_large_answer_is_one() -> None:
    body = large(usage={"prompt_tokens": 3, "completion_tokens": 4}, x=[1.50])
    found = await Answer.read(body, "main", Mask(()))
    assert found.finish_reason == "stop"
    assert found.usage is not None
    assert found.usage.prompt_tokens == 3
    assert found.said()[0].text.startswith("Hello. H")
    out = json.loads(found.encode(b'"persona/a@v1"', b'{"id":1}'))
    assert out == json.loads(body) | {"model": "persona/a@v1", "persona": {"id": 1}}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (large()[:-1], "bad_answer"),
        (large()[:-2] + b",}", "bad_answer"),
        (large(error={"code": 503}), "error_event_503"),
    ],
)
async def test_a_large_answer_that_is_none_is_a_failure(body: bytes, word: str) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await Answer.read(body, "main", Mask(()))
    assert caught.value.word == word


async def longest_gap(work: Awaitable[object]) -> float:
    """Return the most seconds for which nothing else got its turn while this went on."""
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticking = asyncio.ensure_future(tick())
    await work
    ticking.cancel()
    return max(gaps, default=0.0)


@pytest.mark.serial
@pytest.mark.parametrize(
    "text", ["x", 'He said "no".\n', "ş", "short. "], ids=["plain", "escaped", "wide", "prose"]
)
async def test_fifty_megabytes_hold_up_nobody(text: str) -> None:
    choice = {"index": 0, "message": {"content": text * (50_000_000 // len(text.encode()))}}
    body = json.dumps({"id": "1", "model": "m", "choices": [choice]}, ensure_ascii=False).encode()
    gaps, held = [], []
    for _ in range(3):
        gaps.append(await longest_gap(Answer.read(body, "main", Mask(()))))
        began = time.perf_counter()
        Answer(body, "main", Mask(()))
        held.append(time.perf_counter() - began)
    # Whoever reads it in place holds everybody up for as long as that takes.
    assert min(gaps) < min(held) / 3
