"""Parameters of a Responses request have names of their own, and so have those of a chat request."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import NULL, is_set
from gateway.openai_api.spelling import refuse_lookalikes
from gateway.responses.foreign import names_object
from gateway.responses.messages import Obstacle

Fields = dict[str, msgspec.Raw]
SAME = frozenset(
    [
        "model",
        "stream",
        "prompt",
        "temperature",
        "top_p",
        "top_logprobs",
        "parallel_tool_calls",
        "prompt_cache_key",
        "safety_identifier",
        "service_tier",
        "user",
    ]
)
"""These mean the same in both."""
OURS = frozenset(["previous_response_id", "conversation", "store", "background", "metadata", "instructions"])
"""The gateway sees to these itself."""
READ = frozenset(["input", "max_output_tokens", "reasoning", "text", "tools", "tool_choice", "include"])
"""These are put in other words."""
AUTO = b'"auto"'
TRUNCATION = (AUTO, b'"disabled"')
UNSAID = frozenset(["truncation", "stream_options"])
"""These are looked at, and said to no chat."""
KNOWN = SAME | OURS | READ | UNSAID
INCLUDED = {"reasoning.encrypted_content": "", "message.output_text.logprobs": "logprobs"}
"""These may be included in an answer that a chat gives, each with the parameter that asks a chat for it."""
OF_CHATS = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
}
"""Parameters of chats by which the gateway itself goes, and what is sent here instead."""
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_names = msgspec.json.Decoder(list[str])


class Translated(NamedTuple):
    """Has the parameters of a chat request that asks for the same."""

    fields: Fields
    obstacles: list[Obstacle]
    hosted: dict[str, str]
    """Types of tools that an upstream would run itself, each with its place in the request."""
    foreign: list[str]
    """Places that name an object of an upstream by its id."""


def translate(fields: Mapping[str, msgspec.Raw]) -> Translated:
    """Say the same to a chat. Raises Refusal for what makes no sense in either."""
    if not fields.keys() <= KNOWN:
        refuse_lookalikes(fields, KNOWN)
    found = Translated({}, [], {}, [])
    for name, value in fields.items():
        if value == NULL or name in OURS or name == "input":
            continue
        if name in SAME:
            found.fields[name] = value
        elif name in OF_CHATS:
            raise wrong(name, f"is a parameter of chat completions; send `{OF_CHATS[name]}`")
        elif name not in KNOWN:
            # A locked persona names it, and no other upstream than one with Responses is asked.
            found.fields[name] = value
            found.obstacles.append(Obstacle(name, "is not known"))
            if names_object(name, value):
                found.foreign.append(name)
    if is_set(fields, "max_output_tokens"):
        found.fields["max_tokens"] = fields["max_output_tokens"]
    if is_set(fields, "top_logprobs"):
        found.fields["logprobs"] = msgspec.Raw(b"true")
    _reasoning(fields, found)
    _text(fields, found)
    _tools(fields, found)
    _tool_choice(fields, found)
    _include(fields, found)
    if is_set(fields, "truncation") and bytes(fields["truncation"]) not in TRUNCATION:
        found.obstacles.append(Obstacle("truncation", "is something else than `auto` or `disabled`"))
    return found


def _within(fields: Mapping[str, msgspec.Raw], name: str, known: frozenset[str]) -> Fields:
    """Read an object; other keys than the known ones stay in it. Raises Refusal."""
    if not is_set(fields, name):
        return {}
    if not opens(fields[name], "{"):
        raise wrong(name, "must be an object")
    inner = _object.decode(fields[name])
    if not inner.keys() <= known:
        refuse_lookalikes(inner, known, f"{name}.")
    return inner


def _others(inner: Fields, known: frozenset[str], name: str, found: Translated) -> None:
    for key in inner:
        if key not in known and is_set(inner, key):
            found.obstacles.append(Obstacle(f"{name}.{key}", "is not known"))


OF_REASONING = frozenset(["effort", "summary", "generate_summary"])
OF_TEXT = frozenset(["format", "verbosity"])
OF_FORMAT = frozenset(["type", "name", "schema", "strict", "description"])
OF_FUNCTION = frozenset(["type", "name", "description", "parameters", "strict"])


def _reasoning(fields: Mapping[str, msgspec.Raw], found: Translated) -> None:
    inner = _within(fields, "reasoning", OF_REASONING)
    _others(inner, OF_REASONING, "reasoning", found)
    if is_set(inner, "effort"):
        found.fields["reasoning_effort"] = inner["effort"]


def _text(fields: Mapping[str, msgspec.Raw], found: Translated) -> None:
    inner = _within(fields, "text", OF_TEXT)
    _others(inner, OF_TEXT, "text", found)
    if is_set(inner, "verbosity"):
        found.fields["verbosity"] = inner["verbosity"]
    if not is_set(inner, "format"):
        return
    if not opens(inner["format"], "{"):
        raise wrong("text", "must be an object", "text.format")
    shape = _object.decode(inner["format"])
    if not shape.keys() <= OF_FORMAT:
        refuse_lookalikes(shape, OF_FORMAT, "text.format.")
        _others(shape, OF_FORMAT, "text.format", found)
    kind = bytes(shape.get("type", NULL))
    if kind == b'"json_schema"':
        schema = {name: value for name, value in shape.items() if name != "type" and value != NULL}
        found.fields["response_format"] = written({"type": "json_schema", "json_schema": schema})
    elif kind == b'"json_object"':
        found.fields["response_format"] = msgspec.Raw(b'{"type":"json_object"}')
    elif kind != b'"text"':
        found.obstacles.append(Obstacle("text.format.type", "is of another kind"))


def _tools(fields: Mapping[str, msgspec.Raw], found: Translated) -> None:
    if not is_set(fields, "tools"):
        return
    try:
        tools = _objects.decode(fields["tools"])
    except msgspec.ValidationError:
        raise wrong("tools", "must be an array of objects") from None
    functions = []
    for at, tool in enumerate(tools):
        place = f"tools[{at}]"
        if not tool.keys() <= OF_FUNCTION:
            refuse_lookalikes(tool, OF_FUNCTION | {"vector_store_ids", "container"}, f"{place}.")
        if not opens(tool.get("type", NULL), '"'):
            raise wrong("tools", "has no `type`", place)
        if bytes(tool["type"]) != b'"function"':
            _other_tool(tool, place, found)
            continue
        if not opens(tool.get("name", NULL), '"'):
            raise wrong("tools", "must be a string", f"{place}.name")
        for key in tool:
            if key not in OF_FUNCTION:
                found.obstacles.append(Obstacle(f"{place}.{key}", "is not known"))
        function = {name: value for name, value in tool.items() if name != "type" and value != NULL}
        functions.append({"type": "function", "function": function})
    if functions:
        found.fields["tools"] = written(functions)


def _other_tool(tool: Fields, place: str, found: Translated) -> None:
    """Note a tool that is no function: the caller's own, in a form of its own, or one that is hosted."""
    kind = str(msgspec.json.decode(tool["type"]))[:64]
    found.obstacles.append(Obstacle(f"{place}.type", f"is `{kind}`"))
    if kind != "custom":
        found.hosted.setdefault(kind, f"{place}.type")
    if opens(tool.get("container", NULL), '"'):
        found.foreign.append(f"{place}.container")
    for name, value in tool.items():
        if names_object(name, value):
            found.foreign.append(f"{place}.{name}")


def _tool_choice(fields: Mapping[str, msgspec.Raw], found: Translated) -> None:
    if not is_set(fields, "tool_choice"):
        return
    choice = fields["tool_choice"]
    if opens(choice, '"'):
        if "tools" in found.fields or bytes(choice) != b'"auto"':
            found.fields["tool_choice"] = choice
        return
    inner = _within(fields, "tool_choice", frozenset(["type", "name"]))
    if bytes(inner.get("type", NULL)) == b'"function"' and is_set(inner, "name"):
        function = {"type": "function", "function": {"name": inner["name"]}}
        found.fields["tool_choice"] = written(function)
    else:
        found.obstacles.append(Obstacle("tool_choice.type", "names something else than a function"))


def _include(fields: Mapping[str, msgspec.Raw], found: Translated) -> None:
    if not is_set(fields, "include"):
        return
    try:
        names = _names.decode(fields["include"])
    except msgspec.ValidationError:
        raise wrong("include", "must be an array of texts") from None
    for at, name in enumerate(names):
        parameter = INCLUDED.get(name)
        if parameter is None:
            found.obstacles.append(Obstacle(f"include[{at}]", "names what no chat has"))
        elif parameter:
            found.fields[parameter] = msgspec.Raw(b"true")


def written(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
