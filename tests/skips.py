"""A skip is a failure where everything must be there; pytest finds the hook in tests/conftest.py."""

import os
from collections.abc import Generator

import pytest

SKIPS_FAIL = os.environ.get("PERSONA_TEST_SKIPS") == "fail"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test that skips itself fail where everything must be there, as in continuous integration."""
    report = yield
    if SKIPS_FAIL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which PERSONA_TEST_SKIPS=fail forbids: {report.longrepr}"
    return report
