"""The load client reads whole answers of the mock, and counts what it read."""

import pytest

from benchmarks import load
from benchmarks.client import Answer, check
from benchmarks.process import BenchError
from benchmarks.shapes import BURST, LARGE, SMALL, Shape, Workload
from benchmarks.target import Target

pytestmark = pytest.mark.serial

PACED = Workload(Shape(True, 6, 5), connections=3)


@pytest.mark.parametrize("workload", [SMALL, LARGE, BURST, PACED])
async def test_an_answer_says_what_the_mock_sent(mock: Target, workload: Workload) -> None:
    await load.verify(mock, workload)


async def test_just_so_many_requests_are_answered(mock: Target) -> None:
    answers = await load.many(mock, BURST, 70)
    assert len(answers) == 70
    assert {answer.events for answer in answers} == {102}  # the role, the words, the finish


async def test_a_steady_load_is_answered(mock: Target) -> None:
    answers = await load.steadily(mock, SMALL, 500, 10)
    assert all(answer.sent_ns < answer.first_ns <= answer.ended_ns for answer in answers)


async def test_chunks_are_counted_while_all_streams_are_open(mock: Target) -> None:
    window = await load.paced(mock, PACED, skip=1)
    assert window.events == pytest.approx(3 * (6 - 2), abs=4)  # several may come in one read
    assert 0 < window.reads <= window.events
    assert window.cpu_ns > 0


async def test_streams_stay_open_when_they_are_held(mock: Target) -> None:
    held = await load.hold(mock, Workload(Shape(True, 50, 1000)), 60)
    assert not any(connection.transport.is_closing() for connection in held)
    for connection in held:
        connection.close()


async def test_another_text_than_was_sent_is_noticed(mock: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shape, "text", lambda _shape, _number: "something else")
    with pytest.raises(BenchError, match="another text"):
        await load.verify(mock, SMALL)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (None, "closed the connection"),
        (Answer(1, status=503, is_done=True), "503"),
        (Answer(1, status=200, events=7), "after 7 events"),
    ],
)
def test_an_answer_that_is_not_whole_ends_the_measurement(answer: Answer | None, problem: str) -> None:
    with pytest.raises(BenchError, match=problem):
        check(answer, is_stream=True)
