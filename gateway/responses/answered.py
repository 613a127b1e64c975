"""An upstream's own response is read: what it has said, how it has ended, and what it took."""

from typing import Any

import msgspec

from gateway.errors import Refusal
from gateway.openai_api import chunk as chunks
from gateway.responses import items as spoken_items
from gateway.responses import messages
from gateway.scoring.transcript import Said

Raw = msgspec.Raw
ENDED = frozenset([b'"completed"', b'"incomplete"', b"null"])
"""States of a response that has come to its end; some servers tell none."""


class _Item(msgspec.Struct):
    type: str = ""
    role: Any = None
    content: Any = None


_items = msgspec.json.Decoder(list[_Item])


def finish_of(fields: dict[str, Raw]) -> str:
    """Say how the response has ended by the words of a chat."""
    if bytes(fields.get("status", chunks.NULL)) == b'"incomplete"':
        details = bytes(fields.get("incomplete_details", chunks.NULL))
        return "content_filter" if b'"content_filter"' in details else "length"
    return "tool_calls" if b'"function_call"' in bytes(fields.get("output", b"")) else "stop"


def said_in(output: Raw) -> Said:
    """Read what is to be scored of the items."""
    texts: list[str] = []
    called = refused = False
    for item in _read_items(output):
        called = called or item.type.endswith("_call")
        if item.type != "message" or not isinstance(item.content, list):
            continue
        for part in item.content:
            if isinstance(part, dict):
                if isinstance(part.get("text"), str):
                    texts.append(part["text"])
                refused = refused or part.get("type") == "refusal"
    return Said(0, "".join(texts), called, refused)


def message_of(output: Raw) -> bytes:
    """Make the message that a chat would have answered with."""
    try:
        spoken = messages.hear(spoken_items.decode(output, "output"), "output").spoken
    except Refusal:
        # It holds items alone that no chat has.
        spoken = []
    message: dict[str, Any] = {"role": "assistant", "content": None}
    texts: list[bytes] = []
    for said in spoken:
        content = said.message.get("content")
        if isinstance(content, msgspec.Raw):
            texts.append(bytes(content)[1:-1])
        for name in ("tool_calls", "refusal", "reasoning_content"):
            if name in said.message:
                message[name] = said.message[name]
    if texts:
        message["content"] = msgspec.Raw(b'"' + b"".join(texts) + b'"')
    return msgspec.json.encode(message)


def _read_items(output: Raw) -> list[_Item]:
    try:
        return _items.decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
