"""A reader of event streams by the rules of the HTML standard, as browsers have it in EventSource.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import codecs
from collections.abc import Iterable
from typing import NamedTuple

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class Event(NamedTuple):
    type: str
    data: str
    last_id: str


class EventSource:
    """Takes bytes as they come, cut anywhere, and gives the events that they complete."""

    def __init__(self) -> None:
        # A browser would put up with bytes that are no UTF-8; nobody is to send such.
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._rest = ""
        self._is_begun = False
        self._type, self._data, self._id = "", "", ""
        self.last_id = ""
        self.retry: int | None = None
        self.comments: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        text = self._decoder.decode(data)
        if text and not self._is_begun:
            self._is_begun, text = True, text.removeprefix(MARK)
        self._rest += text
        found = []
        while (line := self._line()) is not None:
            event = self._read(line)
            if event is not None:
                found.append(event)
        return found

    def _line(self) -> str | None:
        """Take the next whole line: it ends with CR, LF or both."""
        ends = [at for at in (self._rest.find("\r"), self._rest.find("\n")) if at >= 0]
        if not ends:
            return None
        end = min(ends)
        if self._rest[end] == "\r" and end + 1 == len(self._rest):
            # An LF that belongs to it may still come.
            return None
        line, after = self._rest[:end], end + (2 if self._rest[end : end + 2] == "\r\n" else 1)
        self._rest = self._rest[after:]
        return line

    def _read(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments.append(line[1:])
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._type = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)
        return None

    def _dispatch(self) -> Event | None:
        self.last_id = self._id
        kind, data, self._type, self._data = self._type, self._data, "", ""
        return Event(kind or "message", data.removesuffix("\n"), self.last_id) if data else None


def events(pieces: Iterable[bytes]) -> list[Event]:
    """Read a whole stream; what stands behind its last blank line is no event."""
    source = EventSource()
    return [event for piece in pieces for event in source.feed(piece)]
