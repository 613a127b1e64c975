"""Chunks of a stream that differ in their text alone: recognised and passed on without being decoded."""

import re
from collections.abc import Iterable
from itertools import takewhile

from gateway.openai_api.chunk import Chunk, usage_of, value_of

CONTENT_KEY = b'"content"'
CONTENT = re.compile(rb'"content"\s*:\s*"([^"\\]*)"')
UNESCAPED = rb'[^"\\\x00-\x09\x0b-\x1f]*+'
ESCAPE = rb'\\(?:["\\/bfnrt]|u(?!d[89a-f])[0-9a-f]{4})'
"""Not of half a character, whose other half may be in another chunk."""
TEXTS = re.compile(UNESCAPED + rb"(?:" + ESCAPE + UNESCAPED + rb")*+", re.IGNORECASE)
"""What may stand in JSON strings, one on each line."""
FIELD, END = b"data: ", b"\n\n"
STRETCH = 32 * 1024
"""How many bytes are looked at together; behind a chunk that is another one they are looked at anew."""


class Template:
    """The chunk that all chunks of a stream are but for their text.

    Made from a chunk that was decoded: whatever else a JSON string may hold makes, in the place of its text,
    another chunk that says that and nothing else.
    """

    __slots__ = ("_head", "_new_head", "_new_tail", "_tail", "index")

    def __init__(self, halves: tuple[bytes, bytes], edited: tuple[bytes, bytes], index: int) -> None:
        self._head, self._tail = FIELD + halves[0], halves[1] + END
        self._new_head, self._new_tail = FIELD + edited[0], edited[1] + END
        self.index = index
        """The choice that speaks."""

    @classmethod
    def of(cls, data: bytes, edited: bytes, chunk: Chunk) -> "Template | None":
        """From a chunk as it came and as it goes out; `None` where it says more than a piece of one text."""
        if not isinstance(chunk.choices, list) or len(chunk.choices) != 1:
            return None
        choice = chunk.choices[0]
        delta = choice.delta if choice is not None else None
        if choice is None or delta is None or choice.finish_reason or usage_of(chunk.usage) is not None:
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
        head, tail = self._head, self._tail
        start = at + len(head)
        end = data.rfind(tail, start, at + STRETCH) if data.startswith(head, at) else -1
        if end < 0:
            return [], at
        texts = [data[start:end]]
        if _are_texts(texts):
            return texts, end + len(tail)
        chunks = data[at + len(FIELD) : end + len(tail) - len(END)].split(END + FIELD)
        first, last = len(head) - len(FIELD), len(END) - len(tail)
        texts = [chunk[first:last] for chunk in chunks]
        # Put together again they are what came, unless another chunk is among them.
        came = _around(head, texts, tail)
        if not (data.startswith(came, at) and _are_texts(texts)):
            texts = texts[: _length(takewhile(self._is_like, chunks))]
            came = _around(head, texts, tail) if texts else b""
        return texts, at + len(came)

    def frames(self, texts: list[bytes]) -> bytes:
        """The frames that go out for chunks that say this."""
        return _around(self._new_head, texts, self._new_tail)

    def _is_like(self, chunk: bytes) -> bool:
        """Whether the chunk is this one but for its text."""
        came = FIELD + chunk + END
        text = came[len(self._head) : -len(self._tail)]
        return came == self._head + text + self._tail and _are_texts([text])


def said(texts: list[bytes]) -> str:
    """What the texts say together."""
    text = b"".join(texts)
    return str(value_of(b'"' + text + b'"')) if b"\\" in text else text.decode("utf-8", "replace")


def _are_texts(texts: list[bytes]) -> bool:
    lines = b"\n".join(texts)
    return lines.count(b"\n") < len(texts) and TEXTS.fullmatch(lines) is not None


def _around(head: bytes, texts: list[bytes], tail: bytes) -> bytes:
    middle = texts[0] if len(texts) == 1 else (tail + head).join(texts)
    return head + middle + tail


def _length(chunks: Iterable[bytes]) -> int:
    return sum(1 for _ in chunks)


def _halves(data: bytes, text: str) -> tuple[bytes, bytes] | None:
    """What stands before and behind a text that is spelt as it is read, and is surely where it is meant."""
    found = CONTENT.search(data)
    if found is None or data.count(CONTENT_KEY) != 1 or b"\n" in data or b"\r" in data:
        return None
    return (data[: found.start(1)], data[found.end(1) :]) if found[1] == text.encode() else None
