"""A blueprint says which fields the personas of a population have, how these are spread, what must hold."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.studio import expression
from gateway.studio.expression import ExpressionError
from gateway.studio.nodes import Orders
from gateway.studio.wording import Faults

FIELDS = 40
VALUES = 100
"""Values of one field."""
CONSTRAINTS = 40
CHARACTERS = 3_000
"""Characters of all constraints together: each of them is worked out for each of 10,000 personas."""
NAME = 60
TEXT = 300
KINDS = ("text", "category", "integer", "number")
LARGEST = 1e12
NEAREST = 1e-6
"""The least distance of two bounds, as a share of the larger one, so that bins have names of their own."""

Kind = Literal["text", "category", "integer", "number"]


class Distribution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Weights of values; or the bounds of a number, in which it is even, or normal where a mean is given."""

    weights: dict[str, float] = {}
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    sd: float | None = None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the personas of a population."""

    name: str
    type: Kind = "text"
    description: str = ""
    required: bool = True
    ordered_values: list[str] | None = None
    """The values that there are, from the least to the greatest."""
    distribution: Distribution | None = None
    """Without one the model writes the field."""


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """It must hold for each persona."""

    expression: str
    description: str = ""


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a population, how they are spread, and what must hold."""

    fields: list[Field]
    constraints: list[Constraint] = []

    @property
    def sampled(self) -> list[Field]:
        return [field for field in self.fields if field.distribution is not None]

    @property
    def written(self) -> list[Field]:
        return [field for field in self.fields if field.distribution is None]

    @property
    def orders(self) -> Orders:
        return {
            field.name: expression.places(field.ordered_values)
            for field in self.fields
            if field.ordered_values
        }


def check(value: Any, faults: Faults, loc: tuple[str | int, ...] = ("blueprint",)) -> Blueprint | None:
    """Read a blueprint, and note what is wrong with it."""
    before = len(faults.found)
    if not faults.object(value, loc, ("fields", "constraints")):
        return None
    if "fields" not in value:
        faults.add([*loc, "fields"], "Field required", "missing")
    elif faults.list(value["fields"], [*loc, "fields"], FIELDS, least=1):
        _check_fields(value["fields"], faults, (*loc, "fields"))
    constraints = value.get("constraints", [])
    if faults.list(constraints, [*loc, "constraints"], CONSTRAINTS):
        for index, each in enumerate(constraints):
            _check_constraint(each, faults, (*loc, "constraints", index))
        texts = (each if isinstance(each, str) else each["expression"] for each in constraints)
        if len(faults.found) == before and sum(map(len, texts)) > CHARACTERS:
            message = f"Constraints should have at most {CHARACTERS} characters together"
            faults.add([*loc, "constraints"], message, "too_long")
    if len(faults.found) > before:
        return None
    plain = [{"expression": each} if isinstance(each, str) else each for each in constraints]
    made = msgspec.convert({"fields": value["fields"], "constraints": plain}, Blueprint, strict=False)
    _check_names(made, faults, loc)
    return None if len(faults.found) > before else made


def _check_fields(fields: list[Any], faults: Faults, loc: tuple[str | int, ...]) -> None:
    seen: set[str] = set()
    for index, field in enumerate(fields):
        place = (*loc, index)
        known = ("name", "type", "description", "required", "ordered_values", "distribution")
        if not faults.object(field, place, known) or not faults.text(field, "name", place, NAME, least=1):
            continue
        if field["name"] in seen:
            faults.add([*place, "name"], "Field names should be unique", "value_error")
        seen.add(field["name"])
        kind = field.get("type", "text")
        if "description" in field:
            faults.text(field, "description", place, TEXT)
        if "required" in field:
            faults.flag(field["required"], [*place, "required"])
        if faults.word(kind, [*place, "type"], KINDS):
            _check_values(field, kind, faults, place)


def _check_values(field: Mapping[str, Any], kind: str, faults: Faults, place: tuple[str | int, ...]) -> None:
    ordered = field.get("ordered_values")
    if ordered is not None:
        if not faults.list(ordered, [*place, "ordered_values"], VALUES, least=1):
            return
        for index, each in enumerate(ordered):
            faults.text({index: each}, index, [*place, "ordered_values"], TEXT, least=1)  # type: ignore[dict-item, arg-type]
    spread = field.get("distribution")
    if spread is None:
        return
    here = (*place, "distribution")
    if not faults.object(spread, here, ("weights", "min", "max", "mean", "sd")):
        return
    given = [name for name in ("min", "max", "mean", "sd") if spread.get(name) is not None]
    if not all(faults.number(spread[name], [*here, name]) for name in given):
        return
    if "weights" in spread:
        _check_weights(spread["weights"], ordered, faults, (*here, "weights"))
    elif kind in ("text", "category"):
        faults.add([*here, "weights"], "Field required", "missing")
    else:
        _check_bounds({name: spread[name] for name in given}, kind, faults, here)


def _check_weights(weights: Any, ordered: Any, faults: Faults, here: tuple[str | int, ...]) -> None:
    if not faults.object(weights, here):
        return
    if not 1 <= len(weights) <= VALUES:
        faults.add(here, f"Dictionary should have 1 to {VALUES} items", "value_error")
        return
    for name, weight in weights.items():
        if not 1 <= len(name.strip()) <= TEXT or "\0" in name:
            faults.add(here, f"Values should have 1 to {TEXT} characters, and not NUL", "value_error")
        elif faults.number(weight, [*here, name]) and not 0 <= weight <= LARGEST:
            faults.add([*here, name], "Input should be greater than or equal to 0", "greater_than_equal")
        elif isinstance(ordered, list) and name not in ordered:
            faults.add([*here, name], "Value should be one of the ordered values", "value_error")
    if all(isinstance(each, int | float) for each in weights.values()) and not sum(weights.values()) > 0:
        faults.add(here, "Weights should not all be 0", "value_error")


def _check_bounds(given: Mapping[str, float], kind: str, faults: Faults, here: tuple[str | int, ...]) -> None:
    for name in ("min", "max"):
        if name not in given:
            faults.add([*here, name], "Field required", "missing")
            return
    low, high = given["min"], given["max"]
    largest = max(abs(low), abs(high))
    if max(largest, *map(abs, given.values())) > LARGEST:
        faults.add(here, f"Numbers should be at most {LARGEST:g}", "value_error")
    elif low > high:
        faults.add([*here, "max"], "Input should be greater than or equal to `min`", "value_error")
    elif kind == "integer" and math.ceil(low) > math.floor(high):
        faults.add([*here, "max"], "There is no whole number between `min` and `max`", "value_error")
    elif kind == "number" and 0 < high - low < largest * NEAREST:
        faults.add([*here, "max"], "Input should be `min`, or further from it", "value_error")
    elif ("mean" in given) is not ("sd" in given) or ("sd" in given and given["sd"] <= 0):
        faults.add([*here, "sd"], "A mean and a positive deviation go together", "value_error")


def _check_constraint(each: Any, faults: Faults, place: tuple[str | int, ...]) -> None:
    holder = {"expression": each} if isinstance(each, str) else each
    if not faults.object(holder, place, ("expression", "description")):
        return
    if "description" in holder:
        faults.text(holder, "description", place, TEXT)
    if faults.text(holder, "expression", place, expression.LENGTH, least=1):
        try:
            expression.parse(holder["expression"])
        except ExpressionError as error:
            faults.add([*place, "expression"], f"The expression {error}", "value_error")


def _check_names(made: Blueprint, faults: Faults, loc: tuple[str | int, ...]) -> None:
    known = {field.name for field in made.fields}
    for index, each in enumerate(made.constraints):
        for name in sorted(expression.names(each.expression) - known):
            faults.add([*loc, "constraints", index], f"There is no field `{name}`", "value_error")
