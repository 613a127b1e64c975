"""Server-sent events are read over arbitrary byte borders, as the HTML standard frames them (9.2.6)."""

import re
from typing import NamedTuple

LINE_END = re.compile(rb"\r\n|\n|\r")
DONE = b"[DONE]"
DONE_FRAME = b"data: [DONE]\n\n"
BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its data lines joined by a newline, and its name, empty for the ordinary one."""

    data: bytes
    name: bytes = b""


class TooLargeError(Exception):
    """The event is larger than the limit."""


class Framer:
    """Collects bytes into events; comments, ids and retry times are dropped.

    Unlike in the standard, an event that is whole but for its blank line counts at the stream's end.
    """

    __slots__ = (
        "_data",
        "_data_bytes",
        "_limit",
        "_name",
        "_pending",
        "_pending_bytes",
        "_skip_newline",
        "_started",
    )

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = b""
        self._skip_newline = False
        self._started = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that this chunk completes. Raises TooLargeError."""
        # Nearly every chunk is whole `data: …` frames and nothing else.
        if chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and b"\r" not in chunk and self.is_between:
            frames = chunk[6:-2].split(b"\n\ndata: ")
            if chunk.count(b"\n") == 2 * len(frames):
                self._started = True
                return [Event(data) for data in frames]
        return self._feed_lines(chunk)

    @property
    def is_between(self) -> bool:
        """Tells whether the next byte begins an event."""
        return not (self._pending or self._data or self._name or self._skip_newline)

    def finish(self) -> list[Event]:
        """Return the event that the end of the stream completes, if any."""
        rest = b"".join(self._pending)
        self._pending, self._pending_bytes = [], 0
        if rest:
            self._line(rest)
        event = self._dispatch()
        return [event] if event else []

    def _feed_lines(self, chunk: bytes) -> list[Event]:
        chunk = self._opening(chunk)
        if self._skip_newline and chunk:
            # This is the second half of a CRLF that was cut in two.
            chunk = chunk.removeprefix(b"\n")
            self._skip_newline = False
        if b"\n" not in chunk and b"\r" not in chunk:
            self._hold(chunk)
            return []
        text = b"".join([*self._pending, chunk])
        # The expression takes ten times as long, which is much for a large event.
        lines = LINE_END.split(text) if b"\r" in text else text.split(b"\n")
        self._skip_newline = chunk.endswith(b"\r")
        self._pending, self._pending_bytes = [], 0
        self._hold(lines.pop())
        events = []
        for line in lines:
            if line:
                self._line(line)
            elif event := self._dispatch():
                events.append(event)
        return events

    def _opening(self, chunk: bytes) -> bytes:
        """Drop a byte order mark at the very start, even where it comes in pieces."""
        if self._started:
            return chunk
        chunk = b"".join([*self._pending, chunk])
        self._pending, self._pending_bytes = [], 0
        if len(chunk) < len(BOM) and BOM.startswith(chunk):
            self._hold(chunk)
            return b""
        self._started = True
        return chunk.removeprefix(BOM)

    def _hold(self, rest: bytes) -> None:
        if rest:
            self._pending.append(rest)
            self._pending_bytes += len(rest)
        if self._pending_bytes + self._data_bytes > self._limit:
            raise TooLargeError

    def _line(self, line: bytes) -> None:
        field, colon, value = line.partition(b":")
        if colon:
            value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value) + 1
        elif field == b"event":
            self._name = value

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name, self._data_bytes = [], b"", 0
        return Event(b"\n".join(data), name) if data else None


def frame(data: bytes) -> bytes:
    """Encode an event with this data; JSON may be spread over lines, which become one."""
    if b"\n" in data or b"\r" in data:
        data = LINE_END.sub(b" ", data)
    return b"data: " + data + b"\n\n"


def border(data: bytes, at: int) -> int:
    """Find where the next event begins if lines end as nearly everybody ends them, else the data's end."""
    found = data.find(b"\n\n", at)
    return len(data) if found < 0 else found + 2
