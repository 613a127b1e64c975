"""A persona of a crowd, as populations make it and evaluations take it."""

from typing import Any

import msgspec

from gateway.studio.wording import Faults

ID = 100
PERSONAS = 10_000
FIELDS = 100
FIELD_NAME = 100
FIELD_TEXT = 20_000
TEXT = 200_000
KEYS = ("persona_id", "fields", "system_prompt", "markdown")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A persona of a population, or an enhanced one."""

    persona_id: str
    fields: dict[str, str]
    """All values are texts, those of numbers too."""
    system_prompt: str
    markdown: str


def check(value: Any, faults: Faults) -> None:
    """Note what is wrong with the shape of a list of personas."""
    if not faults.list(value, ["personas"], PERSONAS, least=1):
        return
    for index, each in enumerate(value):
        place = ("personas", index)
        if not faults.object(each, place, KEYS):
            continue
        faults.text(each, "persona_id", place, ID, least=1)
        faults.text(each, "system_prompt", place, TEXT)
        faults.text(each, "markdown", place, TEXT)
        if "fields" not in each:
            faults.add([*place, "fields"], "Field required", "missing")
        elif faults.object(each["fields"], [*place, "fields"]):
            _check_fields(each["fields"], faults, (*place, "fields"))
        if len(faults.found) >= 50:
            return


def _check_fields(fields: dict[str, Any], faults: Faults, place: tuple[str | int, ...]) -> None:
    if len(fields) > FIELDS:
        faults.add(place, f"Dictionary should have at most {FIELDS} items", "too_long")
        return
    for name in fields:
        if len(name) > FIELD_NAME:
            faults.add(place, f"Keys should have at most {FIELD_NAME} characters", "string_too_long")
        else:
            faults.text(fields, name, place, FIELD_TEXT)
