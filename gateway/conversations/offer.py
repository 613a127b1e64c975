"""The gateway's tools are offered to a model under names that it can write, and its calls are told apart."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from gateway.conversations.beginning import unacceptable
from gateway.conversations.posted import Posted
from gateway.personas.resolved import Resolved
from gateway.tools.toolbox import Offered, Toolbox

NAME_CHARACTERS = 64
"""Characters of a function's name in OpenAI's API."""
TOLD = 50
"""Names that an error lists."""
FORCING = re.compile(rb'"none"|"auto"|null')
"""Values of `tool_choice` that make nobody call a tool."""


class _Function(msgspec.Struct):
    name: Any = None


class _Tool(msgspec.Struct):
    function: _Function | None = None


class _Calling(msgspec.Struct):
    tool_calls: list[dict[str, Any]] | None = None


_tool = msgspec.json.Decoder(_Tool)
_calling = msgspec.json.Decoder(_Calling)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Called(NamedTuple):
    """A model calls a tool of the gateway's."""

    id: str
    offered: Offered
    arguments: str


class Split(NamedTuple):
    """A message that calls tools of the gateway's is taken apart."""

    ours: list[Called]
    asking: bytes
    """The message as far as it calls the gateway's tools."""
    rest: bytes | None
    """The message as the caller gets it, where it calls tools of the caller's too."""
    plain: bytes
    """The message without the calls of the gateway's tools."""


class Offer(msgspec.Struct, frozen=True):
    """Holds what one message offers to the model of the gateway's tools."""

    tools: dict[str, Offered] = {}
    """They go by the name that the model knows."""
    unavailable: list[str] = []

    def parameters(self, posted: Posted, *, is_first: bool, is_last: bool) -> dict[str, msgspec.Raw]:
        """Return the parameters of a round of the chat; the model calls no tool in the last one."""
        if not self.tools:
            return posted.parameters
        definitions = [_definition(name, offered) for name, offered in self.tools.items()]
        tools = msgspec.Raw(msgspec.json.encode([*posted.tools, *definitions]))
        found = {**posted.parameters, "tools": tools}
        if is_last:
            found["tool_choice"] = msgspec.Raw(b'"none"')
        elif not is_first and not FORCING.fullmatch(bytes(found.get("tool_choice", b"null"))):
            # A choice that forces a call has had it; now the model may answer.
            del found["tool_choice"]
        return found

    def split(self, message: bytes) -> Split | None:
        """Take a message apart; `None` where it calls no tool of the gateway's."""
        if not self.tools:
            return None
        calls = _calling.decode(message).tool_calls or []
        ours: list[Called] = []
        called, others = [], []
        for call in calls:
            function = call.get("function")
            name = function.get("name") if isinstance(function, dict) else None
            offered = self.tools.get(name) if isinstance(name, str) else None
            if offered is None:
                others.append(call)
                continue
            arguments = function.get("arguments") if isinstance(function, dict) else None
            called.append(call)
            ours.append(Called(str(call.get("id")), offered, arguments if isinstance(arguments, str) else ""))
        if not ours:
            return None
        plain = {name: value for name, value in _fields.decode(message).items() if name != "tool_calls"}
        encode = msgspec.json.encode
        if not others:
            return Split(ours, message, None, encode(plain))
        rest = encode({**plain, "tool_calls": others})
        return Split(ours, encode({"role": "assistant", "content": None, "tool_calls": called}), rest, rest)


async def offer(toolbox: Toolbox, workspace_id: str, persona: Resolved, posted: Posted) -> Offer:
    """Find the tools that a message names. Raises Refusal for names that there are not."""
    found = await toolbox.find(workspace_id, persona, list(posted.named))
    if found.unknown:
        name = found.unknown[0]
        there = ", ".join(f"`{each}`" for each in found.known[:TOLD])
        problem = f"there is no tool `{name[:64]}`; there are: {there}"
        raise unacceptable(f"tools[{posted.named[name]}]", problem)
    taken, tools = set(_names(posted.tools)), {}
    for each in found.tools:
        name = _free(each.name, taken)
        taken.add(name)
        tools[name] = each
    return Offer(tools, found.unavailable)


def _names(tools: Sequence[msgspec.Raw]) -> list[str]:
    """List the names of the caller's functions; what is malformed is the upstream's to refuse."""
    names = []
    for each in tools:
        try:
            function = _tool.decode(each).function
        except msgspec.ValidationError:
            continue
        if function is not None and isinstance(function.name, str):
            names.append(function.name)
    return names


def _free(name: str, taken: set[str]) -> str:
    """Write a tool's name as functions are named, and as none is named yet."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:NAME_CHARACTERS]
    found, number = plain, 1
    while found in taken:
        number += 1
        mark = f"_{number}"
        found = plain[: NAME_CHARACTERS - len(mark)] + mark
    return found


def _definition(name: str, offered: Offered) -> dict[str, Any]:
    tool = offered.tool
    function = {"name": name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}
