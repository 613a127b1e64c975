"""What is read of a chat request, and how our few edits are spliced into the caller's own bytes."""

from typing import Any

import msgspec

from gateway.errors import Detail, Fault, Refusal

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])

NULL = b"null"
ALIASES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names of one parameter: a default for one yields to the caller's other, since providers refuse both."""


class ChatRequest:
    """A chat request, decoded at its top level only; each value stays as the caller wrote it."""

    __slots__ = ("body", "choices", "fields", "messages", "model", "stream", "wants_usage")

    def __init__(self, body: bytes, fields: dict[str, msgspec.Raw]) -> None:
        self.body = body
        self.fields = fields
        self.model = _model(fields)
        self.stream = _flag(fields, "stream")
        self.messages = _messages(fields)
        self.choices = _choices(fields)
        self.wants_usage = self.stream and _wants_usage(fields)

    @classmethod
    def parse(cls, body: bytes) -> "ChatRequest":
        """Raises Refusal for what we cannot work with; what only the upstream can judge is let through."""
        return cls(body, decode_object(body))

    def for_persona(self, messages: bytes, defaults: dict[str, msgspec.Raw]) -> dict[str, Any]:
        """The fields with the overlaid messages and with defaults where the caller left a parameter unset."""
        fields: dict[str, Any] = dict(self.fields)
        fields["messages"] = msgspec.Raw(messages)
        for name, value in defaults.items():
            if _is_set(self.fields, name) or _is_set(self.fields, ALIASES.get(name, name)):
                continue
            fields[name] = value
        return fields

    def needs_more_than_text(self) -> str | None:
        """What a text-only model cannot do for this request, as a noun; `None` where it can."""
        for name in ("tools", "functions"):
            if _is_set(self.fields, name) and bytes(self.fields[name]) != b"[]":
                return "tools"
        if _is_set(self.fields, "audio") or b'"audio"' in bytes(self.fields.get("modalities", NULL)):
            return "audio"
        for message in self.messages:
            try:
                content = msgspec.json.decode(message, type=_Message).content
            except msgspec.ValidationError:
                continue
            for part in content if isinstance(content, list) else ():
                kind = part.get("type") if isinstance(part, dict) else "text"
                if kind not in ("text", "refusal"):
                    return {"image_url": "images", "input_audio": "audio"}.get(str(kind), "files")
        return None


class _Message(msgspec.Struct):
    content: Any = None


def encode(fields: dict[str, Any], model: str, *, include_usage: bool) -> bytes:
    """The body for one upstream: its own name of the model, and usage asked for where it streams."""
    fields = {**fields, "model": model}
    if include_usage:
        options = fields.get("stream_options")
        if options is not None and not opens(options, "{") and bytes(options) != NULL:
            # Of a type that only the upstream can judge.
            return msgspec.json.encode(fields)
        try:
            given = _object.decode(options) if options is not None and bytes(options) != NULL else {}
        except RecursionError:
            raise _wrong("stream_options", "is nested too deeply") from None
        fields["stream_options"] = {**given, "include_usage": True}
    return msgspec.json.encode(fields)


def decode_object(body: bytes) -> dict[str, msgspec.Raw]:
    """The top level of a JSON object in UTF-8; of a repeated key the last value counts. Raises Refusal."""
    try:
        if not body.isascii():
            # msgspec does not look into strings that it skips.
            body.decode("utf-8")
        return _object.decode(body)
    except UnicodeDecodeError as error:
        problem, kind = f"it is not UTF-8 at byte {error.start}", "encoding_error"
    except msgspec.ValidationError:
        problem, kind = "it is not a JSON object", "type_error"
    except msgspec.DecodeError as error:
        problem, kind = f"it is not valid JSON ({error})", "json_error"
    except RecursionError:
        problem, kind = "its JSON is nested too deeply", "json_error"
    message = f"The request body cannot be read: {problem}."
    raise Refusal(Fault.REQUEST_INVALID, message, details=[Detail([], problem, kind)])


def too_deep() -> Refusal:
    """For JSON that passed as a whole and cannot be taken apart all the same."""
    problem = "its JSON is nested too deeply"
    message = f"The request body cannot be read: {problem}."
    return Refusal(Fault.REQUEST_INVALID, message, details=[Detail([], problem, "json_error")])


def opens(value: msgspec.Raw, character: str) -> bool:
    """Whether the JSON value starts with this character, which tells its type."""
    return memoryview(value)[0] == ord(character)


def _is_set(fields: dict[str, msgspec.Raw], name: str) -> bool:
    """Whether the caller gave the parameter; null is the same as absent."""
    value = fields.get(name)
    return value is not None and bytes(value) != NULL


def _model(fields: dict[str, msgspec.Raw]) -> str:
    if not _is_set(fields, "model"):
        raise _wrong("model", "is missing; name a persona such as `persona/the-night-librarian`")
    if not opens(fields["model"], '"'):
        raise _wrong("model", "must be a string")
    return msgspec.json.decode(fields["model"], type=str)


def _messages(fields: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    if not _is_set(fields, "messages"):
        raise _wrong("messages", "is missing; send an array of messages")
    if not opens(fields["messages"], "["):
        raise _wrong("messages", "must be an array of messages")
    return _array.decode(fields["messages"])


def _flag(fields: dict[str, msgspec.Raw], name: str) -> bool:
    value = bytes(fields.get(name, NULL))
    if value not in (b"true", b"false", NULL):
        raise _wrong(name, "must be true or false")
    return value == b"true"


def _choices(fields: dict[str, msgspec.Raw]) -> int:
    """How many answers are asked for; an `n` that makes no sense is the upstream's to refuse."""
    value = bytes(fields.get("n", b"1"))
    return max(1, int(value)) if value.isdigit() and len(value) < 4 else 1


def _wants_usage(fields: dict[str, msgspec.Raw]) -> bool:
    options = fields.get("stream_options")
    if options is None or not opens(options, "{"):
        return False
    return bytes(_object.decode(options).get("include_usage", NULL)) == b"true"


def _wrong(name: str, problem: str) -> Refusal:
    message = f"`{name}` {problem}."
    return Refusal(
        Fault.REQUEST_INVALID, message, param=name, details=[Detail([name], problem, "value_error")]
    )
