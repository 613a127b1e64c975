"""Items of a Responses request are read and checked, each key once, and so are the parts that they hold."""

import msgspec

from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import NULL
from gateway.openai_api.plain import MOST
from gateway.openai_api.spelling import refuse_lookalikes

Fields = dict[str, msgspec.Raw]
OF_ITEMS = frozenset(
    [
        "type",
        "id",
        "role",
        "content",
        "call_id",
        "name",
        "arguments",
        "output",
        "summary",
        "encrypted_content",
        "status",
    ]
)
OF_PARTS = frozenset(
    [
        "type",
        "text",
        "image_url",
        "detail",
        "file_id",
        "file_data",
        "file_url",
        "filename",
        "refusal",
        "input_audio",
    ]
)
TEXTS = frozenset([b'"input_text"', b'"output_text"', b'"text"', b'"summary_text"', b'"reasoning_text"'])
EMPTY = msgspec.Raw(b'""')
OF_CHATS = frozenset([b'"message"', b'"function_call"', b'"function_call_output"', b'"reasoning"'])
"""Types of items that a chat can be told."""
USUAL = OF_CHATS | {b'"custom_tool_call"', b'"custom_tool_call_output"'}
"""Types of items that any persona takes: what was said, was thought, and was asked of the caller's tools."""
REFERENCE = msgspec.Raw(b'"item_reference"')
ITEMS = msgspec.json.Decoder(list[Fields])


def decode(value: msgspec.Raw, place: str) -> list[Fields]:
    """Read an array of items, each key once. Raises Refusal."""
    try:
        items = ITEMS.decode(value)
    except msgspec.ValidationError:
        raise wrong(place, "must be a text or an array of items, each an object") from None
    except RecursionError:
        raise wrong(place, "is nested too deeply") from None
    if len(items) > MOST:
        raise wrong(place, f"has more than {MOST} items; send fewer")
    for at, item in enumerate(items):
        if not item.keys() <= OF_ITEMS:
            refuse_lookalikes(item, OF_ITEMS, f"{place}[{at}].")
        _spell_out(item)
        if item.get("type", NULL) == NULL and "role" not in item and opens(item.get("id", NULL), '"'):
            # A reference may leave its type out.
            item["type"] = REFERENCE
        for name in ("content", "output"):
            if name in item and opens(item[name], "["):
                item[name] = _checked_parts(item[name], f"{place}[{at}].{name}", place)
    return items


def _checked_parts(value: msgspec.Raw, place: str, param: str) -> msgspec.Raw:
    """Return the parts with each key once. Raises Refusal."""
    try:
        parts = ITEMS.decode(value)
    except msgspec.ValidationError:
        raise wrong(param, "must hold parts, each an object with a `type`", place) from None
    except RecursionError:
        raise wrong(param, "is nested too deeply", place) from None
    for at, part in enumerate(parts):
        if not part.keys() <= OF_PARTS:
            refuse_lookalikes(part, OF_PARTS, f"{place}[{at}].")
        _spell_out(part)
    return msgspec.Raw(msgspec.json.encode(parts))


def _spell_out(fields: Fields) -> None:
    """Write types and roles without escapes, since they are compared as they are written."""
    for name in ("type", "role"):
        value = fields.get(name, NULL)
        if opens(value, '"') and b"\\" in bytes(value):
            fields[name] = msgspec.Raw(msgspec.json.encode(msgspec.json.decode(value)))


def text_in(part: Fields, place: str, param: str) -> msgspec.Raw:
    text = part.get("text", NULL)
    if not opens(text, '"'):
        raise wrong(param, "has no `text`, which must be a string", place)
    return text


def joined(content: msgspec.Raw) -> msgspec.Raw | None:
    """Return the texts of a content as one string; `None` where it holds something else too."""
    if opens(content, '"'):
        return content
    texts = []
    for part in ITEMS.decode(content):
        kind = bytes(part.get("type", NULL))
        if kind in TEXTS and opens(part.get("text", NULL), '"'):
            texts.append(bytes(part["text"])[1:-1])
        elif kind != b'"refusal"':
            return None
    return msgspec.Raw(b'"' + b"\\n\\n".join(texts) + b'"')


def shown_type(item: Fields) -> str:
    """Name the type for an error."""
    kind = item.get("type", NULL)
    return f"`{bytes(memoryview(kind)[1:65]).decode('utf-8', 'replace').rstrip(chr(34))}`"
