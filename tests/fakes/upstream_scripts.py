"""Scripts for the scripted upstream: what is written on the socket for one request, step by step."""

import asyncio
import http.client
import json
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import cycle, groupby
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Headers: TypeAlias = Mapping[str, str]


class Gate:
    """A place in a script where the upstream waits for the test.

    `reached` is set when a request stands at the gate; once open, it stays open for all.
    """

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, []
        for loop, passed in waiting:
            with suppress(RuntimeError):  # the upstream stopped while a request stood here
                loop.call_soon_threadsafe(passed.set)

    async def passage(self) -> None:
        passed = asyncio.Event()
        with self._lock:
            if self._is_open:
                passed.set()
            else:
                self._waiting.append((asyncio.get_running_loop(), passed))
        self.reached.set()
        await passed.wait()


@dataclass(frozen=True)
class Stall:
    seconds: float


@dataclass(frozen=True)
class Drip:
    """The same bytes again and again until the peer goes; with interval 0, as fast as it reads."""

    data: bytes
    interval: float = 0.0


class Ending(Enum):
    """Says how a script leaves the connection when it does not finish its answer."""

    CLOSE = auto()
    RESET = auto()
    SILENCE = auto()


CLOSE, RESET, SILENCE = Ending.CLOSE, Ending.RESET, Ending.SILENCE
Step: TypeAlias = bytes | Gate | Stall | Drip | Ending


@dataclass(frozen=True)
class Script:
    """Everything written for one request; after the last step the connection awaits the next request."""

    head: bytes
    body: tuple[Step, ...] = ()
    before: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.before, self.head, *self.body)

    def hold(self, *steps: Step) -> "Script":
        """Add steps before the first byte of the head."""
        return replace(self, before=(*steps, *self.before))

    def hold_body(self, *steps: Step) -> "Script":
        """Add steps between the head and the body."""
        return replace(self, body=(*steps, *self.body))

    def then(self, *steps: Step) -> "Script":
        return replace(self, body=(*self.body, *steps))

    def cut(self, count: int, *after: Step) -> "Script":
        """Send only the first `count` bytes of the body as they travel, then `after` (by default a close)."""
        kept: list[Step] = []
        for step in self.body:
            if not isinstance(step, bytes):
                kept.append(step)
                continue
            kept.append(step[:count])
            count -= len(step[:count])
            if not count:
                break
        return replace(self, body=(*kept, *(after or (CLOSE,))))

    def interrupt(self, count: int, *steps: Step) -> "Script":
        """Send the whole body, with `steps` in between after its first `count` bytes."""
        body = b"".join(step for step in self.body if isinstance(step, bytes))
        return replace(self, body=(body[:count], *steps, body[count:]))


@dataclass(frozen=True)
class Delivery:
    """Says how the bytes of a body travel.

    `split` recuts them into writes of that size, or of these sizes over and over; `None` keeps one write
    an event. `pause` is seconds after each write. A body of declared `length` that ends early declares
    more than it sends.
    """

    framing: Literal["chunked", "length", "close"] = "chunked"
    split: int | tuple[int, ...] | None = None
    gzip: bool = False
    pause: float = 0.0

    def carry(self, steps: Iterable[Step], *, code: int, headers: Headers) -> Script:
        body = list(_upto_ending(steps))
        extra = {"content-encoding": "gzip"} if self.gzip else {}
        if self.gzip:
            body = list(_compressed(body))
        if self.split is not None:
            body = list(_recut(body, (self.split,) if isinstance(self.split, int) else self.split))
        is_whole = not body or not isinstance(body[-1], Ending | Drip)
        if self.framing == "chunked":
            extra["transfer-encoding"] = "chunked"
            body = [_wrapped(step) for step in body if step != b""] + ([b"0\r\n\r\n"] if is_whole else [])
        elif self.framing == "length":
            length = sum(len(step) for step in body if isinstance(step, bytes))
            extra["content-length"] = str(length if is_whole else length + 4096)
        else:
            extra["connection"] = "close"
            body += [CLOSE] if is_whole else []
        if self.pause:
            body = [part for step in body for part in (step, Stall(self.pause))]
        return Script(head(code, {**extra, **headers}), tuple(body))


CHUNKED = Delivery()
WHOLE = Delivery(framing="length")


@dataclass(frozen=True)
class Named:
    """A payload under an `event:` line of its own."""

    event: str
    payload: Json | str


Item: TypeAlias = Mapping[str, Any] | str | Named | Step
"""One entry of a stream: a payload to frame, bytes that stand as they are, or a step."""


@dataclass(frozen=True)
class Style:
    """Says how events are written down; every combination is a valid event stream.

    `comment` stands as it is before each event. `retry` is written once. `final_newlines` is how many end
    lines follow the last event: 2 is regular, 1 lacks the blank line.
    """

    newline: Literal["\n", "\r\n", "\r"] = "\n"
    space_after_colon: bool = True
    bom: bool = False
    comment: bytes = b""
    event: str | None = None
    ids: bool = False
    retry: int | None = None
    multi_line: bool = False
    final_newlines: int = 2

    def frames(self, items: Sequence[Item]) -> Iterator[Step]:
        if self.bom:
            yield b"\xef\xbb\xbf"
        for number, item in enumerate(items):
            if isinstance(item, Mapping | str | Named):
                is_last = number == len(items) - 1
                yield self.comment + self.frame(item, number, self.final_newlines if is_last else 2)
            else:
                yield item

    def frame(self, item: Mapping[str, Any] | str | Named, number: int = 0, newlines: int = 2) -> bytes:
        name, payload = (item.event, item.payload) if isinstance(item, Named) else (self.event, item)
        text = payload if isinstance(payload, str) else dump(payload, indent=self.multi_line)
        fields = [("retry", str(self.retry))] if self.retry is not None and not number else []
        fields += [("event", name)] if name else []
        fields += [("id", str(number))] if self.ids else []
        fields += [("data", line) for line in text.split("\n")]
        colon = ": " if self.space_after_colon else ":"
        lines = [key + colon + value for key, value in fields] + [""] * newlines
        return self.newline.join(lines).encode()


PLAIN = Style()


def dump(value: object, *, indent: bool = False) -> str:
    """Write JSON in UTF-8 rather than escapes, except where a lone surrogate can only be escaped."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=1 if indent else None, separators=separators)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=1 if indent else None, separators=separators)
    return text


def head(code: int, headers: Headers) -> bytes:
    phrase = http.client.responses.get(code, "Scripted")
    lines = [f"HTTP/1.1 {code} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def raw(*steps: Step) -> Script:
    """Write exactly these bytes on the socket, head included."""
    return Script(b"", steps)


def json_answer(
    body: Json | list[Any] | str | bytes,
    *,
    code: int = 200,
    headers: Headers | None = None,
    leading: bytes = b"",
    delivery: Delivery = WHOLE,
) -> Script:
    """Make a whole answer; bytes and text go out as they are, empty and broken ones too."""
    text = body if isinstance(body, str | bytes) else dump(body)
    data = leading + (text.encode() if isinstance(text, str) else text)
    return delivery.carry([data], code=code, headers={"content-type": "application/json", **(headers or {})})


def status(
    code: int,
    body: Json | bytes | None = None,
    *,
    headers: Headers | None = None,
    retry_after: float | str | None = None,
) -> Script:
    """Make a refusal; without a body of its own it has an OpenAI error that names the status."""
    wait = {} if retry_after is None else {"retry-after": str(retry_after)}
    shown = error_object(code=code) if body is None else body
    return json_answer(shown, code=code, headers={**wait, **(headers or {})})


def events(
    items: Sequence[Item],
    *,
    done: bool = True,
    style: Style = PLAIN,
    delivery: Delivery = CHUNKED,
    code: int = 200,
    headers: Headers | None = None,
) -> Script:
    """Make a stream of events; an `Ending` among the items ends it there, without a proper last chunk."""
    frames = style.frames([*items, "[DONE]"] if done else items)
    base = {"content-type": "text/event-stream", "cache-control": "no-cache"}
    return delivery.carry(frames, code=code, headers={**base, **(headers or {})})


def error_object(message: str | None = None, *, code: int | str = 500, kind: str = "scripted_error") -> Json:
    shown = message or f"Scripted error {code}."
    return {"error": {"message": shown, "type": kind, "param": None, "code": code}}


def _upto_ending(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Ending | Drip):
            return


def _compressed(steps: Iterable[Step]) -> Iterator[Step]:
    packer = zlib.compressobj(wbits=31)
    last: Step = b""
    for last in steps:
        yield packer.compress(last) + packer.flush(zlib.Z_SYNC_FLUSH) if isinstance(last, bytes) else last
    if not isinstance(last, Ending | Drip):
        yield packer.flush()


def _recut(steps: Iterable[Step], sizes: tuple[int, ...]) -> Iterator[Step]:
    size = cycle(sizes)
    for _, run in groupby(steps, key=lambda step: isinstance(step, bytes)):
        first, *others = run
        if not isinstance(first, bytes):
            yield from (first, *others)
            continue
        data, at = first + b"".join(step for step in others if isinstance(step, bytes)), 0
        while at < len(data):
            end = at + next(size)
            yield data[at:end]
            at = end


def _wrapped(step: Step) -> Step:
    if isinstance(step, Drip):
        return replace(step, data=b"%x\r\n%b\r\n" % (len(step.data), step.data))
    return b"%x\r\n%b\r\n" % (len(step), step) if isinstance(step, bytes) else step
