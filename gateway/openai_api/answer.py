"""A whole answer is read in parts and edited on its bytes."""

import asyncio
from typing import Any, Self

import msgspec

from gateway.openai_api import chunk as chunks
from gateway.openai_api.outline import LARGE, BrokenJSONError, Outline
from gateway.openai_api.sse import BOM
from gateway.scoring.transcript import Said, text_of
from gateway.turns.usage import Usage
from gateway.upstreams.failure import UpstreamFailure, from_answer, from_event
from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import is_error

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Message(msgspec.Struct):
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None


class _Choice(msgspec.Struct):
    index: Any = None
    message: _Message | None = None
    finish_reason: Any = None
    error: msgspec.Raw = chunks.NULL


class _Kept(msgspec.Struct):
    message: dict[str, msgspec.Raw] | None = None


class _Whole(msgspec.Struct):
    choices: list[_Kept]


_read = msgspec.json.Decoder(list[_Choice])
_whole = msgspec.json.Decoder(_Whole)


class Answer:
    """Holds a `chat.completion` as the upstream wrote it."""

    @classmethod
    async def read(cls, body: bytes, upstream: str, mask: Mask) -> Self:
        """Do what the constructor does, in a thread where that may take long."""
        if len(body) < LARGE:
            return cls(body, upstream, mask)
        return await asyncio.to_thread(cls, body, upstream, mask)

    def __init__(self, body: bytes, upstream: str, mask: Mask) -> None:
        """Raises UpstreamFailure where the body is no answer: broken JSON, an error, no choices."""
        # Some servers write a byte order mark, which JSON does not have (RFC 8259, 8.1).
        self.body = body = body.removeprefix(BOM)
        try:
            self._outline = Outline.of(body) if len(body) >= LARGE else None
        except BrokenJSONError:
            raise UpstreamFailure("bad_answer", upstream) from None
        fields = _checked(body if self._outline is None else self._outline.text, upstream, mask)
        self.usage: Usage | None = chunks.usage_of(fields.get("usage"))
        self.choices = _read_choices(fields.get("choices"))
        if self.choices is None:
            raise from_answer(upstream, body, mask)
        for choice in self.choices:
            if choice.error is not chunks.NULL and is_error(choice.error):
                raise from_event(upstream, choice.error, mask)
        self.fields = fields
        """The fields by name; in a large answer, long strings are cut short."""

    @property
    def finish_reason(self) -> str | None:
        """The finish reason of the last choice, as in a stream."""
        reasons = [choice.finish_reason for choice in self.choices or () if choice.finish_reason is not None]
        return str(reasons[-1]) if reasons else None

    def said(self) -> list[Said]:
        """List what was said in each choice; there is at least the first."""
        said = [_said(position, choice) for position, choice in enumerate(self.choices or ())]
        return said or [Said(0, "")]

    def message(self) -> bytes:
        """Return the first choice as a message of the next request, in JSON."""
        try:
            choices = _whole.decode(self.body).choices
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # It has lone surrogates or the like, which no message may have.
            choices = _whole.decode(msgspec.json.encode(chunks.value_of(self.body))).choices
        message = choices[0].message if choices else None
        whole = msgspec.json.encode({"content": None, **(message or {}), "role": "assistant"})
        # Strings that were not decoded may hold bytes that are no text.
        return whole if whole.isascii() else whole.decode("utf-8", "replace").encode()

    def plain(self) -> bytes:
        """Encode the answer of a plain model: as it came."""
        return self.body

    @property
    def spoken(self) -> bytes:
        """The JSON of all that was answered."""
        return bytes(self.fields["choices"])

    def message_with(self, text: str) -> bytes:
        """Return these words as a message, in JSON."""
        return msgspec.json.encode({"role": "assistant", "content": text})

    def with_words(self, text: str, model_json: bytes, persona_json: bytes) -> bytes:
        """Encode the answer with these words in each of its choices."""
        message = {"role": "assistant", "content": text}
        choices = [{"index": said.index, "message": message, "finish_reason": "stop"} for said in self.said()]
        values = {"choices": msgspec.json.encode(choices), "model": model_json, "persona": persona_json}
        return chunks.with_keys(self.body, values)

    @property
    def is_large(self) -> bool:
        """Tells whether `encode` belongs in a thread."""
        return self._outline is not None

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes | bytearray:
        """Encode the answer under the resolved name, with the `persona` object; all else stays as it came."""
        values = {"model": model_json, "persona": persona_json}
        if self._outline is None and type(self.fields) is dict:
            return chunks.encoded(self.fields, values)
        if self._outline is None:
            return chunks.with_keys(self.body, values)
        return self._outline.with_keys(values)

    def decoded(self, mark: str) -> tuple[dict[str, msgspec.Raw], list[tuple[int, int]]]:
        """Return the fields, with `"{mark}0"`, `"{mark}1"` … in the place of long strings, and where those
        stand in the body, with their quotes."""
        if self._outline is None:
            return self.fields, []
        return _decode(self._outline.marked(mark)) or {}, self._outline.long


class Vectors:
    """An answer to a request for embeddings, as the upstream wrote it."""

    finish_reason: str | None = None

    def __init__(self, body: bytes, upstream: str, mask: Mask) -> None:
        """Raises UpstreamFailure where the body is no answer: broken JSON, an error, no array of data."""
        self.body = body = body.removeprefix(BOM)
        fields = _checked(body, upstream, mask)
        data = fields.get("data")
        if data is None or bytes(memoryview(data)[:1]) != b"[":
            raise from_answer(upstream, body, mask)
        self.usage: Usage | None = chunks.usage_of(fields.get("usage"))


def _checked(body: bytes, upstream: str, mask: Mask) -> dict[str, msgspec.Raw]:
    """Decode the top level of an answer. Raises UpstreamFailure for broken JSON and for an error."""
    fields = _decode(body)
    if fields is None:
        raise from_answer(upstream, body, mask)
    if "error" in fields and is_error(fields["error"]):
        raise from_event(upstream, fields["error"], mask)
    if "object" in fields and bytes(fields["object"]) == b'"error"':
        raise from_answer(upstream, body, mask)
    return fields


class _Mended(dict[str, msgspec.Raw]):
    """The fields of an answer that could not be read as it was written."""


def _decode(body: bytes) -> dict[str, msgspec.Raw] | None:
    is_same = True
    if not body.isascii():
        # msgspec does not look into what it skips, and trips over it later.
        whole = body.decode("utf-8", "replace").encode()
        is_same, body = whole == body, whole
    try:
        fields = _object.decode(body)
        return fields if is_same else _Mended(fields)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        # It has lone surrogates, which clients take and msgspec does not.
        value = chunks.value_of(body)
    except (ValueError, RecursionError):
        return None
    return _Mended(_object.decode(msgspec.json.encode(value))) if isinstance(value, dict) else None


def _read_choices(raw: msgspec.Raw | None) -> list[_Choice] | None:
    if raw is None:
        return None
    try:
        return _read.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _said(position: int, choice: _Choice) -> Said:
    index = choice.index if isinstance(choice.index, int) else position
    message = choice.message
    if message is None:
        return Said(index, "")
    calls = message.tool_calls or message.function_call
    return Said(index, text_of(message.content), bool(calls), bool(message.refusal))
