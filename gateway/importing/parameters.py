"""Request parameters of foreign prompts become a version's defaults, as far as they are known."""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.importing.found import Found
from gateway.personas import defaults
from gateway.personas.acceptance import NOT_DEFAULTS

RENAMED = {"max_output_tokens": "max_completion_tokens"}


def defaults_of(given: Mapping[str, Any], found: Found, ignored: Collection[str] = ()) -> dict[str, Any]:
    """Return those that a persona may set; the others are noted, but for the `ignored` and for nulls."""
    kept = {}
    for name, value in given.items():
        if name in ignored or value is None:
            continue
        name = RENAMED.get(name, name)
        if name == "model":
            found.lose(f"The model `{str(value)[:64]}` is not carried; set `upstreams` to ask a model first.")
        elif name in defaults.KNOWN and name not in NOT_DEFAULTS and not any(defaults.wrong({name: value})):
            kept[name] = value
        else:
            found.lose(f"The field `{name[:64]}` is not carried.")
    return kept


def functions_of(tools: Any, found: Found) -> list[Any]:
    """Return the functions among the tools, in the form of chat completions."""
    kept = []
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict) or tool.get("type") != "function":
            kind = tool.get("type") if isinstance(tool, dict) else tool
            found.lose(f"The tool `{str(kind)[:64]}` is not carried; only functions are.")
        elif isinstance(tool.get("function"), dict):
            kept.append(tool)
        else:
            kept.append({"type": "function", "function": {k: v for k, v in tool.items() if k != "type"}})
    return kept
