"""Chunks of a stream that differ in their text alone: recognised and passed on without being decoded."""

import re
from collections.abc import Iterable
from itertools import takewhile

from gateway.openai_api.chunk import Chunk, value_of

CONTENT_KEY = b'"content"'
CONTENT = re.compile(rb'"content"\s*:\s*"([^"\\]*)"')
UNESCAPED = rb'[^"\\\x00-\x09\x0b-\x1f]*+'
ESCAPE = rb'\\(?:["\\/bfnrt]|u(?!d[89a-f])[0-9a-f]{4})'
"""Not of half a character, whose other half may be in another chunk."""
TEXTS = re.compile(UNESCAPED + rb"(?:" + ESCAPE + UNESCAPED + rb")*+", re.IGNORECASE)
"""What may stand in JSON strings, one on each line."""
FIELD, END = b"data: ", b"\n\n"
STRETCH = 16 * 1024
"""How many bytes are looked at together; behind a chunk that is another one they are looked at anew."""


class Template:
    """The chunk that all chunks of a stream are but for their text.

    Made from a chunk that was decoded: whatever else a JSON string may hold makes, in the place of its text,
    another chunk that says that and nothing else.
    """

    __slots__ = ("_after", "_before", "_new_after", "_new_before", "index")

    def __init__(self, halves: tuple[bytes, bytes], edited: tuple[bytes, bytes], index: int) -> None:
        self._before, self._after = halves
        self._new_before, self._new_after = edited
        self.index = index
        """The choice that speaks."""

    @classmethod
    def of(cls, data: bytes, edited: bytes, chunk: Chunk) -> "Template | None":
        """From a chunk as it came and as it goes out; `None` where it says more than a piece of one text."""
        if not isinstance(chunk.choices, list) or len(chunk.choices) != 1:
            return None
        choice = chunk.choices[0]
        delta = choice.delta if choice is not None else None
        if choice is None or delta is None or choice.finish_reason or chunk.usage is not None:
            return None
        if delta.tool_calls or delta.function_call or delta.refusal:
            return None
        if not (isinstance(delta.content, str) and delta.content):
            return None
        halves, new_halves = _halves(data, delta.content), _halves(edited, delta.content)
        if halves is None or new_halves is None:
            return None
        return cls(halves, new_halves, choice.index)

    def texts(self, data: bytes, at: int) -> tuple[list[bytes], int]:
        """What the chunks like this one say that follow each other from `at` on, and where they end."""
        after = self._after + END
        end = data.rfind(after, at, at + STRETCH) + len(after)
        if end < at + len(after) or not data.startswith(FIELD + self._before, at):
            return [], at
        chunks = data[at + len(FIELD) : end - len(END)].split(END + FIELD)
        first, last = len(self._before), -len(self._after)
        texts = [chunk[first:last] for chunk in chunks]
        # Put together again they are what came, unless another chunk is among them.
        came = _framed(self._before, texts, self._after)
        if not (data.startswith(came, at) and _are_texts(texts)):
            texts = texts[: _length(takewhile(self._is_like, chunks))]
            came = _framed(self._before, texts, self._after) if texts else b""
        return texts, at + len(came)

    def frames(self, texts: list[bytes]) -> bytes:
        """The frames that go out for chunks that say this."""
        return _framed(self._new_before, texts, self._new_after)

    def _is_like(self, chunk: bytes) -> bool:
        """Whether the chunk is this one but for its text."""
        first, last = len(self._before), len(chunk) - len(self._after)
        is_around = chunk.startswith(self._before) and chunk.endswith(self._after)
        return is_around and first <= last and _are_texts([chunk[first:last]])


def said(texts: list[bytes]) -> str:
    """What the texts say together."""
    text = b"".join(texts)
    return str(value_of(b'"' + text + b'"')) if b"\\" in text else text.decode("utf-8", "replace")


def _are_texts(texts: list[bytes]) -> bool:
    lines = b"\n".join(texts)
    return lines.count(b"\n") < len(texts) and TEXTS.fullmatch(lines) is not None


def _framed(before: bytes, texts: list[bytes], after: bytes) -> bytes:
    head, tail = FIELD + before, after + END
    return head + (tail + head).join(texts) + tail


def _length(chunks: Iterable[bytes]) -> int:
    return sum(1 for _ in chunks)


def _halves(data: bytes, text: str) -> tuple[bytes, bytes] | None:
    """What stands before and behind a text that is spelt as it is read, and is surely where it is meant."""
    found = CONTENT.search(data)
    if found is None or data.count(CONTENT_KEY) != 1 or b"\n" in data or b"\r" in data:
        return None
    return (data[: found.start(1)], data[found.end(1) :]) if found[1] == text.encode() else None
