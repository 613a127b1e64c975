"""The messages of a chat request are checked before anything is laid over them and sent on."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api import plain
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.parameters import NULL
from gateway.openai_api.plain import MOST, Plain
from gateway.openai_api.spelling import OF_MESSAGES, OF_PARTS, is_same, refuse_lookalikes
from gateway.upstreams.pieces import Pieces, of_array

LONGEST_ROLE = 200
"""Bytes of a role, as it is written."""
ROLES = frozenset(["system", "developer", "user", "assistant", "tool", "function"])

Fields = dict[str, msgspec.Raw]
Part = Fields | msgspec.Raw
"""A part of a content; `Raw` is a bare text."""

_written = {f'"{role}"'.encode(): role for role in ROLES}
_objects = msgspec.json.Decoder(list[Fields])
_object = msgspec.json.Decoder(Fields)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Messages:
    """Checks the messages of a request; `array` is the JSON that goes on, each key of a message once."""

    __slots__ = ("_each", "array", "kinds", "roles")

    def __init__(self, array: msgspec.Raw) -> None:
        """Raises Refusal for an item that is no message, counted as the caller counts."""
        copied = bytes(array) if len(memoryview(array)) <= LARGE else None
        found = (None if copied is None else plain.read(copied)) or closely(array)
        self.roles = found.roles
        self.kinds = found.kinds
        # The body is there for as long as this is, so that no copy of a part of it need be kept.
        self.array = array if found.array is copied else found.array
        self._each: list[msgspec.Raw] | None = None

    def __len__(self) -> int:
        return len(self.roles)

    @property
    def each(self) -> Sequence[msgspec.Raw]:
        """List every message as it goes on."""
        if self._each is None:
            self._each = _array.decode(self.array)
        return self._each

    def fields(self, index: int) -> Fields:
        """Read one message."""
        return _object.decode(self.each[index])


def parts_of(content: msgspec.Raw) -> list[Part]:
    """Read the parts of a content that is an array."""
    try:
        return list(_objects.decode(content))
    except msgspec.ValidationError:
        # Some servers take bare texts for parts.
        return [_object.decode(one) if opens(one, "{") else one for one in _array.decode(content)]


def opens(value: msgspec.Raw, character: str) -> bool:
    """Tell whether the JSON value starts with this character, which tells its type."""
    return memoryview(value)[0] == ord(character)


def wrong(param: str, problem: str, place: str = "") -> Refusal:
    """Make a refusal of a field; `place` is within `param`, where that is not precise enough."""
    name = place or param
    detail = Detail([name], problem, "value_error")
    return Refusal(Fault.REQUEST_INVALID, f"`{name}` {problem}.", param=param, details=[detail])


def flag(fields: dict[str, msgspec.Raw], name: str) -> bool | None:
    """Read a field that is true or false; `None` where it is left out or null. Raises Refusal."""
    value = bytes(fields.get(name, NULL))
    if value not in (b"true", b"false", b"null"):
        raise wrong(name, "must be true or false")
    return None if value == b"null" else value == b"true"


def closely(array: msgspec.Raw) -> Plain:
    """Read the messages and look at each of their keys. Raises Refusal."""
    messages = _read(array)
    roles: list[str] = []
    kinds: set[str] = set()
    count = 0
    for index, message in enumerate(messages):
        if not message.keys() <= OF_MESSAGES:
            refuse_lookalikes(message, OF_MESSAGES, f"messages[{index}].")
        roles.append(_role(message, index))
        content = message.get("content", NULL)
        if not opens(content, "["):
            if not opens(content, '"') and content != NULL:
                name = f"messages[{index}]"
                raise wrong(name, "must be a string or an array of content parts", f"{name}.content")
            continue
        parts = parts_of(content)
        count += len(parts)
        if count > MOST:
            raise wrong(f"messages[{index}]", f"has the request's part number {MOST + 1}; send fewer")
        kinds.update([_kind(part, index, at) for at, part in enumerate(parts)])
        message["content"] = _each_once(content, parts)
    return Plain(_each_once(array, messages), roles, frozenset(kinds))


def _each_once(array: msgspec.Raw, items: list[Any]) -> msgspec.Raw:
    """Return the array as it was written, or with each key of its items once where one stood there twice."""
    if len(memoryview(array)) <= LARGE:
        compact = msgspec.json.encode(items)
        return array if is_same(array, compact) else msgspec.Raw(compact)
    pieces = Pieces(of_array(items))
    return array if len(pieces) == len(memoryview(array)) else msgspec.Raw(bytes(pieces))


def _read(array: msgspec.Raw) -> list[Fields]:
    try:
        messages = _objects.decode(array)
    except msgspec.ValidationError:
        for index, message in enumerate(_array.decode(array)):
            if not opens(message, "{"):
                raise wrong(f"messages[{index}]", "must be an object with a `role`") from None
        raise
    if len(messages) > MOST:
        raise wrong("messages", f"has more than {MOST} messages; send fewer")
    return messages


def _role(message: Fields, index: int) -> str:
    raw = message.get("role", NULL)
    if raw == NULL:
        raise _no_role(index)
    if not opens(raw, '"') or len(memoryview(raw)) > LONGEST_ROLE:
        raise wrong(f"messages[{index}].role", "must be a string, and a short one")
    if (known := _written.get(bytes(raw))) is not None:
        return known
    role = _text.decode(raw)
    meant = role.strip().casefold()
    if not meant:
        raise _no_role(index)
    if meant in ROLES and role != meant:
        raise wrong(f"messages[{index}].role", f"would be read as `{meant}` by some servers; write it so")
    return role


def _no_role(index: int) -> Refusal:
    return wrong(f"messages[{index}]", "has no `role`; name one, such as `user`")


def _kind(part: Part, index: int, at: int) -> str:
    """Tell the type of a part. Raises Refusal."""
    message, place = f"messages[{index}]", f"messages[{index}].content[{at}]"
    if not isinstance(part, dict):
        if not opens(part, '"'):
            raise wrong(message, "must be a content part: an object with a `type`", place)
        return "text"
    if not part.keys() <= OF_PARTS:
        refuse_lookalikes(part, OF_PARTS, f"{place}.")
    raw, text = part.get("type"), part.get("text")
    kind = _text.decode(raw) if raw is not None and opens(raw, '"') else ""
    if not kind:
        raise wrong(message, "must be a content part: an object with a `type`", place)
    if kind.strip().casefold() == "text" and (text is None or not opens(text, '"')):
        raise wrong(message, "is a text part and has no `text`, which must be a string", place)
    return kind
