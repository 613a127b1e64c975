"""The fault table holds for Responses: each ends as a chat does, with the events of a response."""

import asyncio

import pytest

from tests.faults import responses
from tests.faults.catalogue import OK, OK_STREAM, Fault
from tests.faults.responses import NATIVE, Case, cases, own
from tests.faults.table import gateway_for_faults


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, tuple[str, str]]:
    known = {own(fault): fault for fault in NATIVE}
    with gateway_for_faults(tmp_path_factory.mktemp("faults"), own=known) as (gateway, _):
        found = asyncio.run(responses.run(gateway))
        assert "Traceback" not in gateway.errors()
        return found


@pytest.mark.parametrize(
    ("name", "fault", "stream"),
    [pytest.param(*case, id=f"{case[0]}-{'stream' if case[2] else 'whole'}") for case in cases()],
)
def test_a_fault_reaches_the_caller_of_a_response_as_the_table_says(
    outcomes: dict[Case, tuple[str, str]], name: str, fault: Fault, stream: bool
) -> None:
    outcome, exception = outcomes[name, stream]
    assert outcome == fault.expected(stream=stream, fallback=False)
    assert bool(exception) is (outcome not in (OK, OK_STREAM))
