"""The fault table: nothing hangs, nothing looks finished that is not, and every error is a proper one."""

import asyncio

import pytest

from tests.faults.catalogue import FAULTS, Fault
from tests.faults.table import LIMIT_SECONDS, SLACK_SECONDS, Case, Outcome, gateway_for_faults, run

MODES = [
    pytest.param(
        stream, fallback, id=f"{'stream' if stream else 'whole'}-{'fallback' if fallback else 'alone'}"
    )
    for stream in (False, True)
    for fallback in (False, True)
]


@pytest.fixture(scope="module", params=["native", "aiohttp"])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Outcome]:
    """The outcomes of each client."""
    with gateway_for_faults(tmp_path_factory.mktemp("faults"), request.param) as (gateway, bad):
        found = asyncio.run(run(gateway, bad))
        assert "Traceback" not in gateway.errors()
        return found


@pytest.mark.parametrize(("stream", "fallback"), MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_reaches_the_caller_as_the_table_says(
    outcomes: dict[Case, Outcome], fault: Fault, stream: bool, fallback: bool
) -> None:
    outcome = outcomes[fault.name, stream, fallback]
    assert outcome.outcome == fault.expected(stream=stream, fallback=fallback)
    assert outcome.seconds < LIMIT_SECONDS + SLACK_SECONDS
    is_good = outcome.outcome in ("200", "200 [DONE]")
    assert outcome.turn.startswith("completed" if is_good else "failed: ")
    assert bool(outcome.exception) is not is_good


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_attempts_are_made_as_often_as_the_table_says(outcomes: dict[Case, Outcome], fault: Fault) -> None:
    assert outcomes[fault.name, False, False].attempts == str(fault.attempts)


def test_secrets_and_foreign_bodies_are_never_shown(outcomes: dict[Case, Outcome]) -> None:
    for outcome in outcomes.values():
        assert b"upstream-secret-key" not in outcome.body
        assert b"nginx" not in outcome.body


def test_the_sdks_are_told_not_to_repeat_what_was_repeated_already(outcomes: dict[Case, Outcome]) -> None:
    for outcome in outcomes.values():
        if outcome.outcome.startswith(("409", "501", "502", "503")):
            assert outcome.headers["x-should-retry"] == "false"


def test_retry_after_comes_through(outcomes: dict[Case, Outcome]) -> None:
    assert outcomes["429, Retry-After 60", True, False].headers["retry-after"] == "60"
