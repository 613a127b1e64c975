"""The items of a response, and what it took, are written as JSON."""

from typing import Any

import msgspec

from gateway.turns.usage import Usage


def text_part(text: bytes, logprobs: bytes = b"") -> bytes:
    return b'{"type":"output_text","text":%b,"annotations":[],"logprobs":[%b]}' % (text, logprobs)


def message_item(
    item_id: str, text: bytes | None, refusal: bytes | None, logprobs: bytes, status: str
) -> bytes:
    """Write a message of the output; texts come as JSON."""
    parts = [] if text is None else [text_part(text, logprobs)]
    if refusal is not None:
        parts.append(b'{"type":"refusal","refusal":%b}' % refusal)
    if not parts:
        parts.append(text_part(b'""'))
    return b'{"id":"%b","type":"message","status":"%b","role":"assistant","content":[%b]}' % (
        item_id.encode(),
        status.encode(),
        b",".join(parts),
    )


def reasoning_item(item_id: str, text: bytes, *, summarises: bool) -> bytes:
    if summarises:
        shown = b'"summary":[{"type":"summary_text","text":%b}]' % text
    else:
        shown = b'"summary":[],"content":[{"type":"reasoning_text","text":%b}]' % text
    return b'{"id":"%b","type":"reasoning","status":"completed",%b}' % (item_id.encode(), shown)


def call_item(item_id: str, call_id: str, name: str, arguments: bytes) -> bytes:
    head = {"id": item_id, "type": "function_call", "call_id": call_id, "name": name}
    return _json(head)[:-1] + b',"arguments":%b,"status":"completed"}' % arguments


def usage_json(usage: Usage | None) -> bytes:
    """Write the tokens by the names that a response has for them."""
    if usage is None:
        return b"null"
    sent, said = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return _json(
        {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
            "total_tokens": sent + said if usage.total_tokens is None else usage.total_tokens,
        }
    )


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
