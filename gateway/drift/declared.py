"""An owner's declarations of a persona are read one by one, and an error says where one is wrong."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

One = TypeVar("One", bound=msgspec.Struct)


class DeclarationError(ValueError):
    """A rule or a fact that cannot be; `loc` says which one and where in it."""

    def __init__(self, loc: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.loc = loc


def decode(
    value: Any,
    kind: type[One],
    check: Callable[[int, One, Sequence[One]], None],
    *,
    most: int,
    having: str,
    choices: Sequence[str] = (),
) -> tuple[One, ...]:
    """Read a list of such objects; `check` is given the place of each, the object and those before it.

    `having` says what each has, and `choices` are the words of the one key that allows only some.
    Raises DeclarationError with the remedy.
    """
    name = kind.__name__
    if not isinstance(value, list | tuple):
        raise DeclarationError((), f"{name}s are a list of objects, each with {having}.")
    if len(value) > most:
        raise DeclarationError((), f"A version has at most {most} {name.lower()}s.")
    found: list[One] = []
    for at, one in enumerate(value):
        try:
            read = msgspec.convert(one, kind)
        except msgspec.ValidationError as error:
            remedy = _remedy(str(error), kind, choices)
            raise DeclarationError((at,), f"{name} {at} is not valid: {error}{remedy}.") from None
        check(at, read, found)
        found.append(read)
    return tuple(found)


def _remedy(error: str, kind: type[msgspec.Struct], choices: Sequence[str]) -> str:
    if error.startswith("Invalid enum value"):
        return f"; there are: {', '.join(choices)}"
    # A place that follows the name means that the key stands in an object within this one.
    is_key = "unknown field" in error and " - at " not in error
    return f"; known are: {', '.join(kind.__struct_encode_fields__)}" if is_key else ""
