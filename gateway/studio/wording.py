"""Bodies of jobs are checked in the words that their clients know, those of pydantic."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import Detail, Fault, Refusal

MOST = 50
"""Mistakes that are told of one body."""


class Faults:
    """Collects what is wrong with a body, each with its place, its words and its kind."""

    def __init__(self) -> None:
        self.found: list[Detail] = []

    def add(self, loc: Sequence[str | int], msg: str, kind: str) -> None:
        if len(self.found) < MOST:
            self.found.append(Detail([*loc], msg, kind))

    def require_none(self) -> None:
        """Raises Refusal where something is wrong."""
        if self.found:
            raise Refusal(Fault.VALIDATION_FAILED, details=self.found)

    def object(self, value: Any, loc: Sequence[str | int], known: Sequence[str] | None = None) -> bool:
        if not isinstance(value, dict):
            self.add(loc, "Input should be a valid dictionary", "dict_type")
            return False
        for name in value if known is not None else ():
            if name not in (known or ()):
                self.add([*loc, name[:60]], "Extra inputs are not permitted", "extra_forbidden")
        return True

    def text(
        self, holder: Mapping[str, Any], name: str, loc: Sequence[str | int], most: int, *, least: int = 0
    ) -> bool:
        """Check a text that is needed."""
        place = [*loc, name]
        if name not in holder:
            self.add(place, "Field required", "missing")
            return False
        value = holder[name]
        if not isinstance(value, str):
            self.add(place, "Input should be a valid string", "string_type")
            return False
        if len(value.strip()) < least:
            plural = "" if least == 1 else "s"
            self.add(place, f"String should have at least {least} character{plural}", "string_too_short")
            return False
        if len(value) > most:
            self.add(place, f"String should have at most {most} characters", "string_too_long")
            return False
        if "\0" in value:
            self.add(place, "String should not hold the character NUL", "value_error")
            return False
        return True

    def word(self, value: Any, loc: Sequence[str | int], words: Sequence[str]) -> bool:
        if isinstance(value, str) and value in words:
            return True
        named = [f"'{word}'" for word in words]
        told = f"{', '.join(named[:-1])} or {named[-1]}"
        self.add(loc, f"Input should be {told}", "literal_error")
        return False

    def integer(self, value: Any, loc: Sequence[str | int], least: int, most: int) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(loc, "Input should be a valid integer", "int_type")
        elif value < least:
            self.add(loc, f"Input should be greater than or equal to {least}", "greater_than_equal")
        elif value > most:
            self.add(loc, f"Input should be less than or equal to {most}", "less_than_equal")
        else:
            return True
        return False

    def number(self, value: Any, loc: Sequence[str | int]) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # A whole number may have more digits than a float has room for.
        if not is_number or abs(value) > sys.float_info.max or not math.isfinite(value):
            self.add(loc, "Input should be a valid number", "float_type")
            return False
        return True

    def list(self, value: Any, loc: Sequence[str | int], most: int, *, least: int = 0) -> bool:
        if not isinstance(value, list):
            self.add(loc, "Input should be a valid list", "list_type")
        elif len(value) < least:
            plural = "" if least == 1 else "s"
            msg = f"List should have at least {least} item{plural} after validation, not {len(value)}"
            self.add(loc, msg, "too_short")
        elif len(value) > most:
            msg = f"List should have at most {most} items after validation, not {len(value)}"
            self.add(loc, msg, "too_long")
        else:
            return True
        return False

    def flag(self, value: Any, loc: Sequence[str | int]) -> bool:
        if not isinstance(value, bool):
            self.add(loc, "Input should be a valid boolean", "bool_type")
            return False
        return True
