"""The caller's leading system messages are laid over the persona's prompt."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

import msgspec

from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import Fields, Messages, opens, parts_of, wrong
from gateway.openai_api.parameters import NULL, PREFILL
from gateway.personas.model import Overlay
from gateway.personas.resolved import Prompt

SYSTEM_ROLES = frozenset({"system", "developer"})
CONVERSATION_ROLES = frozenset({"user", "assistant", "tool", "function"})
LONGEST = 4 * 1024 * 1024
"""Bytes of system text that is merged with a prompt, as it is written."""
KINDS = {
    "name": '"',
    "tool_call_id": '"',
    "refusal": '"',
    "tool_calls": "[",
    "function_call": "{",
    "audio": "{",
    "cache_control": "{",
    "type": '"',
    "text": '"',
    "input_audio": "{",
    "file": "{",
}
"""Says how the value of a field begins that is merged with a prompt: a server that refuses a field may show
the whole message for it, and so the prompt."""
SHAPES = {'"': "a string", "[": "an array", "{": "an object"}

EMPTY_TEXT, NULL_TEXT = b'""', b"null"
EMPTY = msgspec.Raw(EMPTY_TEXT)

_text = msgspec.json.Decoder(str)
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Laid(msgspec.Struct, frozen=True):
    """The messages to send, and the digest of the text of the first system message."""

    head: bytes | None
    """The first message after its role, the prompt in it; `None` where the messages are the caller's own."""
    rest: bytes | memoryview
    """The JSON array of the others, from behind its bracket on, in the caller's own bytes."""
    sha256: str

    def array(self, role: Literal["system", "developer"] = "system") -> list[bytes | memoryview]:
        """Return the pieces of the JSON array, with the prompt in this role."""
        if self.head is None:
            return [b"[", self.rest]
        first = [b'[{"role":"', role.encode(), b'"', self.head]
        return [*first, self.rest] if self.rest == b"]" else [*first, b",", self.rest]


def lay(
    messages: Messages,
    prompt: Prompt,
    policy: Overlay,
    *,
    may_replace: bool = False,
    allow: Collection[str] = (),
) -> Laid:
    """Merge the leading system messages after the prompt, as the version's policy says. Raises Refusal.

    Strings are joined by a blank line. If any of them is an array of parts, the result is one.
    """
    leading = _leading(messages.roles)
    if policy == "locked":
        _refuse_disguises(messages.roles, allow)
    if policy == "replace" and leading:
        if not may_replace:
            raise Refusal(
                Fault.SCOPE_MISSING,
                "This persona's prompt may be replaced only by a key with the scope `personas:write`; "
                "leave the system messages out.",
                param="messages",
            )
        texts = _texts([messages.fields(0).get("content", NULL)])
        return Laid(None, _behind(messages, 0), hashlib.sha256("".join(texts).encode()).hexdigest())
    if not leading and prompt.is_empty:
        return Laid(None, _behind(messages, 0), prompt.sha256)
    if not leading:
        return Laid(prompt.head, _behind(messages, 0), prompt.sha256)
    is_plain = leading == 1 and not prompt.is_empty
    head, sha256 = (_plainly(messages, prompt) if is_plain else None) or _merge(messages, leading, prompt)
    return Laid(head, _behind(messages, leading), sha256)


def _leading(roles: Sequence[str]) -> int:
    """Count the messages at the start that are system messages."""
    for count, role in enumerate(roles):
        if role not in SYSTEM_ROLES:
            return count
    return len(roles)


def _behind(messages: Messages, leading: int) -> bytes | memoryview:
    """Cut out the array from this message on, without its bracket."""
    if leading == len(messages):
        return b"]"
    if leading:
        return b",".join(messages.each[leading:]) + b"]"
    return memoryview(messages.array)[1:]


def _refuse_disguises(roles: Sequence[str], allow: Collection[str]) -> None:
    """Raises Refusal for messages that would speak in the place of a locked prompt, or of the model."""
    for index, role in enumerate(roles):
        if role not in CONVERSATION_ROLES:
            others = "This persona takes no messages of this role; leave them out."
            raise _locked(None if role in SYSTEM_ROLES else others, index)
    if roles and roles[-1] == "assistant" and PREFILL not in allow:
        message = "This persona takes no answer that has been begun; let the last message be another role's."
        raise _locked(message, len(roles) - 1)


def _locked(message: str | None, index: int) -> Refusal:
    return Refusal(Fault.OVERLAY_LOCKED, message, param=f"messages[{index}].role")


def _plainly(messages: Messages, prompt: Prompt) -> tuple[bytes, str] | None:
    """Merge a message that holds a text and nothing more, as most do; `None` says that it is another one."""
    message = messages.fields(0)
    content = bytes(message.get("content", NULL))
    if len(message) != 2 or content[:1] != b'"' or not len(EMPTY_TEXT) < len(content) <= LONGEST:
        return None
    head = b"".join([memoryview(prompt.head)[:-2], b"\\n\\n", memoryview(content)[1:], b"}"])
    return head, prompt.sha256_with("\n\n" + _text.decode(content))


def _merge(messages: Messages, leading: int, prompt: Prompt) -> tuple[bytes, str]:
    """Merge into one message after its role, the prompt first; of repeated other fields the first stays."""
    merged: dict[str, Any] = {}
    contents: list[msgspec.Raw] = []
    for index in range(leading):
        message = messages.fields(index)
        _check_kinds(message, index)
        contents.append(message.get("content", NULL))
        merged = {**message, **merged}
    del merged["role"]
    merged.pop("content", None)
    texts = _texts(contents)
    if any(opens(content, "[") for content in contents):
        merged["content"] = msgspec.Raw(_as_parts(None if prompt.is_empty else prompt.text_part, contents))
        sha256 = prompt.sha256_with("".join(texts))
    else:
        merged["content"] = msgspec.Raw(_joined(prompt.json, contents))
        sha256 = prompt.sha256_with("\n\n".join([*([] if prompt.is_empty else [""]), *texts]))
    return b"," + msgspec.json.encode(merged)[1:], sha256


def _check_kinds(fields: Fields, index: int, place: str = "") -> None:
    for name, value in fields.items():
        kind = KINDS.get(name)
        if kind is not None and not opens(value, kind) and value != NULL:
            message = f"messages[{index}]"
            inner = f"{place or message}.{name}"
            raise wrong(inner if not place else message, f"must be {SHAPES[kind]}", inner)


def _texts(contents: Sequence[msgspec.Raw]) -> list[str]:
    """List the texts of the first messages: one for a string with characters, one for a part with a text.

    Raises Refusal for parts that are not as they should be.
    """
    written: list[msgspec.Raw] = []
    for index, content in enumerate(contents):
        if opens(content, "["):
            written += _texts_of_parts(content, index)
        else:
            written.append(content)
    written = [text for text in written if opens(text, '"')]
    if sum([len(memoryview(text)) for text in written]) > LONGEST:
        problem = f"The system messages are longer than {LONGEST} bytes; send less."
        raise Refusal(Fault.REQUEST_TOO_LARGE, problem, param="messages")
    return [text for text in map(_text.decode, written) if text]


def _texts_of_parts(content: msgspec.Raw, index: int) -> Iterator[msgspec.Raw]:
    for at, part in enumerate(parts_of(content)):
        if isinstance(part, dict):
            _check_kinds(part, index, f"messages[{index}].content[{at}]")
            yield part.get("text", NULL)
        else:
            yield part


def _joined(prompt: bytes, contents: Sequence[msgspec.Raw]) -> bytes:
    texts = [prompt, *map(bytes, contents)]
    inner = [text[1:-1] for text in texts if text not in (NULL_TEXT, EMPTY_TEXT)]
    return b'"' + b"\\n\\n".join(inner) + b'"'


def _as_parts(prompt: bytes | None, contents: Sequence[msgspec.Raw]) -> bytes:
    parts: list[Any] = [] if prompt is None else [prompt]
    for content in contents:
        if opens(content, "["):
            parts += _array.decode(content)
        elif content not in (NULL, EMPTY):
            parts.append(b'{"type":"text","text":' + bytes(content) + b"}")
    return b"[" + b",".join(parts) + b"]"
