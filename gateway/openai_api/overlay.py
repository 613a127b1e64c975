"""The caller's leading system messages, laid over the persona's prompt."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.errors import Fault, Refusal
from gateway.personas.model import Overlay
from gateway.personas.resolved import Prompt

SYSTEM_ROLES = frozenset({"system", "developer"})


class _Head(msgspec.Struct):
    """What tells a system message from another; any type is let through, the upstream judges it."""

    role: Any = None


class _Part(msgspec.Struct):
    text: Any = None


_role = msgspec.json.Decoder(_Head)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_parts = msgspec.json.Decoder(list[msgspec.Raw])
_part = msgspec.json.Decoder(_Part | str)
_text = msgspec.json.Decoder(str)


class Laid(msgspec.Struct, frozen=True):
    """The messages to send, and the digest of the text of the first system message."""

    messages: bytes
    """A JSON array; each message of the caller that was not merged is in it byte for byte."""
    sha256: str


def lay(messages: Sequence[msgspec.Raw], prompt: Prompt, policy: Overlay, *, may_replace: bool) -> Laid:
    """Merge the leading system messages after the prompt, as the version's policy says. Raises Refusal.

    Strings are joined by a blank line. If any of them is an array of parts, the result is one.
    """
    leading = _leading(messages)
    if policy == "locked":
        _refuse_system(messages)
    if policy == "replace" and leading:
        if not may_replace:
            raise Refusal(
                Fault.SCOPE_MISSING,
                "This persona's prompt may be replaced only by a key with the scope `personas:write`; "
                "leave the system messages out.",
                param="messages",
            )
        return Laid(_array(messages), _text_sha256(messages[0]))
    if not leading:
        return Laid(_array([prompt.message, *messages]), prompt.sha256)
    first, sha256 = _merge(messages[:leading], prompt)
    return Laid(_array([first, *messages[leading:]]), sha256)


def _leading(messages: Sequence[msgspec.Raw]) -> int:
    """How many messages at the start are system messages."""
    for count, message in enumerate(messages):
        if not _is_system(message):
            return count
    return len(messages)


def _is_system(message: msgspec.Raw) -> bool:
    try:
        role = _role.decode(message).role
    except msgspec.ValidationError:
        # Not an object: the upstream says so better than we could.
        return False
    return isinstance(role, str) and role in SYSTEM_ROLES


def _refuse_system(messages: Sequence[msgspec.Raw]) -> None:
    for index, message in enumerate(messages):
        if _is_system(message):
            raise Refusal(Fault.OVERLAY_LOCKED, param=f"messages[{index}].role")


def _merge(leading: Sequence[msgspec.Raw], prompt: Prompt) -> tuple[bytes, str]:
    """One message, the prompt first; of other fields that several messages have, the first one's stays."""
    merged: dict[str, Any] = {}
    contents = []
    for index, message in enumerate(leading):
        fields = _fields.decode(message)
        contents.append(_content(fields.pop("content", None), index))
        merged = {**fields, **merged}
    texts = [text for content in contents for text in _texts(content)]
    if any(isinstance(content, list) for content in contents):
        parts = [prompt.text_part]
        for content in contents:
            parts += content if isinstance(content, list) else _as_part(content)
        merged["content"] = msgspec.Raw(_array(parts))
        sha256 = prompt.sha256_with("".join(texts))
    else:
        merged["content"] = msgspec.Raw(_joined(prompt.json, contents))
        sha256 = prompt.sha256_with("".join("\n\n" + text for text in texts))
    return msgspec.json.encode(merged), sha256


def _content(raw: msgspec.Raw | None, index: int) -> bytes | list[msgspec.Raw]:
    """A JSON string, empty for null, or the parts of an array, as they were written."""
    text = bytes(raw) if raw is not None else b"null"
    if text == b"null":
        return b'""'
    if text.startswith(b'"'):
        return text
    if text.startswith(b"["):
        return _parts.decode(text)
    raise Refusal(
        Fault.REQUEST_INVALID,
        f"`messages[{index}].content` must be a string or an array of content parts.",
        param=f"messages[{index}].content",
    )


def _joined(prompt: bytes, contents: Sequence[object]) -> bytes:
    inner = [prompt[1:-1]]
    inner += [content[1:-1] for content in contents if isinstance(content, bytes) and content != b'""']
    return b'"' + b"\\n\\n".join(inner) + b'"'


def _as_part(content: bytes) -> list[bytes]:
    return [b'{"type":"text","text":' + content + b"}"] if content != b'""' else []


def _texts(content: bytes | list[msgspec.Raw]) -> list[str]:
    """The texts in a content: one for a non-empty string, one for each text part of an array."""
    if isinstance(content, bytes):
        return [_text.decode(content)] if content != b'""' else []
    texts = []
    for part in content:
        try:
            value = _part.decode(part)
        except msgspec.ValidationError:
            continue
        text = value.text if isinstance(value, _Part) else value
        if isinstance(text, str):
            texts.append(text)
    return texts


def _text_sha256(message: msgspec.Raw) -> str:
    content = _content(_fields.decode(message).get("content"), 0)
    return hashlib.sha256("".join(_texts(content)).encode()).hexdigest()


def _array(items: Sequence[msgspec.Raw | bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
