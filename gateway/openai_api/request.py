"""Little is read of a chat request, and our few edits are spliced into the caller's own bytes."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from gateway.openai_api import stored_prompt
from gateway.openai_api.body import decode_object, each_once
from gateway.openai_api.messages import Messages, flag, opens, wrong
from gateway.openai_api.parameters import (
    ALLOWED,
    NULL,
    is_set,
    only_allowed,
    refuse_lookalikes_of,
    with_defaults,
)
from gateway.openai_api.spelling import OF_OPTIONS, OURS, refuse_lookalikes
from gateway.openai_api.stored_prompt import StoredPrompt
from gateway.upstreams.pieces import Pieces, of_object

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)

KNOWN = ALLOWED | OURS
"""Keys that are what they seem to be; any other key is looked at."""

MODEL_BYTES = 16 * 1024
"""Bytes of a model's name, as it is written; no name is as long."""
TEXTS = frozenset(["text", "refusal"])
NOUNS = {"image_url": "images", "input_audio": "audio"}
"""Names what parts of these types hold; any other holds a file."""


class ChatRequest:
    """A chat request, decoded at its top level only; each value stays as the caller wrote it."""

    __slots__ = ("body", "choices", "fields", "messages", "model", "prompt", "stream", "wants_usage")

    def __init__(self, body: bytes, fields: dict[str, msgspec.Raw]) -> None:
        if not fields.keys() <= KNOWN:
            refuse_lookalikes(fields, OURS)
        self.body = body
        self.prompt: StoredPrompt | None = None
        """Names a persona in the place of the model, or brings values for its prompt."""
        if stored_prompt.PARAM in fields:
            fields, self.prompt = stored_prompt.taken(fields)
        self.fields = fields
        self.model = _model(fields)
        self.stream = flag(fields, "stream") or False
        self.choices = _choices(fields)
        self.wants_usage = _wants_usage(fields) and self.stream
        self.messages = _messages(fields)

    @classmethod
    def parse(cls, body: bytes) -> "ChatRequest":
        """Raises Refusal for what we cannot work with; what only the upstream can judge is let through."""
        return cls(body, decode_object(body))

    def for_persona(
        self, defaults: Mapping[str, msgspec.Raw], allow: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return the fields, and defaults where the caller left a parameter unset, all without the messages.

        `allow` is given where the persona is locked. Raises Refusal for what it does not take.
        """
        fields = self.fields if allow is None else only_allowed(self.fields, allow)
        if defaults and not fields.keys() <= KNOWN:
            refuse_lookalikes_of(defaults, fields)
        found = with_defaults(fields, defaults)
        found.pop("messages", None)
        return found

    def as_written(self, fields: Mapping[str, Any]) -> bytes | Pieces:
        """Return the body for a plain model: the caller's own with these fields, each once."""
        return each_once(self.body, {**fields, "messages": msgspec.Raw(self.messages.array)})

    @property
    def has_tools(self) -> bool:
        """Tells whether the request brings tools that the model may call."""
        return any(
            is_set(self.fields, name) and bytes(self.fields[name]) != b"[]" for name in ("tools", "functions")
        )

    def needs_more_than_text(self) -> tuple[str, str] | None:
        """Name what a text-only model cannot do for this request, as a noun, and the field that says so."""
        if is_set(self.fields, "audio"):
            return "audio", "audio"
        if b'"audio"' in bytes(self.fields.get("modalities", NULL)):
            return "audio", "modalities"
        kinds = self.messages.kinds - TEXTS
        if not kinds:
            return None
        return next((noun for kind, noun in NOUNS.items() if kind in kinds), "files"), "messages"


def encode(
    fields: Mapping[str, Any],
    messages: Iterable[Any],
    model: str,
    *,
    include_usage: bool,
    is_large: bool = False,
) -> bytes | Pieces:
    """Encode the body for one upstream: its own name of the model, and usage asked for where it streams.

    `messages` are the pieces of the array, which goes in as it is.
    """
    found = {**fields, "model": model}
    found.pop("messages", None)
    if include_usage:
        options = found.get("stream_options")
        # If it is of another type, only the upstream can judge it.
        if options is None or options == NULL or opens(options, "{"):
            found["stream_options"] = {**_options(options), "include_usage": True}
    if is_large:
        *start, end = of_object(found)
        return Pieces([*start, b',"messages":', *messages, end])
    return b"".join([memoryview(msgspec.json.encode(found))[:-1], b',"messages":', *messages, b"}"])


def _options(options: msgspec.Raw | None) -> dict[str, Any]:
    if options is None or options == NULL:
        return {}
    try:
        return dict(_object.decode(options))
    except RecursionError:
        raise wrong("stream_options", "is nested too deeply") from None


def _model(fields: dict[str, msgspec.Raw]) -> str:
    if not is_set(fields, "model"):
        raise wrong("model", "is missing; name a persona such as `persona/the-night-librarian`")
    if not opens(fields["model"], '"'):
        raise wrong("model", "must be a string")
    if len(memoryview(fields["model"])) > MODEL_BYTES:
        raise wrong("model", f"is longer than {MODEL_BYTES} bytes")
    return _string.decode(fields["model"])


def _messages(fields: dict[str, msgspec.Raw]) -> Messages:
    if not is_set(fields, "messages"):
        raise wrong("messages", "is missing; send an array of messages")
    if not opens(fields["messages"], "["):
        raise wrong("messages", "must be an array of messages")
    return Messages(fields["messages"])


def _choices(fields: dict[str, msgspec.Raw]) -> int:
    """Count the answers that are asked for; an `n` that makes no sense is the upstream's to refuse."""
    if "n" not in fields:
        return 1
    value = bytes(fields["n"])
    return max(1, int(value)) if value.isdigit() and len(value) < 4 else 1


def _wants_usage(fields: dict[str, msgspec.Raw]) -> bool:
    options = fields.get("stream_options")
    if options is None or not opens(options, "{"):
        return False
    found = _options(options)
    if not found.keys() <= OF_OPTIONS:
        refuse_lookalikes(found, OF_OPTIONS, "stream_options.")
    return bytes(found.get("include_usage", NULL)) == b"true"
