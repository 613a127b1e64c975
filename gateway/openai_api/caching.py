"""A persona's prompt is marked for an upstream's prompt cache, where the configuration says so."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.openai_api.parameters import is_set
from gateway.personas.resolved import Prompt

KEY = "prompt_cache_key"
BREAKPOINT = b',"prompt_cache_breakpoint":{"mode":"explicit"}}'
LEAST = 4096
"""Bytes of the shortest prompt that is marked: no upstream keeps fewer than 1,024 tokens."""


def keyed(fields: dict[str, Any], prompt: Prompt) -> dict[str, Any]:
    """Name the prompt, unless the caller has named something himself."""
    if prompt.is_empty or is_set(fields, KEY):
        return fields
    return {**fields, KEY: msgspec.Raw(msgspec.json.encode(prompt.sha256))}


def marked(pieces: Sequence[bytes | memoryview], prompt: Prompt) -> list[bytes | memoryview]:
    """Make the prompt a part of its own with a mark at its end; its text and the digest of all stay.

    `pieces` are those of the messages' array. What has another form, or is too short, stays as it is.
    """
    found, own = list(pieces), len(prompt.json)
    part = prompt.text_part[:-1] + BREAKPOINT
    for at, piece in enumerate(found[:4]):
        if own < LEAST or not isinstance(piece, bytes):
            continue
        if piece == prompt.head:
            found[at] = b',"content":[' + part + b"]}"
            return found
        if piece.startswith(prompt.head[:-2]) and piece.endswith(b'"}'):
            # What the caller has said begins behind the prompt, within the same string.
            more = b'{"type":"text","text":"' + piece[len(prompt.head) - 2 : -1] + b"}"
            found[at] = b',"content":[' + part + b"," + more + b"]}"
            return found
        parts = b'"content":[' + prompt.text_part
        if parts in piece:
            found[at] = piece.replace(parts, b'"content":[' + part, 1)
            return found
    return found


def is_refused(body: bytes, fields: dict[str, Any]) -> bool:
    """Tell whether an upstream's refusal is about what was said of its cache, and not by the caller."""
    return b"prompt_cache_breakpoint" in body or (KEY.encode() in body and not is_set(fields, KEY))
