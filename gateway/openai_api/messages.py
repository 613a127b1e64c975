"""The messages of a chat request are checked before anything is laid over them and sent on."""

from collections.abc import Sequence

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api.spelling import OF_MESSAGES, OF_PARTS, is_same, refuse_lookalikes

MOST = 10_000
"""Messages in a request, and parts in all of them together."""
LONGEST_ROLE = 200
"""Bytes of a role, as it is written."""
ROLES = frozenset(["system", "developer", "user", "assistant", "tool", "function"])

PLAIN = frozenset([b'"image_url"', b'"input_audio"', b'"file"', b'"refusal"'])
"""Types of parts that only the upstream judges."""

Fields = dict[str, msgspec.Raw]
Part = Fields | msgspec.Raw
"""A part of a content; `Raw` is a bare text."""

_written = {f'"{role}"'.encode(): role for role in ROLES}
_objects = msgspec.json.Decoder(list[Fields])
_object = msgspec.json.Decoder(Fields)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Messages:
    """The messages, decoded one level deep; `array` is the JSON that goes on, each key of a message once."""

    __slots__ = ("_each", "array", "fields", "parts", "roles")

    def __init__(self, array: msgspec.Raw) -> None:
        """Raises Refusal for an item that is no message, counted as the caller counts."""
        self.fields = fields = _read(array)
        if not set().union(*fields) <= OF_MESSAGES:
            for index, message in enumerate(fields):
                refuse_lookalikes(message, OF_MESSAGES, f"messages[{index}].")
        try:
            self.roles = [_written[bytes(message["role"])] for message in fields]
        except KeyError:
            self.roles = [_role(message, index) for index, message in enumerate(fields)]
        self.parts: dict[int, list[Part]] = {}
        """The parts of each content that is an array, by the message's index."""
        compact = msgspec.json.encode(fields)
        # Without a second bracket no content is an array.
        if compact.find(b"[", 1) > 0 and self._read_parts():
            compact = msgspec.json.encode(fields)
        self.array: msgspec.Raw | bytes = array if is_same(array, compact) else compact
        self._each: list[msgspec.Raw] | None = None

    def __len__(self) -> int:
        return len(self.roles)

    @property
    def each(self) -> Sequence[msgspec.Raw]:
        """List every message as it goes on."""
        if self._each is None:
            self._each = _array.decode(self.array)
        return self._each

    def let_go(self) -> None:
        """Forget what is needed only to prepare the request: an answer may take long."""
        self.fields, self.parts = [], {}

    def _read_parts(self) -> bool:
        """Look at the parts of contents; tells whether one had a key twice, which now stands there once."""
        is_changed, count = False, 0
        for index, message in enumerate(self.fields):
            content = message.get("content")
            if content is None or not opens(content, "["):
                continue
            parts = self.parts[index] = _parts(content, index)
            count += len(parts)
            if count > MOST:
                raise wrong(f"messages[{index}]", f"has the request's part number {MOST + 1}; send fewer")
            compact = msgspec.json.encode(parts)
            if not is_same(content, compact):
                message["content"] = msgspec.Raw(compact)
                is_changed = True
        return is_changed


def opens(value: msgspec.Raw, character: str) -> bool:
    """Tell whether the JSON value starts with this character, which tells its type."""
    return memoryview(value)[0] == ord(character)


def wrong(param: str, problem: str, place: str = "") -> Refusal:
    """Make a refusal of a field; `place` is within `param`, where that is not precise enough."""
    name = place or param
    detail = Detail([name], problem, "value_error")
    return Refusal(Fault.REQUEST_INVALID, f"`{name}` {problem}.", param=param, details=[detail])


def _read(array: msgspec.Raw) -> list[Fields]:
    try:
        fields = _objects.decode(array)
    except msgspec.ValidationError:
        for index, message in enumerate(_array.decode(array)):
            if not opens(message, "{"):
                raise wrong(f"messages[{index}]", "must be an object with a `role`") from None
        raise
    if len(fields) > MOST:
        raise wrong("messages", f"has more than {MOST} messages; send fewer")
    return fields


def _role(message: Fields, index: int) -> str:
    raw = message.get("role")
    if raw is None:
        raise wrong(f"messages[{index}]", "has no `role`; name one, such as `user`")
    if not opens(raw, '"') or len(memoryview(raw)) > LONGEST_ROLE:
        raise wrong(f"messages[{index}].role", "must be a string, and a short one")
    role = _text.decode(raw)
    meant = role.strip().casefold()
    if meant in ROLES and role != meant:
        raise wrong(f"messages[{index}].role", f"would be read as `{meant}` by some servers; write it so")
    return role


def _parts(content: msgspec.Raw, index: int) -> list[Part]:
    try:
        parts: list[Part] = list(_objects.decode(content))
    except msgspec.ValidationError:
        # Some servers take bare texts for parts.
        parts = [_object.decode(one) if opens(one, "{") else one for one in _array.decode(content)]
    for at, part in enumerate(parts):
        if not isinstance(part, dict) or not _is_plain(part):
            _check_part(part, index, at)
    return parts


def _is_plain(part: Fields) -> bool:
    """Tell whether it is written as nearly everybody writes it."""
    kind = part.get("type")
    if kind is None or not part.keys() <= OF_PARTS:
        return False
    return bytes(kind) in PLAIN or (bytes(kind) == b'"text"' and "text" in part and opens(part["text"], '"'))


def _check_part(part: Part, index: int, at: int) -> None:
    message, place = f"messages[{index}]", f"messages[{index}].content[{at}]"
    if not isinstance(part, dict):
        if not opens(part, '"'):
            raise wrong(message, "must be a content part: an object with a `type`", place)
        return
    refuse_lookalikes(part, OF_PARTS, f"{place}.")
    kind, text = part.get("type"), part.get("text")
    if kind is not None and _is_text(kind) and (text is None or not opens(text, '"')):
        raise wrong(message, "is a text part and has no `text`, which must be a string", place)


def _is_text(kind: msgspec.Raw) -> bool:
    return opens(kind, '"') and _text.decode(kind).strip().casefold() == "text"
