"""Some request parameters mean the same, and a locked persona lets only some of them through."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gateway.errors import Detail, Fault, Refusal
from gateway.openai_api.spelling import refuse_lookalikes
from gateway.turns.usage import MOST

NULL = msgspec.Raw(b"null")

REASONING = (
    "reasoning_effort",
    "reasoning.effort",
    "reasoning.max_tokens",
    "reasoning.enabled",
    "thinking",
    "thinking_budget",
    "thinking_config",
    "extra_body.google.thinking_config",
    "enable_thinking",
    "chat_template_kwargs.enable_thinking",
    "chat_template_kwargs.thinking",
)
FORMAT = (
    "response_format",
    "text.format",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "structured_outputs",
    "json_schema",
    "grammar",
)
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict"),
    REASONING,
    ("include_reasoning", "reasoning.exclude"),
    ("verbosity", "text.verbosity"),
    FORMAT,
    ("tools", "functions"),
    ("tool_choice", "function_call"),
    ("stop", "stop_sequences"),
    ("seed", "random_seed"),
    ("repetition_penalty", "repeat_penalty"),
    ("typical_p", "typical"),
)
"""Names that servers have for one thing; `a.b` is `b` within the object `a`."""

_rivals = {name: frozenset(group) - {name} for group in SYNONYMS for name in group}
_objects = frozenset(name[:at] for name in _rivals for at, character in enumerate(name) if character == ".")
"""Objects that hold some of them; `a.b` is the object `b` within `a`."""
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])

LIMITS = ("max_tokens", "max_completion_tokens")
"""Parameters that every server reads as a limit of the answer's tokens."""
_number = msgspec.json.Decoder(float)

OF_TOOLS = frozenset(["tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"])
"""Parameters that say something of tools."""


class _Format(msgspec.Struct):
    type: Any = None


_format = msgspec.json.Decoder(_Format)

ALLOWED = frozenset(
    [
        "frequency_penalty",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "min_p",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    ]
)
"""A caller may set these where the persona is locked; the version's `allow` adds to them."""
PREFILL = "continue_final_message"
"""If `allow` holds this, the last message may be the assistant's."""


def is_set(fields: Mapping[str, msgspec.Raw], name: str) -> bool:
    """Tell whether the caller gave the parameter; null is the same as absent."""
    value = fields.get(name)
    return value is not None and value != NULL


def with_defaults(fields: Mapping[str, msgspec.Raw], defaults: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    """Add each default whose parameter the caller left unset under all of its names."""
    found: dict[str, Any] = dict(fields)
    if not defaults:
        return found
    given = _given(fields)
    for name, value in defaults.items():
        if name in given or not given.isdisjoint(_rivals.get(name, ())):
            continue
        if name not in _objects:
            found[name] = value
        elif (rest := _without(name, value, given)) is not None:
            found[name] = rest
    return found


def only_allowed(fields: Mapping[str, msgspec.Raw], allow: Collection[str]) -> dict[str, msgspec.Raw]:
    """Return the fields that a locked persona takes, without nulls. Raises Refusal that names the others."""
    if fields.keys() <= ALLOWED:
        return dict(fields)
    kept = {name: value for name, value in fields.items() if name in ALLOWED or name in allow}
    names = [name for name in fields if name not in kept and is_set(fields, name)]
    if names:
        listed = ", ".join(f"`{name[:64]}`" for name in names[:20])
        raise Refusal(
            Fault.OVERLAY_LOCKED,
            f"This persona is locked and does not take {listed}; leave that out.",
            param=names[0],
            details=[
                Detail([name], "is not taken by a locked persona", "value_error") for name in names[:20]
            ],
        )
    return kept


def refuse_lookalikes_of(defaults: Mapping[str, msgspec.Raw], fields: Mapping[str, msgspec.Raw]) -> None:
    """Raises Refusal for a key that some servers would read as a default, or as another name of one."""
    names = _given(defaults)
    for name in tuple(names):
        names |= _rivals.get(name, frozenset())
    _refuse_lookalikes(fields, names, "")


def _refuse_lookalikes(fields: Mapping[str, msgspec.Raw], names: Collection[str], place: str) -> None:
    """Look at the keys of an object at this place, and of those within it that hold some of the names."""
    known = {name[len(place) :].partition(".")[0] for name in names if name.startswith(place)}
    refuse_lookalikes(fields, known, place)
    for key in known & fields.keys():
        if place + key in _objects:
            _refuse_lookalikes(_inner(fields[key]), names, f"{place}{key}.")


def _given(fields: Mapping[str, msgspec.Raw], place: str = "") -> set[str]:
    """List every parameter that is set, also those within an object that some servers have apart."""
    given: set[str] = set()
    for key in fields:
        if is_set(fields, key):
            given.add(place + key)
            if place + key in _objects:
                given |= _given(_inner(fields[key]), f"{place}{key}.")
    return given


def _without(name: str, default: msgspec.Raw, given: set[str]) -> msgspec.Raw | None:
    """Leave out the default's members that the caller set by another name; `None` if nothing is left."""
    members = _inner(default)
    kept: dict[str, msgspec.Raw] = {}
    for key, value in members.items():
        inner = f"{name}.{key}"
        rest = _without(inner, value, given) if inner in _objects else value
        if rest is not None and given.isdisjoint(_rivals.get(inner, ())):
            kept[key] = rest
    if kept == members:
        return default
    return msgspec.Raw(msgspec.json.encode(kept)) if kept else None


def _inner(value: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Return the members of an object that are not null; any other value has none."""
    try:
        members = _members.decode(value)
    except (msgspec.ValidationError, RecursionError):
        return {}
    return {key: member for key, member in members.items() if member != NULL}


def most_asked(fields: Mapping[str, msgspec.Raw]) -> tuple[int | None, int]:
    """Return the most tokens of one answer, `None` where nobody says, and how many answers are wanted."""
    limits = [found for name in LIMITS if (found := _count(fields.get(name))) is not None]
    return max(limits, default=None), _count(fields.get("n")) or 1


def _count(value: msgspec.Raw | None) -> int | None:
    """Read a number above 0; whatever else stands there only the upstream can judge."""
    if value is None:
        return None
    try:
        return min(MOST, int(_number.decode(value))) or None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError):
        return None


def wants_data(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Tell whether the answer is to be JSON, or to follow a grammar: it is no speech then."""
    if fields.keys().isdisjoint(FORMAT):
        return False
    return any(
        is_set(fields, name) and (name != "response_format" or _is_of_data(fields[name])) for name in FORMAT
    )


def _is_of_data(response_format: msgspec.Raw) -> bool:
    try:
        return _format.decode(response_format).type not in (None, "text")
    except (msgspec.ValidationError, RecursionError):
        # Only the upstream can judge it.
        return False


def tools_in(fields: Mapping[str, msgspec.Raw]) -> str | None:
    """Name the field that brings tools along; `None` where there are none."""
    for name in ("tools", "functions"):
        if is_set(fields, name) and bytes(memoryview(fields[name])[:3]) != b"[]":
            return name
    return None
