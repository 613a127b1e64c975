"""Tests that fail beside others are run once more by themselves, and those that pass then are named.

`note FILE …` runs pytest with the arguments that follow, and adds to the file what failed;
`again FILE GROUPS …` runs what failed in so many groups. Only a few failed tests have that second chance: all
else is red at once.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MOST = 5
USUAL = frozenset({pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED})


class Noted:
    """This hears what became of the tests of one run of pytest."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.passed: set[str] = set()
        self.beyond: list[str] = []
        """Each of these is a reason why a second run would say nothing."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
        if report.passed and report.when == "call":
            self.passed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.beyond.append(f"{report.nodeid} could not be read")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """Hear of a process that ended; xdist's hook, which has no error for those that were told to."""
        if error:
            self.beyond.append(f"a process that ran tests ended: {error}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        for reason in filter(None, (session.shouldfail, session.shouldstop)):
            self.beyond.append(f"the run ended early: {reason}")


def note(file: Path, arguments: Sequence[str]) -> int:
    """Run pytest and return its code. A run that is cut short has no line in the file."""
    noted = Noted()
    code = int(pytest.main([*arguments], plugins=[noted]))
    if code not in USUAL or (code == pytest.ExitCode.TESTS_FAILED and not noted.failed):
        noted.beyond.append(f"pytest ended with {code}")
    with file.open("a") as lines:
        lines.write(json.dumps([noted.failed, noted.beyond]) + "\n")
    return code


def again(file: Path, groups: int, arguments: Sequence[str]) -> int:
    """Return 0 only if all that failed has passed now."""
    notes = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    failed = list(dict.fromkeys(test for tests, _ in notes for test in tests))
    beyond = list(dict.fromkeys(reason for _, reasons in notes for reason in reasons))
    if len(notes) != groups:
        beyond.append(f"{len(notes)} of {groups} groups have come to an end")
    if len(failed) > MOST:
        beyond.append(f"{len(failed)} tests have failed, and {MOST} at most are run once more")
    if beyond or not failed:
        tell("No test is run once more:", beyond or ["none has failed, but something else has"])
        return 1
    tell("These failed, and are run once more by themselves:", failed)
    second = Noted()
    code = int(pytest.main([*arguments, *failed], plugins=[second]))
    steady = [test for test in failed if test in second.passed and test not in second.failed]
    if lost := [test for test in failed if test not in steady]:
        tell("These failed twice:", lost)
    if steady:
        tell("These failed beside others and passed alone: steady them.", steady)
    return code or len(lost)


def tell(sentence: str, names: Sequence[str]) -> None:
    sys.stdout.write("\n".join(["", sentence, *(f"  {name}" for name in names), ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    place, rest = Path(sys.argv[2]), sys.argv[3:]
    sys.exit(note(place, rest) if sys.argv[1] == "note" else again(place, int(rest[0]), rest[1:]))
