"""An upstream answers with a picture in base64 or with its URL, and with the tokens that it took."""

import base64
import binascii
from typing import NamedTuple

import msgspec

from gateway.turns.usage import Usage, read_response

ANSWER_BYTES = 24 << 20
"""Bytes of an answer: the largest picture in base64, and what stands around it."""


class Answer(NamedTuple):
    """Holds what was made: a picture, or where it is."""

    data: bytes | None
    url: str | None
    usage: Usage | None


class _Made(msgspec.Struct):
    b64_json: str | None = None
    url: str | None = None


class _Answer(msgspec.Struct):
    data: list[_Made]
    usage: msgspec.Raw = msgspec.Raw(b"null")


def read(body: bytes) -> Answer | None:
    """Read an answer; `None` where it holds no picture. A large one takes some hundredths of a second."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        made = answer.data[0]
        if made.b64_json:
            return Answer(base64.b64decode(made.b64_json, validate=True), None, read_response(answer.usage))
    except (msgspec.DecodeError, binascii.Error, ValueError, IndexError, RecursionError):
        return None
    return Answer(None, made.url, read_response(answer.usage)) if made.url else None
