"""Chunks of a stream that differ in their text alone: recognised and passed on without being decoded."""

import re

from gateway.openai_api.chunk import Chunk, usage_of, value_of

CONTENT_KEY = b'"content"'
CONTENT = re.compile(rb'"content"\s*:\s*"([^"\\]*)"')
UNESCAPED = rb'[^"\\\x00-\x09\x0b-\x1f]*+'
PAIR = rb"d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}"
"""A character in two halves; one half alone is left to others, since the other may be in another chunk."""
ESCAPE = rb'\\(?:["\\/bfnrt]|u(?:(?!d[89a-f])[0-9a-f]{4}|' + PAIR + rb"))"
TEXTS = re.compile(UNESCAPED + rb"(?:" + ESCAPE + UNESCAPED + rb")*+", re.IGNORECASE)
"""What may stand in JSON strings, one on each line."""
FIELD, END = b"data: ", b"\n\n"
NEAR, FAR = 1024, 32 * 1024
"""How many bytes are compared at once: one chunk behind one that is unlike, and then more and more."""


class Template:
    """The chunk that all chunks of a stream are but for their text.

    Made from a chunk that was decoded: whatever else a JSON string may hold makes, in the place of its text,
    another chunk that says that and nothing else.
    """

    __slots__ = ("_head", "_new_head", "_new_tail", "_reach", "_tail", "index")

    def __init__(self, halves: tuple[bytes, bytes], edited: tuple[bytes, bytes], index: int) -> None:
        self._head, self._tail = FIELD + halves[0], halves[1] + END
        self._new_head, self._new_tail = FIELD + edited[0], edited[1] + END
        self._reach = FAR
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
        texts, end = self._find(data, at)
        self._reach = min(self._reach * 2 + NEAR, FAR) if texts else 0
        return texts, end

    def frames(self, texts: list[bytes]) -> bytes:
        """The frames that go out for chunks that say this."""
        return _around(self._new_head, texts, self._new_tail)

    def _find(self, data: bytes, at: int) -> tuple[list[bytes], int]:
        head, tail = self._head, self._tail
        if not data.startswith(head, at):
            return [], at
        start = at + len(head)
        border = data.find(END, start) + len(END)
        if border < len(data) and self._reach:
            last = data.rfind(tail, start, start + self._reach)
            if last >= border and (texts := self._run(data, at, last + len(tail))):
                return texts, last + len(tail)
            self._reach = 0
        text = data[start : border - len(tail)]
        return ([text], border) if data.endswith(tail, start, border) and _are_texts([text]) else ([], at)

    def _run(self, data: bytes, at: int, end: int) -> list[bytes]:
        """What the chunks from `at` to `end` say, nothing if another one is among them."""
        chunks = data[at + len(FIELD) : end - len(END)].split(END + FIELD)
        first, last = len(self._head) - len(FIELD), len(END) - len(self._tail)
        texts = [chunk[first:last] for chunk in chunks]
        # Put together again they are what came if each has the same around its text.
        is_run = data.startswith(_around(self._head, texts, self._tail), at) and _are_texts(texts)
        return texts if is_run else []


def said(texts: list[bytes]) -> str:
    """What the texts say together."""
    text = b"".join(texts)
    return str(value_of(b'"' + text + b'"')) if b"\\" in text else text.decode("utf-8", "replace")


def _are_texts(texts: list[bytes]) -> bool:
    lines = b"\n".join(texts)
    return TEXTS.fullmatch(lines) is not None and lines.count(b"\n") < len(texts)


def _around(head: bytes, texts: list[bytes], tail: bytes) -> bytes:
    middle = texts[0] if len(texts) == 1 else (tail + head).join(texts)
    return head + middle + tail


def _halves(data: bytes, text: str) -> tuple[bytes, bytes] | None:
    """What stands before and behind a text that is spelt as it is read, and is surely where it is meant."""
    found = CONTENT.search(data)
    if found is None or data.count(CONTENT_KEY) != 1 or b"\n" in data or b"\r" in data:
        return None
    return (data[: found.start(1)], data[found.end(1) :]) if found[1] == text.encode() else None
