"""Lines of requests are gathered, written by a thread, and counted where nobody takes them."""

import json
import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from gateway.config import Log
from gateway.telemetry import access
from gateway.telemetry.access import Access, Line
from tests.fakes.until import until

AT = 1_790_000_000_123
TURN = Line(
    AT,
    "POST",
    b"/v1/openai/chat/completions",
    200,
    812.44,
    "req_1",
    "muse@v3",
    "main/m",
    2,
    53,
    "drifting",
    "completed",
)


class Later:
    """An event loop's timer that goes off when a test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_later(self, _delay: float, callback: Callable[[], None]) -> None:
        self.calls.append(callback)

    def go_off(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def written(*lines: Line, form: str = "text") -> str:
    out: list[str] = []
    found = Access(Log(format="json" if form == "json" else "text"), out.append)
    later = Later()
    for line in lines:
        found.note(line, later)
    assert out == []
    assert len(later.calls) == 1
    later.go_off()
    until(lambda: out)
    found.close()
    return "".join(out)


def test_a_turn_s_line_says_what_an_operator_asks() -> None:
    text = written(TURN)
    assert text.endswith(
        ",123 INFO gateway.access: POST /v1/openai/chat/completions 200 ms=812.4 persona=muse@v3 "
        "upstream=main/m attempts=2 tokens=53 verdict=drifting ended=completed request=req_1\n"
    )


def test_a_line_is_json_where_the_log_is() -> None:
    first, second = map(
        json.loads, written(TURN, replace(TURN, status=None, persona=None), form="json").splitlines()
    )
    assert first == {
        "at": "2026-09-21T14:13:20.123Z",
        "level": "info",
        "logger": "gateway.access",
        "message": "request",
        "method": "POST",
        "path": "/v1/openai/chat/completions",
        "status": 200,
        "ms": 812.4,
        "persona": "muse@v3",
        "upstream": "main/m",
        "attempts": 2,
        "tokens": 53,
        "verdict": "drifting",
        "ended": "completed",
        "request": "req_1",
    }
    assert second["status"] is None
    assert "persona" not in second


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_in_a_path_makes_a_second_line_or_shows_a_key(form: str) -> None:
    path = b"/v1/keys/pk_live_abcdefghijklmnop/sk-proj-secret\n\x1b[31m\xc3\xa9" + b"x" * 1000
    text = written(Line(AT, "GET", path, 404, 0.1, "req_1"), form=form)
    assert text.count("\n") == 1
    assert "abcdefgh" not in text
    assert "proj" not in text
    assert "\x1b" not in text
    assert len(text) < 500


def test_lines_wait_for_a_slow_reader_and_are_counted_when_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(access, "WAITING", 3)
    go_on, out = threading.Event(), []

    def write(text: str) -> None:
        assert go_on.wait(25)
        out.append(text)

    found, later = Access(Log(), write), Later()
    found.note(TURN, later)
    later.go_off()
    for _ in range(5):
        found.note(TURN, later)
        later.go_off()
    assert found.dropped == 2
    go_on.set()
    until(lambda: len(out) == 1)
    later.go_off()
    until(lambda: len(out) == 2)
    until(lambda: "2 lines of requests were dropped so far" in caplog.text)
    found.close()
    assert "".join(out).count("\n") == 4


def test_what_waits_is_written_at_the_end() -> None:
    out: list[str] = []
    found = Access(Log(), out.append)
    found.note(TURN, Later())
    found.close()
    assert len(out) == 1


@pytest.mark.parametrize(
    ("config", "is_on"), [(Log(), True), (Log(access=False), False), (Log(level="warning"), False)]
)
def test_it_is_on_unless_it_is_switched_off_or_below_the_level(config: Log, is_on: bool) -> None:
    assert Access(config).is_on is is_on
