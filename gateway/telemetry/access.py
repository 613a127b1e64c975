"""Every request that has ended leaves one line, which a thread writes a moment later, many at once."""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Protocol

import msgspec
from msgspec.structs import astuple

from gateway import clock
from gateway.config import Log

SECONDS = 0.25
"""Seconds for which lines are gathered."""
WAITING = 10_000
"""Lines that may wait; where nobody takes them, as at a pipe that is full, further ones are counted."""
PATH_BYTES = 200
PATHS = 64
"""Paths that are remembered in the form in which lines show them."""
SECRETS = re.compile(r"((?:sk|pk_live|pk_test)[-_])[A-Za-z0-9_-]+")
"""What looks like a key is cut out of a path, into which somebody may have put one."""
ODD = re.compile(r"[^\x21-\x7e]")
NAME = "gateway.access"

log = logging.getLogger("gateway.log")


class Line(msgspec.Struct, frozen=True, gc=False):
    """One request; `None` stands for what it had nothing of. No text of anybody is in it, and no query."""

    at: int
    method: str
    path: bytes
    """The path as it was sent."""
    status: int | None
    """`None` where the caller left before anything went out."""
    ms: float
    request: str
    persona: str | None = None
    upstream: str | None = None
    attempts: int | None = None
    tokens: int | None = None
    verdict: str | None = None
    ended: str | None = None
    """The turn ended so, as in `completed`, or `failed` with a word behind it."""
    client: str | None = None
    """The caller's address, where proxies are named that are believed."""


PERSONA, VERDICT = map(Line.__struct_fields__.index, ("persona", "verdict"))
OF_TURN = Line.__struct_fields__[PERSONA:]


class Timer(Protocol):
    """Calls something later, as an event loop does."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> object: ...


class Access:
    """The lines of one worker; to note one costs about a microsecond."""

    def __init__(self, config: Log, write: Callable[[str], None] | None = None) -> None:
        self.is_on = config.access and config.level in ("debug", "info")
        self.dropped = 0
        self._write = write or _to_stderr
        self._form = _json if config.format == "json" else _text
        self._lines: list[Line] = []
        self._is_timed = self._is_writing = False
        self._told = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="access") if self.is_on else None
        self._lock = threading.Lock()

    @property
    def is_busy(self) -> bool:
        """Tells whether lines wait or are being written."""
        return self._is_timed or self._is_writing

    def note(self, line: Line, timer: Timer) -> None:
        """Take a line, which goes out soon."""
        if len(self._lines) >= WAITING:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._is_timed:
            self._is_timed = True
            timer.call_later(SECONDS, lambda: self._flush(timer))

    def close(self) -> None:
        """Write what still waits, at the end of the process."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
        self._put_out(self._taken())

    def _flush(self, timer: Timer) -> None:
        self._is_timed = False
        if self._thread is None or not self._lines:
            return
        if self._is_writing:
            # Whoever reads the log is slow.
            self._is_timed = True
            timer.call_later(SECONDS, lambda: self._flush(timer))
            return
        self._is_writing = True
        try:
            self._thread.submit(self._put_out, self._taken())
        except RuntimeError:
            self._is_writing = False

    def _taken(self) -> list[Line]:
        lines, self._lines = self._lines, []
        return lines

    def _put_out(self, lines: list[Line]) -> None:
        try:
            with self._lock:
                if lines:
                    self._write("".join(map(self._form, lines)))
            if self.dropped > self._told:
                log.warning("%d lines of requests were dropped so far", self.dropped)
                self._told = self.dropped
        finally:
            self._is_writing = False


def shown(path: bytes) -> str:
    """Return a path in the form in which it may be told: cut, and without what looks like a key."""
    return _path(path[:PATH_BYTES])


@lru_cache(PATHS)
def _path(sent: bytes) -> str:
    path = ODD.sub("?", sent.decode("ascii", "replace"))
    return SECRETS.sub(r"\1***", path) if "sk" in path or "pk_" in path else path


def _of_turn(line: Line) -> dict[str, object]:
    """Return what the line says of a turn."""
    found = [(name, getattr(line, name)) for name in OF_TURN]
    return {name: value for name, value in found if value is not None}


def _json(line: Line) -> str:
    facts = {
        "at": clock.iso(line.at),
        "level": "info",
        "logger": NAME,
        "message": "request",
        "method": line.method,
        "path": shown(line.path),
        "status": line.status,
        "ms": round(line.ms, 1),
        **_of_turn(line),
        "request": line.request,
    }
    return msgspec.json.encode(facts).decode() + "\n"


def _text(line: Line) -> str:
    # To take all fields at once costs a fourth of asking for each.
    at, method, path, status, ms, request, persona, upstream, tries, tokens, verdict, end, who = astuple(line)
    told, about = _asked(method, path[:PATH_BYTES], status), _named(PERSONA, persona, upstream, tries)
    counted, found = "" if tokens is None else f" tokens={tokens}", _named(VERDICT, verdict, end)
    client, time_of = "" if who is None else f" client={who}", f"{_second(at // 1000)},{at % 1000:03}"
    return f"{time_of} INFO {NAME}: {told} ms={ms:.1f}{about}{counted}{found}{client} request={request}\n"


@lru_cache(PATHS)
def _asked(method: str, path: bytes, status: int | None) -> str:
    return f"{method} {_path(path)} {status or '-'}"


@lru_cache(PATHS)
def _named(first: int, *values: object) -> str:
    """Write these fields, from one of them on, as a line has them; most lines have them as others do."""
    names = Line.__struct_fields__[first:]
    return "".join(
        [f" {name}={value}" for name, value in zip(names, values, strict=False) if value is not None]
    )


@lru_cache(4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _to_stderr(lines: str) -> None:
    """Write between the lines of the root logger, and never within one."""
    handlers = logging.getLogger().handlers
    if handlers:
        handlers[0].acquire()
    try:
        sys.stderr.write(lines)
        sys.stderr.flush()
    except (OSError, ValueError):
        # Nobody reads the log any more, which must not end anything.
        pass
    finally:
        if handlers:
            handlers[0].release()
