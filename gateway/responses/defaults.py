"""Parameters of a chat, such as defaults of a version, are put into a Responses request."""

from typing import Any

import msgspec

from gateway.openai_api.messages import opens
from gateway.responses.parameters import Fields, written

CHAT_ONLY = frozenset(
    [
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "messages",
        "modalities",
        "n",
        "prediction",
        "presence_penalty",
        "seed",
        "stop",
        "stream_options",
        "web_search_options",
    ]
)
"""No Responses API takes these."""

_object = msgspec.json.Decoder(Fields)
_objects = msgspec.json.Decoder(list[Fields])


def told(name: str, value: msgspec.Raw, fields: dict[str, Any]) -> None:
    """Put a parameter of a chat, such as a default of the version, into the fields of a Responses request."""
    if name in CHAT_ONLY:
        return
    if name in ("max_tokens", "max_completion_tokens"):
        fields.setdefault("max_output_tokens", value)
    elif name == "reasoning_effort":
        fields["reasoning"] = written({"effort": value, **_inner(fields.get("reasoning"))})
    elif name == "verbosity":
        fields["text"] = written({"verbosity": value, **_inner(fields.get("text"))})
    elif name == "response_format":
        fields["text"] = written({"format": _format(value), **_inner(fields.get("text"))})
    elif name == "tools":
        fields["tools"] = written([_flat(tool) for tool in _objects.decode(value)])
    elif name == "tool_choice" and opens(value, "{"):
        fields["tool_choice"] = written(_flat(_object.decode(value)))
    else:
        fields[name] = value


def _inner(value: msgspec.Raw | None) -> Fields:
    return dict(_object.decode(value)) if value is not None and opens(value, "{") else {}


def _format(value: msgspec.Raw) -> Any:
    shape = _inner(value)
    schema = shape.pop("json_schema", None)
    return {**shape, **_inner(schema)}


def _flat(tool: Fields) -> Fields:
    function = tool.get("function")
    if function is None or not opens(function, "{"):
        return tool
    return {"type": tool.get("type", msgspec.Raw(b'"function"')), **_object.decode(function)}
