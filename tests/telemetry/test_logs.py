"""Log lines: for people and for programs."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from gateway.config import Log
from gateway.telemetry import logs

FACTS = {"turn": "msg_1", "from": "in-character"}


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """The root logger, which is as it was after the test."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def line(capsys: pytest.CaptureFixture[str], form: Literal["text", "json"]) -> str:
    logs.configure(Log(format=form))
    logging.getLogger("gateway.test").info("it %s", "changed", extra={"facts": FACTS})
    return capsys.readouterr().err


def test_facts_stand_behind_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    told = line(capsys, "text")
    assert told.endswith(" INFO gateway.test: it changed turn=msg_1 from=in-character\n")


def test_facts_are_keys_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(line(capsys, "json"))
    assert told.pop("at")
    assert told == {"level": "info", "logger": "gateway.test", "message": "it changed", **FACTS}
