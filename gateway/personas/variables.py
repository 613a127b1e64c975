"""A version that declares variables is a template: each `{{name}}` is replaced, once, by its value."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.errors import Detail

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MOST = 100
"""Variables of a version."""
VALUE = 2_000
"""Characters of a value."""
DESCRIPTION = 1_000
TEXT = 512 * 1024
"""Characters of a prompt with the values in it."""
TYPES = {"string": "a text", "number": "a number", "boolean": "true or false"}


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One variable; without a default, callers have to give its value."""

    type: Literal["string", "number", "boolean"] = "string"
    default: str | int | float | bool | None = None
    description: str = ""


class VariableError(Exception):
    """A value that is missing, not declared, or not acceptable; `name` says whose."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


def check(declared: Mapping[str, Any], prompt: str) -> list[Detail]:
    """List what is wrong with the variables that a version declares."""
    if len(declared) > MOST:
        return [Detail(["variables"], f"at most {MOST} variables", "value_error")]
    return [
        Detail(["variables", name], problem, "value_error")
        for name, value in declared.items()
        if (problem := _problem(name, value, prompt))
    ]


def _problem(name: str, value: Any, prompt: str) -> str:
    if not NAME.fullmatch(name):
        return "a name is letters, digits and `_`, at most 64, and begins with no digit"
    try:
        variable = msgspec.convert(value, Variable, strict=True)
        if variable.default is not None:
            _written(name, variable, variable.default)
    except msgspec.ValidationError as error:
        return str(error)
    except VariableError as error:
        return f"the default {error}"
    if len(variable.description) > DESCRIPTION:
        return f"a description of at most {DESCRIPTION} characters"
    return (
        ""
        if _placed(name) in prompt
        else f"the prompt has no `{_placed(name)}`; use it there or leave it out"
    )


class Template:
    """The prompt of a version that declares variables."""

    __slots__ = ("_pieces", "_variables")

    def __init__(self, prompt: str, declared: Mapping[str, Any]) -> None:
        self._variables = msgspec.convert(dict(declared), dict[str, Variable])
        names = "|".join(sorted(map(re.escape, declared)))
        self._pieces = re.split(r"\{\{(" + names + r")\}\}", prompt)

    def values(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Return the text of each variable, the default where none is given. Raises VariableError."""
        for name in given:
            if name not in self._variables:
                known = ", ".join(f"`{each}`" for each in self._variables)
                raise VariableError(name[:64], f"is not declared; the version has {known}")
        found = {}
        for name, variable in self._variables.items():
            value = given.get(name)
            value = variable.default if value is None else value
            if value is None:
                raise VariableError(name, "is missing, and has no default; give its value")
            found[name] = _written(name, variable, value)
        return found

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the prompt with these values, in which nothing is replaced again. Raises VariableError."""
        pieces = [values[each] if at % 2 else each for at, each in enumerate(self._pieces)]
        if sum(map(len, pieces)) > TEXT:
            longest = max(values, key=lambda name: len(values[name]))
            raise VariableError(longest, f"makes the prompt longer than {TEXT} characters; shorten it")
        return "".join(pieces)


def digest(values: Mapping[str, str]) -> str:
    """Tell sets of values apart."""
    return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()


def _placed(name: str) -> str:
    return f"{{{{{name}}}}}"


def _written(name: str, variable: Variable, value: Any) -> str:
    """Write the value as it goes into the prompt. Raises VariableError."""
    wanted = VariableError(name, f"must be {TYPES[variable.type]}")
    if variable.type == "boolean":
        if not isinstance(value, bool):
            raise wanted
        return "true" if value else "false"
    if variable.type == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wanted
        return msgspec.json.encode(value).decode()
    if not isinstance(value, str):
        raise wanted
    if len(value) > VALUE:
        raise VariableError(name, f"is longer than {VALUE} characters")
    if "\0" in value:
        raise VariableError(name, "must not hold the character NUL")
    return value
