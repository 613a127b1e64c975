"""How a request has ended: one place says it for the record and for the caller."""

import asyncio

import pytest

from gateway.errors import Fault, Refusal
from gateway.openai_api.ending import Ending, ending
from gateway.openai_api.watch import Interrupted, Why
from gateway.turns.turn import Status
from gateway.upstreams.failure import UpstreamFailure


def test_nothing_wrong_is_completed() -> None:
    assert ending(None, "main") == Ending("completed", None)


@pytest.mark.parametrize(
    ("why", "has_begun", "status", "word", "fault"),
    [
        ("gone", True, "cancelled", None, None),
        ("stalled", True, "cancelled", "caller_stalled", None),
        ("shutdown", False, "failed", "shutdown", Fault.DRAINING),
        ("shutdown", True, "failed", "shutdown", Fault.DRAINING),
        ("total", False, "failed", "total_timeout", Fault.PROVIDER_UNAVAILABLE),
        ("total", True, "failed", "total_timeout", Fault.TOTAL_TIMEOUT),
        ("idle", True, "failed", "idle_timeout", Fault.IDLE_TIMEOUT),
    ],
)
def test_each_interruption_has_its_word_and_its_error(
    why: Why, has_begun: bool, status: Status, word: str | None, fault: Fault | None
) -> None:
    found = ending(Interrupted(why), "main", has_begun=has_begun)
    assert (found.status, found.word) == (status, word)
    assert (found.refusal.fault if found.refusal else None) is fault
    if fault in (Fault.PROVIDER_UNAVAILABLE, Fault.TOTAL_TIMEOUT, Fault.IDLE_TIMEOUT):
        assert found.refusal is not None
        assert "`main`" in found.refusal.message


def test_a_failed_upstream_has_its_own_word() -> None:
    found = ending(UpstreamFailure("status", "main", status=429), "main")
    assert (found.status, found.word) == ("failed", "status_429")
    assert found.refusal is not None
    assert found.refusal.status == 429


def test_a_refusal_is_told_as_it_is() -> None:
    refusal = Refusal(Fault.STREAM_BROKEN, "The upstream `main` broke off.")
    assert ending(refusal, "main", has_begun=True) == Ending("failed", "provider.stream_broken", refusal)


def test_a_mistake_of_ours_says_nothing_of_itself() -> None:
    found = ending(ValueError("a secret"), "main")
    assert (found.status, found.word) == ("failed", "server.error")
    assert found.refusal is not None
    assert found.refusal.fault is Fault.INTERNAL
    assert "secret" not in found.refusal.message


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt()])
def test_what_ends_a_task_from_outside_is_cancelled(error: BaseException) -> None:
    assert ending(error, "main") == Ending("cancelled", None)
