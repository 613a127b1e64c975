"""Items are shown whole, each with an id, whether they came as items or as messages of a chat."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway import ids
from gateway.conversations.message import Message
from gateway.openai_api import chunk as chunks
from gateway.openai_api.messages import opens
from gateway.openai_api.parameters import NULL, is_set
from gateway.responses.answered import message_of
from gateway.responses.items import Fields
from gateway.responses.writing import call_item, message_item, reasoning_item

PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
}
SEALED = "encrypted_content"
NAMED = frozenset([b'"message"', b'"function_call"', b'"function_call_output"'])
"""Types of items that upstreams take without their ids, behind which they look for something else."""

_object = msgspec.json.Decoder(Fields)
_array = msgspec.json.Decoder(list[msgspec.Raw])


def whole(item: bytes) -> bytes:
    """Write an item that a caller has sent in full: with its type, an id, and parts for a text."""
    fields = dict(_object.decode(item))
    if not is_set(fields, "type"):
        fields["type"] = msgspec.Raw(b'"message"')
    kind = str(msgspec.json.decode(fields["type"])) if opens(fields["type"], '"') else ""
    if kind == "message" and opens(fields.get("content", NULL), '"'):
        is_answer = bytes(fields.get("role", NULL)) == b'"assistant"'
        part: dict[str, Any] = {
            "type": "output_text" if is_answer else "input_text",
            "text": fields["content"],
        }
        if is_answer:
            part["annotations"] = []
        fields["content"] = msgspec.Raw(msgspec.json.encode([part]))
    if not is_set(fields, "id"):
        fields["id"] = msgspec.Raw(msgspec.json.encode(ids.new(PREFIXES.get(kind, "item"))))
    if kind in PREFIXES and not is_set(fields, "status"):
        fields["status"] = msgspec.Raw(b'"completed"')
    return msgspec.json.encode(fields)


def items_of(message: Message) -> list[bytes]:
    """List the items of a message, those that it was kept with or those that it would be."""
    if message.items is not None:
        return [bytes(each) for each in _array.decode(message.items.encode())]
    if message.body is None:
        return []
    fields = _object.decode(message.body.encode())
    number = message.id.partition("_")[2]
    role = bytes(fields.get("role", NULL))
    if role == b'"assistant"':
        return _answered(fields, number)
    content = fields.get("content", NULL)
    if role == b'"tool"':
        output = content if opens(content, '"') else msgspec.Raw(msgspec.json.encode(_parts(content)))
        call_id = fields.get("tool_call_id", msgspec.Raw(b'""'))
        head: dict[str, Any] = {"id": f"fco_{number}", "type": "function_call_output"}
        rest = {"status": "completed", "call_id": call_id, "output": output}
        return [msgspec.json.encode(head | rest)]
    head = {"id": message.id, "type": "message", "status": "completed", "role": fields.get("role", NULL)}
    return [msgspec.json.encode({**head, "content": _parts(content)})]


def _answered(fields: Fields, number: str) -> list[bytes]:
    found: list[bytes] = []
    thought = fields.get("reasoning_content", NULL)
    if opens(thought, '"'):
        found.append(reasoning_item(f"rs_{number}", bytes(thought), summarises=False))
    content, refusal = fields.get("content", NULL), fields.get("refusal", NULL)
    text = bytes(content) if opens(content, '"') else None
    said = bytes(refusal) if opens(refusal, '"') else None
    if text is not None or said is not None:
        found.append(message_item(f"msg_{number}", text, said, b"", "completed"))
    calls = msgspec.json.decode(fields["tool_calls"]) if is_set(fields, "tool_calls") else []
    for at, call in enumerate(calls if isinstance(calls, list) else []):
        function = call.get("function") or {}
        arguments = msgspec.json.encode(str(function.get("arguments") or ""))
        name = f"fc_{number}{at or ''}"
        found.append(call_item(name, str(call.get("id") or ""), str(function.get("name") or ""), arguments))
    return found


def _parts(content: msgspec.Raw) -> list[Any]:
    """Make parts of an item of those of a message."""
    if opens(content, '"'):
        return [{"type": "input_text", "text": content}]
    if not opens(content, "["):
        return []
    found: list[Any] = []
    for part in msgspec.json.decode(content, type=list[Any]):
        if isinstance(part, str):
            found.append({"type": "input_text", "text": part})
        elif not isinstance(part, dict):
            continue
        elif part.get("type") == "image_url" and isinstance(part.get("image_url"), dict):
            image = part["image_url"]
            detail = image.get("detail") or "auto"
            found.append({"type": "input_image", "image_url": image.get("url"), "detail": detail})
        elif part.get("type") == "file" and isinstance(part.get("file"), dict):
            found.append({"type": "input_file", **part["file"]})
        elif part.get("type") == "text":
            found.append({"type": "input_text", "text": part.get("text")})
        else:
            found.append(part)
    return found


def for_upstream(items: Sequence[bytes]) -> list[bytes]:
    """Write what was said before for an upstream that keeps nothing: it knows none of the ids.

    A thought that is not sealed is left out, since it would look for it by its id.
    """
    found = []
    for item in items:
        fields = dict(_object.decode(item))
        kind = bytes(fields.get("type", NULL))
        if kind == b'"reasoning"' and not is_set(fields, SEALED):
            continue
        if kind in NAMED:
            fields.pop("id", None)
            if kind != b'"function_call"':
                fields.pop("status", None)
        found.append(msgspec.json.encode(fields))
    return found


def id_of(item: bytes) -> str:
    value = _object.decode(item).get("id", NULL)
    return str(msgspec.json.decode(value)) if opens(value, '"') else ""


def without(message: Message, item_id: str) -> tuple[str, str | None]:
    """Return the items and the body of a message from which one is taken; a message may be left with none."""
    left = [item for item in items_of(message) if id_of(item) != item_id]
    written = b"[" + b",".join(left) + b"]"
    if message.role == "assistant" and left:
        return written.decode(), message_of(msgspec.Raw(written)).decode()
    is_said = any(bytes(_object.decode(item).get("type", NULL)) in NAMED for item in left)
    return written.decode(), message.body if is_said else None


def told_without(body: str, given: str, item_id: str) -> tuple[str, str]:
    """Return a response and the items that it answers, as they are told, without this item."""
    fields = _object.decode(body.encode())
    written = _left(fields.get("output", msgspec.Raw(b"[]")), item_id)
    answer = chunks.with_keys(body.encode(), {"output": written})
    return answer.decode(), _left(given.encode(), item_id).decode()


def _left(items: msgspec.Raw | bytes, item_id: str) -> bytes:
    left = [bytes(each) for each in _array.decode(items) if id_of(bytes(each)) != item_id]
    return b"[" + b",".join(left) + b"]"


def read_items(value: str) -> list[bytes]:
    return [bytes(each) for each in _array.decode(value.encode())]


__all__ = ["for_upstream", "id_of", "items_of", "read_items", "told_without", "whole", "without"]
