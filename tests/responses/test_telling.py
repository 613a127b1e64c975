"""A chat's chunks are told as the events of a response, alike ones without being decoded."""

from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.openai_api.sse import frame
from gateway.responses import telling
from gateway.responses.alike import Alike
from gateway.responses.asked import Asked
from gateway.responses.draft import Draft
from gateway.responses.output import TooLongError
from gateway.responses.telling import Teller

TEXT = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["%d", "%b%", '"', "\\", "ü", "a"])
THOUGHT = st.builds(lambda text: {"reasoning_content": text}, TEXT)
ROUTED = st.builds(lambda text: {"content": "", "reasoning": text, "reasoning_content": None}, TEXT)
SAID = st.builds(lambda text: {"content": text}, TEXT)
BOTH = st.builds(lambda text, thought: {"content": text, "reasoning_content": thought}, TEXT, TEXT)
CALL = st.builds(
    lambda text: {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": text}}]},
    TEXT,
)
REFUSAL = st.builds(lambda text: {"content": None, "refusal": text}, TEXT)
RUN = st.one_of(*(st.lists(kind, max_size=5) for kind in (SAID, THOUGHT, ROUTED, BOTH, CALL, REFUSAL)))
DELTAS = st.lists(RUN, max_size=5).map(lambda runs: [delta for run in runs for delta in run])


def teller(limit: int = 10_000) -> Teller:
    fields = {"model": msgspec.Raw(b'"persona/x"'), "input": msgspec.Raw(b'"Good evening"')}
    draft = Draft(Asked(fields))
    draft.begin("msg_1", b'"persona/x@v1"')
    draft.created_at = 1
    return Teller(draft, limit, summarises=False)


def frames(deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        frame(msgspec.json.encode({"id": "c", "choices": [{"index": 0, "delta": delta}], "model": "m"}))
        for delta in deltas
    ]


@given(DELTAS)
def test_chunks_alike_are_told_as_if_each_were_decoded(deltas: list[dict[str, Any]]) -> None:
    quick, slow = teller(), teller()
    with mock.patch.object(Alike, "learn"):
        told = [slow.tell(each) for each in frames(deltas)]
        slow.end()
    assert quick.tell(b"".join(frames(deltas))) == b"".join(told)
    quick.end()
    assert quick.draft.items == slow.draft.items


def test_chunks_alike_are_not_decoded() -> None:
    said = frames([{"content": text} for text in ("Good", " evening", ".", "", " %d")])
    told = teller()
    first = told.tell(said[0])
    with mock.patch.object(telling, "chunk_decoder", None):
        rest = told.tell(b"".join(said[1:]))
    assert [b'"delta":"Good"' in first, b'"delta":" evening"' in rest, b'"delta":" %d"' in rest] == [True] * 3
    assert rest.count(b"event: response.output_text.delta") == 3


@pytest.mark.parametrize(
    ("finish", "is_endless", "status"),
    [("length", False, "incomplete"), ("length", True, "completed"), ("content_filter", True, "incomplete")],
)
def test_a_model_that_finds_no_end_has_said_all_where_nobody_has_set_a_limit(
    finish: str, is_endless: bool, status: str
) -> None:
    told = teller()
    told.draft.is_endless = is_endless
    chunk = {"index": 0, "delta": {"content": "Good"}, "finish_reason": finish}
    told.tell(frame(msgspec.json.encode({"choices": [chunk]})))
    assert f"event: response.{status}\n".encode() in told.end()
    assert msgspec.json.decode(told.draft.items[0])["status"] == status


def test_many_chunks_alike_are_no_longer_than_an_answer_may_be() -> None:
    told = teller(limit=10)
    told.tell(frames([{"content": "12345"}])[0])
    with pytest.raises(TooLongError):
        told.tell(b"".join(frames([{"content": "123"}] * 2)))
