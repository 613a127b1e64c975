"""Parameters: the caller wins over a default under each of its names; a locked persona takes a few only."""

import json
from typing import Any

import msgspec
import pytest

from gateway.errors import Fault, Refusal
from gateway.openai_api.parameters import (
    ALLOWED,
    SYNONYMS,
    only_allowed,
    refuse_lookalikes_of,
    tools_in,
    wants_data,
    with_defaults,
)


def raw(fields: dict[str, Any]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def sent(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(with_defaults(raw(given), raw(defaults))))
    return found


def nested(name: str, value: object) -> dict[str, Any]:
    """Make `a.b` a member of an object."""
    outer, _, inner = name.partition(".")
    return {outer: nested(inner, value) if inner else value}


PAIRS = [
    (mine, yours)
    for group in SYNONYMS
    for mine in group
    for yours in group
    if mine.partition(".")[0] != yours.partition(".")[0]
]


@pytest.mark.parametrize(("default", "given"), PAIRS)
def test_a_default_yields_to_every_other_name_of_its_parameter(default: str, given: str) -> None:
    assert sent(nested(given, 7), nested(default, 1)) == nested(given, 7)
    assert sent(nested(given, None), nested(default, 1)) == nested(given, None) | nested(default, 1)


@pytest.mark.parametrize(
    ("given", "defaults", "expected"),
    [
        (
            {"reasoning_effort": "low"},
            {"reasoning": {"effort": "high", "exclude": True}},
            {"reasoning_effort": "low", "reasoning": {"exclude": True}},
        ),
        (
            {"include_reasoning": False},
            {"reasoning": {"effort": "high", "exclude": True}},
            {"include_reasoning": False, "reasoning": {"effort": "high"}},
        ),
        (
            {"reasoning": {"exclude": True}},
            {"reasoning_effort": "high"},
            {"reasoning": {"exclude": True}, "reasoning_effort": "high"},
        ),
        (
            {"reasoning": {"exclude": True}},
            {"reasoning": {"effort": "high"}},
            {"reasoning": {"exclude": True}},
        ),
        (
            {"reasoning": "odd"},
            {"reasoning_effort": "high"},
            {"reasoning": "odd", "reasoning_effort": "high"},
        ),
        ({"stop": ["x"], "x": 1}, {"stop": "y", "x": 2, "seed": 3}, {"stop": ["x"], "x": 1, "seed": 3}),
    ],
)
def test_only_the_part_of_a_default_yields_that_the_caller_set(
    given: dict[str, Any], defaults: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert sent(given, defaults) == expected


def alike(name: str, at: int) -> str:
    """Write one part of the name, from behind, with a capital letter."""
    parts = name.split(".")
    parts[at] = parts[at][0].upper() + parts[at][1:]
    return ".".join(parts)


ALIKE = [
    (default, given, alike(given, at))
    for group in SYNONYMS
    for default in group
    for given in group
    for at in range(-1 - given.count("."), 0)
]


@pytest.mark.parametrize(("default", "given", "spelt"), ALIKE)
def test_a_key_that_is_like_any_name_of_a_default_is_refused(default: str, given: str, spelt: str) -> None:
    defaults = raw(nested(default, 1))
    with pytest.raises(Refusal) as caught:
        refuse_lookalikes_of(defaults, raw(nested(spelt, 7)))
    refusal = caught.value
    assert (refusal.fault, refusal.status) == (Fault.REQUEST_INVALID, 400)
    assert refusal.param is not None
    assert spelt.startswith(refusal.param)
    assert refusal.param not in given
    refuse_lookalikes_of(defaults, raw(nested(given, 7)))


def test_a_key_that_is_like_no_default_is_let_through() -> None:
    given = {"Seed": 1, "reasoning": {"Effort": "low"}, "Thinking": None}
    refuse_lookalikes_of(raw({"max_tokens": 5, "stop": "x"}), raw(given))


def test_a_default_of_three_levels_yields_in_part() -> None:
    default = {"extra_body": {"google": {"thinking_config": {"thinking_budget": 9}, "cached_content": "c"}}}
    assert sent({"reasoning_effort": "low"}, default) == {
        "reasoning_effort": "low",
        "extra_body": {"google": {"cached_content": "c"}},
    }


def test_a_locked_persona_takes_what_is_on_the_list() -> None:
    given = raw(dict.fromkeys(ALLOWED, 1))
    assert only_allowed(given, ()) == given


@pytest.mark.parametrize(
    "name",
    ["chat_template", "models", "plugins", "continue_final_message", "documents", "logit_bias", "Seed", "x"],
)
def test_a_locked_persona_names_what_it_does_not_take(name: str) -> None:
    given = raw({"model": "m", name: {"a": 1}, "seed": 1})
    with pytest.raises(Refusal) as caught:
        only_allowed(given, ())
    assert (caught.value.fault, caught.value.status, caught.value.param) == (Fault.OVERLAY_LOCKED, 400, name)
    assert f"`{name}`" in caught.value.message
    assert only_allowed(given, {name}) == given


def test_all_that_is_not_taken_is_named_and_null_is_left_out() -> None:
    with pytest.raises(Refusal, match="`models`, `documents`"):
        only_allowed(raw({"models": [], "store": None, "documents": 1}), ())
    assert only_allowed(raw({"store": None, "seed": None}), ()) == raw({"seed": None})


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"json_schema": {"name": "a", "schema": {}}, "type": "json_schema"}},
        {"response_format": {"type": "text"}, "guided_json": {"type": "object"}},
        {"grammar": 'root ::= "yes"'},
    ],
)
def test_data_may_be_asked_for_under_each_name(fields: dict[str, Any]) -> None:
    assert wants_data(raw(fields))


@pytest.mark.parametrize("value", [None, {"type": "text"}, {"type": None}, {}, "json", 3, []])
def test_a_format_that_is_text_or_no_format_asks_for_none(value: object) -> None:
    assert not wants_data(raw({"response_format": value, "temperature": 1}))
    assert not wants_data({})


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, None),
        ({"tools": None}, None),
        ({"tools": []}, None),
        ({"tool_choice": "auto"}, None),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"tools": [], "functions": [{"name": "f"}]}, "functions"),
    ],
)
def test_the_field_that_brings_tools_is_named(fields: dict[str, Any], name: str | None) -> None:
    assert tools_in(raw(fields)) == name
