"""A request body is read as one JSON object, decoded at its top level only."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api.bounds import LARGE, VALUES, require_few_values, require_utf8
from gateway.openai_api.spelling import is_same
from gateway.upstreams.pieces import Pieces, of_object

KEYS = 1000
"""Keys at the top of a request."""
BOM = b"\xef\xbb\xbf"

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_escape = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u([dD][c-fC-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""Matches any escape: the first half of a surrogate pair with its second, or a second half alone."""
_half = re.compile("[\ud800-\udfff]")


def decode_object(body: bytes, values: int = VALUES) -> dict[str, msgspec.Raw]:
    """Decode the top level of a JSON object; of a repeated key the last value counts. Raises Refusal."""
    body = body.removeprefix(BOM)
    require_few_values(body, values)
    place = ""
    try:
        # msgspec does not look into strings that it skips.
        require_utf8(body)
        fields = _object.decode(body)
    except UnicodeDecodeError as error:
        problem, kind = f"it is not UTF-8 at byte {error.start}", "encoding_error"
    except msgspec.ValidationError:
        problem, kind = "it is not a JSON object", "type_error"
    except msgspec.DecodeError as error:
        place, problem = half_pair(body) or ("", f"it is not valid JSON ({error})")
        kind = "json_error"
    except RecursionError:
        raise too_deep() from None
    else:
        if len(fields) <= KEYS:
            return fields
        problem, kind = f"it has more than {KEYS} keys", "value_error"
    raise _unreadable(problem, kind, place)


def each_once(body: bytes, fields: Mapping[str, msgspec.Raw]) -> bytes | Pieces:
    """Return the body as it was written, or with each of its keys once where one stood there twice."""
    body = body.removeprefix(BOM)
    if len(body) > LARGE:
        pieces = Pieces(of_object(fields))
        return body if len(pieces) == len(body) else pieces
    compact = msgspec.json.encode(fields)
    return body if is_same(body, compact) else compact


def too_deep() -> Refusal:
    """Refuse JSON that passed as a whole and yet cannot be taken apart."""
    return _unreadable("its JSON is nested too deeply", "json_error")


def _unreadable(problem: str, kind: str, place: str = "") -> Refusal:
    detail = Detail([place] if place else [], problem, kind)
    message = f"The request body cannot be read: {problem}."
    return Refusal(Fault.REQUEST_INVALID, message, param=place or None, details=[detail])


def half_pair(body: bytes) -> tuple[str, str] | None:
    """Tell where half of a surrogate pair stands, which is no character, and the sentence that says so.

    `None` means that there is none, or that the body is too large to be looked through.
    """
    if len(body) > LARGE:
        return None
    for found in _escape.finditer(body):
        half = found[3] or (found[1] if found[2] is None else None)
        if half is not None:
            place = _place(body)
            subject = f"`{place}`" if place else "it"
            which = f"`\\u{half.decode()}` at byte {found.start()}"
            return place, f"{subject} holds half of a surrogate pair, {which}; send whole characters"
    return None


def _place(body: bytes) -> str:
    """Name the first value that holds half a pair, such as `messages[0].content`; empty if unknown."""
    try:
        return _search(json.loads(body)) or ""
    except (ValueError, RecursionError):
        return ""


def _search(value: Any, name: str = "") -> str | None:
    if isinstance(value, str):
        return name if _half.search(value) else None
    items: Any = value.items() if isinstance(value, dict) else ()
    for key, item in items:
        place = f"{name}.{key}" if name else key
        if _half.search(key):
            return name
        if (found := _search(item, place)) is not None:
            return found
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if (found := _search(item, f"{name}[{index}]")) is not None:
            return found
    return None
