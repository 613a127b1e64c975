"""Chunks that say a text and are otherwise alike are read without being decoded."""

from typing import NamedTuple

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.chunk import BrokenChunkError
from gateway.openai_api.learning import TEMPLATE_BYTES, TEMPLATES
from gateway.openai_api.parameters import NULL
from gateway.openai_api.sse import frame
from gateway.openai_api.template import Template
from gateway.responses.hearing import Choice, Delta

CONTENT, THOUGHTS = "content", ("reasoning_content", "reasoning")
TEXTS = (CONTENT, *THOUGHTS)
EMPTY = (bytes(NULL), b'""', b"[]")


class Found(NamedTuple):
    """Says what chunks alike say, as the insides of JSON strings."""

    said: list[bytes]
    thought: list[bytes]
    end: int
    """The place behind the last one of these chunks."""


class Alike:
    """Knows one kind of chunk at a time, of which it has seen one decoded."""

    __slots__ = ("_columns", "_learnt", "_template")

    def __init__(self) -> None:
        self._template: Template | None = None
        self._columns: dict[str, slice] = {}
        self._learnt = 0

    def find(self, frames: bytes, at: int) -> Found | None:
        """Return what such chunks say that follow each other from `at` on; `None` if the first is unlike."""
        if self._template is None:
            return None
        values, end = self._template.texts(frames, at)
        if not values:
            return None
        found: dict[str, list[bytes]] = {
            name: [text for text in values[column] if text] for name, column in self._columns.items()
        }
        said = found.pop(CONTENT, [])
        thought = next(iter(found.values()), [])
        if said and thought:
            # One comes before the other, which the chunks tell one by one.
            self._template = None
            return None
        return Found(said, thought, end)

    def learn(self, data: bytes, choice: Choice) -> None:
        """Recognise the next chunks like this one, if it says a text and does nothing else."""
        delta = choice.delta
        if self._learnt >= TEMPLATES or len(data) > TEMPLATE_BYTES:
            return
        if delta is None or choice.finish_reason or choice.logprobs != NULL or not _speaks_alone(delta):
            return
        try:
            template = Template.of(data, data, chunks.read(data), 1)
        except BrokenChunkError:
            return
        if template is not None and (columns := _columns(template, data, delta)):
            self._template, self._columns = template, columns
            self._learnt += 1


def _speaks_alone(delta: Delta) -> bool:
    others = (delta.refusal, delta.tool_calls, delta.function_call)
    return all(bytes(each) in EMPTY for each in others)


def _columns(template: Template, data: bytes, delta: Delta) -> dict[str, slice]:
    """Say where the texts of the delta stand among what differs; nothing, unless that is certain."""
    keys = template.keys
    values, _ = template.texts(frame(data), 0)
    found = {}
    for name in TEXTS:
        written: msgspec.Raw = getattr(delta, name)
        key = name.encode()
        if key not in keys:
            if bytes(written) not in EMPTY:
                return {}
            continue
        at = keys.index(key)
        if keys.count(key) != 1 or bytes(written) != b'"%b"' % values[at]:
            return {}
        found[name] = slice(at, None, len(keys))
    return found if sum(name in found for name in THOUGHTS) <= 1 else {}
