"""A message that is posted to a conversation is read, and what goes with it is told apart."""

from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from gateway.openai_api.body import decode_object
from gateway.openai_api.messages import flag, opens, wrong
from gateway.openai_api.parameters import NULL, is_set
from gateway.openai_api.spelling import OURS as OF_CHAT
from gateway.openai_api.spelling import refuse_lookalikes

OURS = frozenset(["message", "tool_results", "persona", "persona_id", "follow", "parent", "stream", "tools"])
ELSEWHERE = {
    "model": "name the persona in `persona`, on the first message",
    "messages": "send `message`; what was said before is kept here",
    "n": "a conversation goes on with one answer",
    "stream_options": "the last event always tells the tokens",
    "functions": "send `tools`",
}
"""Parameters of OpenAI's that have no place here, and what to do instead."""
MOST_TOOLS = 128
NAME_CHARACTERS = 256

_text = msgspec.json.Decoder(str)
_array = msgspec.json.Decoder(list[msgspec.Raw])


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    tool_call_id: str
    content: str | list[dict[str, Any]]


_results = msgspec.json.Decoder(list[_Result])


class Posted(NamedTuple):
    """Somebody has posted this."""

    messages: list[msgspec.Raw]
    """New messages in OpenAI's form; none where another answer to an earlier one is wanted."""
    persona: str | None
    persona_id: str | None
    follow: str | None
    parent: str | UnsetType | None
    """The message to go on from; `None` is the root, `UNSET` the newest message."""
    stream: bool
    parameters: dict[str, msgspec.Raw]
    """Every other parameter of the chat, as it was written."""
    tools: list[msgspec.Raw]
    """The caller's own tools, in OpenAI's form."""
    named: dict[str, int]
    """Names of the gateway's tools, each with its place in `tools`."""


def read(body: bytes) -> Posted:
    """Read the body. Raises Refusal."""
    fields = decode_object(body)
    refuse_lookalikes(fields, OURS | OF_CHAT)
    for name, remedy in ELSEWHERE.items():
        if is_set(fields, name):
            raise wrong(name, f"has no place here; {remedy}")
    tools, named = _tools(fields.get("tools", NULL))
    parameters = {name: value for name, value in fields.items() if name not in OURS | ELSEWHERE.keys()}
    if tools:
        parameters["tools"] = msgspec.Raw(msgspec.json.encode(tools))
    messages = _new_messages(fields)
    parent = _parent(fields)
    if not messages and not isinstance(parent, str):
        raise wrong("message", "is missing; send a text, or name the `parent` to be answered again")
    return Posted(
        messages,
        _string(fields, "persona"),
        _string(fields, "persona_id"),
        _string(fields, "follow"),
        parent,
        flag(fields, "stream") or False,
        parameters,
        tools,
        named,
    )


def _new_messages(fields: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    found = [{"role": "tool", **msgspec.structs.asdict(each)} for each in _tool_results(fields)]
    if is_set(fields, "message"):
        content = fields["message"]
        if not opens(content, '"') and not opens(content, "["):
            raise wrong("message", "must be a text or an array of content parts")
        if bytes(content) in (b'""', b"[]"):
            raise wrong("message", "is empty")
        found.append({"role": "user", "content": content})
    return [msgspec.Raw(msgspec.json.encode(each)) for each in found]


def _tool_results(fields: dict[str, msgspec.Raw]) -> list[_Result]:
    if not is_set(fields, "tool_results"):
        return []
    try:
        found = _results.decode(fields["tool_results"])
    except msgspec.ValidationError:
        problem = "must be an array of objects with `tool_call_id` and `content`"
        raise wrong("tool_results", problem) from None
    if not 1 <= len(found) <= MOST_TOOLS:
        raise wrong("tool_results", f"must have 1 to {MOST_TOOLS} results")
    return found


def _tools(value: msgspec.Raw) -> tuple[list[msgspec.Raw], dict[str, int]]:
    """Tell tools of the caller's from names of the gateway's, which come with their places."""
    if value == NULL:
        return [], {}
    if not opens(value, "["):
        raise wrong("tools", "must be an array")
    objects: list[msgspec.Raw] = []
    names: dict[str, int] = {}
    for at, one in enumerate(_array.decode(value)):
        if opens(one, "{"):
            objects.append(one)
        elif opens(one, '"') and len(memoryview(one)) <= NAME_CHARACTERS:
            names.setdefault(_text.decode(one), at)
        else:
            raise wrong(f"tools[{at}]", "must be a function in OpenAI's form, or a name")
    if len(objects) + len(names) > MOST_TOOLS:
        raise wrong("tools", f"has more than {MOST_TOOLS} tools")
    return objects, names


def _parent(fields: dict[str, msgspec.Raw]) -> str | UnsetType | None:
    value = fields.get("parent")
    if value is None:
        return UNSET
    return None if value == NULL else _string(fields, "parent")


def _string(fields: dict[str, msgspec.Raw], name: str) -> str | None:
    if not is_set(fields, name):
        return None
    if not opens(fields[name], '"'):
        raise wrong(name, "must be a string")
    return _text.decode(fields[name])
