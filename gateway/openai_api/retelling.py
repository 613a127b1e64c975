"""A whole answer is told as a stream, for an upstream that sent none although it was asked to."""

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.answer import Answer
from gateway.openai_api.last import KEPT
from gateway.openai_api.sse import DONE_FRAME, frame
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.response import Sink

PIECE = 64 * 1024
"""Bytes of a long text that one event says."""
HEAD = 4 * 1024
"""Bytes of the other fields that every event repeats; more stand in the first one alone."""
SAFE = re.compile(
    rb'(?:[^"\\]++|\\[^u]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?!\\u[dD][c-fC-F])(?=.{6})))*+",
    re.DOTALL,
)
"""Matches the inside of a string up to where it may be cut: behind no half of an escape, or of a pair."""
QUOTE = ord('"')

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_choices = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class Retold:
    """Is read as a response that streams, once the whole answer has come."""

    def __init__(self, response: Response, frames: Iterator[bytes]) -> None:
        self.status = response.status
        self._response = response
        self._frames = frames

    @classmethod
    async def of(cls, answer: Answer, response: Response, upstream: str, limit: int) -> "Retold":
        """Raises UpstreamFailure where an event would have more than `limit` bytes."""
        telling = Telling(answer, upstream, limit)
        if answer.is_large:
            await asyncio.to_thread(telling.prepare)
        else:
            telling.prepare()
        return cls(response, telling.frames())

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def is_read(self) -> bool:
        return self._response.is_read

    async def read(self) -> bytes:
        """Return the next event; others have their turn before it."""
        await asyncio.sleep(0)
        return next(self._frames, b"")

    async def pour(self, sink: Sink) -> None:
        """Give nothing: it is read."""

    def close(self) -> None:
        self._response.close()


class Telling:
    """Makes events of an answer: `prepare` may take long, no step of `frames` does."""

    def __init__(self, answer: Answer, upstream: str, limit: int) -> None:
        self._answer = answer
        self._upstream = upstream
        self._limit = limit
        self._mark = secrets.token_hex(8)
        self._long: dict[bytes, tuple[int, int]] = {}
        """It tells where the long strings stand in the whole body, by the short ones here."""
        self._steps: list[bytes | _Text] = []

    def prepare(self) -> None:
        """Raises UpstreamFailure where an event would be too large."""
        fields, places = self._answer.decoded(self._mark)
        self._long = {b'"%b%d"' % (self._mark.encode(), at): place for at, place in enumerate(places)}
        head = {name: value for name, value in fields.items() if name not in ("choices", "usage")}
        head["object"] = msgspec.Raw(b'"chat.completion.chunk"')
        rest = head if len(msgspec.json.encode(head)) <= HEAD else _least(head)
        ended: list[dict[str, Any]] = []
        for position, choice in enumerate(_choices.decode(fields["choices"])):
            index = choice.pop("index", msgspec.Raw(str(position).encode()))
            finish = choice.pop("finish_reason", chunks.NULL)
            delta = _delta(choice.pop("message", msgspec.Raw(b"{}")))
            texts = {name: delta.pop(name) for name in list(delta) if self._is_long(delta[name])}
            self._add(head, {"index": index, "delta": delta, **choice, "finish_reason": None})
            head = rest
            for name, text in texts.items():
                self._add_text(rest, index, name, text)
            if bytes(finish) != b"null":
                ended.append({"index": index, "delta": {}, "finish_reason": finish})
        for choice in ended:
            self._add(head, choice)
        if "usage" in fields:
            self._steps.append(self._written({**head, "choices": [], "usage": fields["usage"]}))

    def frames(self) -> Iterator[bytes]:
        """Yield the frames, each of which says little of a long text."""
        for step in self._steps:
            if isinstance(step, bytes):
                yield frame(step)
            else:
                yield from step.frames()
        yield DONE_FRAME

    def _is_long(self, value: Any) -> bool:
        if not isinstance(value, msgspec.Raw):
            return False
        written = memoryview(value)
        return written[0] == QUOTE and (len(written) > PIECE or bytes(written[:64]) in self._long)

    def _add(self, head: Mapping[str, Any], choice: Mapping[str, Any]) -> None:
        self._steps.append(self._written({**head, "choices": [choice]}))

    def _add_text(self, head: Mapping[str, Any], index: Any, name: str, text: msgspec.Raw) -> None:
        choice = {"index": index, "delta": {name: self._mark}, "finish_reason": None}
        before, _, after = self._written({**head, "choices": [choice]}).rpartition(self._mark.encode())
        written = bytes(text)
        start, end = self._long.get(written, (0, len(written)))
        source = self._answer.body if written in self._long else written
        self._steps.append(_Text(before, source, start + 1, end - 1, after))

    def _written(self, event: Mapping[str, Any]) -> bytes:
        data = msgspec.json.encode(event)
        found = [short for short in self._long if short in data]
        places = [self._long[short] for short in found]
        if len(data) + sum(end - start for start, end in places) > self._limit:
            raise UpstreamFailure("bad_answer", self._upstream)
        for short, (start, end) in zip(found, places, strict=True):
            data = data.replace(short, self._answer.body[start:end])
        return data


class _Text(msgspec.Struct, frozen=True):
    """A long text, told piece by piece."""

    before: bytes
    source: bytes
    start: int
    end: int
    after: bytes

    def frames(self) -> Iterator[bytes]:
        at = self.start
        while at < self.end:
            cut = _cut(self.source, at, self.end)
            yield frame(self.before + self.source[at:cut] + self.after)
            at = cut


def _cut(source: bytes, at: int, end: int) -> int:
    """Find where a piece of the string ends."""
    if end - at <= PIECE:
        return end
    found = SAFE.match(source, at, at + PIECE)
    cut = found.end() if found is not None else at
    for _ in range(3):
        # No character of UTF-8 is cut either.
        cut -= source[cut] & 0xC0 == 0x80
    return cut if cut > at else at + PIECE


def _least(head: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {name: head[name] for name in KEPT if name in head and len(memoryview(head[name])) < HEAD // 8}


def _delta(message: msgspec.Raw) -> dict[str, Any]:
    """Make a delta of the message: its tool calls get the index that streams need."""
    fields: dict[str, Any] = dict(_object.decode(message)) if bytes(message) != b"null" else {}
    try:
        calls = _choices.decode(fields.get("tool_calls", msgspec.Raw(b"null")))
    except msgspec.ValidationError:
        # This is no array of objects, which the caller may judge.
        return fields
    fields["tool_calls"] = [{"index": at, **call} for at, call in enumerate(calls)]
    return fields
