"""An upstream's failures are told with their cause, and counted over the last minute."""

import logging

import pytest

from gateway.config import Route
from gateway.upstreams.health import CAUSES, Health, Report

ROUTE = Route("main", "m")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [record.facts for record in caplog.records]  # type: ignore[attr-defined]


def test_the_share_is_that_of_the_last_minute() -> None:
    clock = Clock()
    health = Health("main", clock)
    assert health.report() == Report(None, None, 0, None)
    health.fail(ROUTE, "status_503")
    for _ in range(3):
        health.succeed()
    clock.now += 30
    assert health.report() == Report("status_503", 30.0, 4, 0.25)
    health.succeed()
    clock.now += 31
    assert health.report() == Report("status_503", 61.0, 1, 0.0)
    clock.now += 600
    assert health.report() == Report("status_503", 661.0, 0, None)


def test_an_answer_that_breaks_off_was_counted_as_a_call_before() -> None:
    health = Health("main", Clock())
    health.succeed()
    health.break_off(ROUTE, "idle_timeout")
    assert health.report() == Report("idle_timeout", 0.0, 1, 1.0)


def test_a_cause_is_told_once_a_second_and_counted_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    health = Health("main", clock)
    for _ in range(10):
        health.fail(ROUTE, "connection", "ConnectionRefusedError")
    health.fail(ROUTE, "status_500")
    clock.now += 2
    health.fail(ROUTE, "connection", "ConnectionRefusedError")
    refused = {"upstream": "main", "model": "m", "cause": "connection", "error": "ConnectionRefusedError"}
    assert told(caplog) == [
        refused,
        {"upstream": "main", "model": "m", "cause": "status_500"},
        {**refused, "more": "9"},
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_causes_are_bounded() -> None:
    health = Health("main", Clock())
    for number in range(3 * CAUSES):
        health.fail(Route("main", f"m{number}"), "status_500")
    assert len(health._told) <= CAUSES
