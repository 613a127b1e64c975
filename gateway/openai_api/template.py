"""Chunks of a stream that differ in a few texts alone are recognised and passed on without being decoded."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.openai_api.chunk import Chunk, usage_of, value_of

CONTENT, INDEX = b"content", b"index"
DIGITS = frozenset(b"%d" % digit for digit in range(10))
PLACE = re.compile(
    rb'"(?:(content|reasoning|reasoning_content|text|summary|arguments|obfuscation|p)"\s*:\s*"([^"]*)"'
    rb'|(index)"\s*:\s*([0-9])(?![0-9]))'
)
"""Matches what differs from chunk to chunk; all but the content and the index is carried unseen."""
UNESCAPED = rb'[^"\\\x00-\x09\x0b-\x1f]*+'
PAIR = rb"d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}"
"""Matches a character in two halves; a lone half is left to others: the other may be in another chunk."""
ESCAPE = rb'\\(?:["\\/bfnrt]|u(?:(?!d[89a-f])[0-9a-f]{4}|' + PAIR + rb"))"
TEXTS = re.compile(UNESCAPED + rb"(?:" + ESCAPE + UNESCAPED + rb")*+", re.IGNORECASE)
"""Matches what may stand in JSON strings, one on each line."""
FIELD, END = b"data: ", b"\n\n"
NEAR, FAR = 1024, 32 * 1024
"""Bytes that are compared at once: one chunk behind one that is unlike, and then more and more."""


Values = tuple[bytes, ...]
"""The texts in the places of chunks, one chunk after another."""


class Run(NamedTuple):
    """Chunks like the template that follow each other."""

    events: int
    said: list[tuple[int, str]]
    """The texts that they say, by the index of the choice."""
    frames: bytes
    """The frames as they go out."""
    end: int
    """The place where they end in what came."""


class Template:
    """The template equals all chunks of a stream except in its places.

    It is made from a chunk that was decoded. Whatever else a JSON string may hold makes, in the place of
    a text, another chunk that says that and nothing else.
    """

    __slots__ = (
        "_betweens",
        "_form",
        "_head",
        "_index",
        "_indices",
        "_mark",
        "_new_form",
        "_places",
        "_reach",
        "_tail",
        "_texts",
        "keys",
    )

    def __init__(self, came: "_Parts", edited: "_Parts", index: int) -> None:
        self._head, *self._betweens, self._tail = came.around
        self._mark = max([*self._betweens, self._tail], key=len)
        """The part that is least likely to stand in another chunk."""
        self._form, self._new_form = came.form, edited.form
        self.keys = came.keys
        """The keys of the places, in their order."""
        self._places = len(came.keys)
        self._texts, self._indices = came.column(CONTENT), came.column(INDEX)
        self._index = index
        """The choice that speaks, unless that is one of the places."""
        self._reach = FAR

    @classmethod
    def of(cls, data: bytes, edited: bytes, chunk: Chunk, choices: int) -> "Template | None":
        """Make one from a chunk as it came and as it goes out; `None` where its kind must be decoded each
        time.

        What the transcript takes from the chunk beside its text has been taken, and counts only once.
        """
        if not isinstance(chunk.choices, list) or len(chunk.choices) != 1:
            return None
        choice = chunk.choices[0]
        delta = choice.delta if choice is not None else None
        if choice is None or delta is None or choice.finish_reason or usage_of(chunk.usage) is not None:
            return None
        if delta.content and (not isinstance(delta.content, str) or data.count(b'"content"') != 1):
            return None
        fixed = set() if delta.content else {CONTENT}
        if choices == 1:
            fixed.add(INDEX)
        elif choice.index == 0 or delta.tool_calls or delta.function_call or delta.refusal:
            # An index of 0 may also be an absent one; a call or refusal belongs to one choice alone.
            return None
        came = _Parts.of(data, fixed)
        if not came.keys or b"\\" in data or b"\n" in data or b"\r" in data:
            return None
        # Without escapes, what looks like a key is one; if there is only one, it is the one that was decoded.
        if delta.content and came.of_key(CONTENT) != [delta.content.encode()]:
            return None
        if choices > 1 and came.of_key(INDEX) != [b"%d" % choice.index]:
            return None
        goes = _Parts.of(edited, fixed)
        return cls(came, goes, choice.index) if came.values == goes.values else None

    def run(self, data: bytes, at: int) -> Run | None:
        """Return the chunks like this one that follow each other from `at` on; none if the first is
        unlike."""
        values, end = self.texts(data, at)
        if not values:
            return None
        events = len(values) // self._places
        return Run(events, self._said(values), self._new_form * events % values, end)

    def texts(self, data: bytes, at: int) -> tuple[Values, int]:
        """Return what stands in the places of such chunks, as it is spelt, and where the last one ends."""
        values, end = self._find(data, at)
        self._reach = min(self._reach * 2 + NEAR, FAR) if values else 0
        return values, end

    def _find(self, data: bytes, at: int) -> tuple[Values, int]:
        """Find what stands in the places of such chunks, and where the last one ends."""
        head, tail = self._head, self._tail
        if not data.startswith(head, at):
            return (), at
        start = at + len(head)
        border = data.find(END, start) + len(END)
        if border < len(data) and self._reach:
            whole = data.rfind(END, start, start + self._reach) + len(END)
            end = data.find(END, data.rfind(self._mark, start, whole)) + len(END)
            if end > border:
                chunks = data[at + len(FIELD) : end - len(END)].split(END + FIELD)
                first, last = len(head) - len(FIELD), len(END) - len(tail)
                lines = b"\n".join([chunk[first:last] for chunk in chunks])
                if values := self._values(lines, len(chunks), data[at:end]):
                    return values, end
            self._reach = 0
        if not data.endswith(tail, start, border):
            return (), at
        return self._values(data[start : border - len(tail)], 1, data[at:border]), border

    def _values(self, lines: bytes, events: int, came: bytes) -> Values:
        """Split the values of chunks without head and tail, one on each line; none if one chunk is unlike."""
        for between in self._betweens:
            lines = lines.replace(between, b"\n")
        values = tuple(lines.split(b"\n"))
        # Put into the places they must make what came, which can be read in one way only.
        is_run = (
            len(values) == events * self._places
            and self._form * events % values == came
            and TEXTS.fullmatch(lines) is not None
            and (self._indices is None or DIGITS.issuperset(values[self._indices]))
        )
        return values if is_run else ()

    def _said(self, values: Values) -> list[tuple[int, str]]:
        if self._texts is None:
            return []
        texts = values[self._texts]
        if self._indices is None:
            return [(self._index, _decoded(texts))]
        pairs = list(zip(values[self._indices], texts, strict=True))
        return [
            (int(one), _decoded([text for index, text in pairs if index == one]))
            for one in {*values[self._indices]}
        ]


class _Parts(NamedTuple):
    """A chunk cut up at its places."""

    around: list[bytes]
    """The bytes before, between and behind the places in a stream."""
    keys: list[bytes]
    values: list[bytes]

    @classmethod
    def of(cls, data: bytes, fixed: set[bytes]) -> "_Parts":
        """Cut the chunk at all places but those of the `fixed` keys."""
        parts, at = cls([], [], []), 0
        data = FIELD + data + END
        for found in PLACE.finditer(data):
            place = found.lastindex or 0
            key, value = found[place - 1], found[place]
            if key not in fixed:
                start, end = found.span(place)
                parts.around.append(data[at:start])
                parts.keys.append(key)
                parts.values.append(value)
                at = end
        parts.around.append(data[at:])
        return parts

    def column(self, key: bytes) -> slice | None:
        """Find which of the values of many chunks belong to this key."""
        return slice(self.keys.index(key), None, len(self.keys)) if key in self.keys else None

    def of_key(self, key: bytes) -> list[bytes]:
        return [value for one, value in zip(self.keys, self.values, strict=True) if one == key]

    @property
    def form(self) -> bytes:
        """The bytes with a `%s` for each value."""
        return b"%b".join(part.replace(b"%", b"%%") for part in self.around)


def _decoded(texts: Sequence[bytes]) -> str:
    """Decode the texts as one."""
    text = b"".join(texts)
    return str(value_of(b'"' + text + b'"')) if b"\\" in text else text.decode("utf-8", "replace")
