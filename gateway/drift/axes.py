"""The axes on which an answer can stray; whatever shows, keeps or documents one goes by this table."""

from typing import Annotated, Any, NamedTuple

import msgspec


class Axis(NamedTuple):
    """One axis as everything beside the scorer needs to know it."""

    name: str
    """The field of a score, and the key of `drift` in answers."""
    column: str
    """In the table of turns; an axis that is new brings a migration that adds it."""
    header: str
    """In the head of a whole answer, where it is not null."""
    text: str
    """The API's document says with it what the axis means, and its scale."""
    example: float
    digits: int = 4
    """Decimals that are told."""


def _axis(column: str, header: str, text: str, example: float) -> Any:
    return msgspec.Meta(extra={"axis": Axis("", column, header, text, example)})


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """Says how far an answer is from the persona on each axis, from 0, fully in character, to 1."""

    voice: Annotated[
        float | None,
        _axis(
            "voice",
            "X-Persona-Drift-Voice",
            "How far from the persona's voice, 0 (in character) to 1; null where unscored.",
            0.0122,
        ),
    ] = None
    values: Annotated[
        float | None,
        _axis(
            "drift_values",
            "X-Persona-Drift-Values",
            "How far from the persona's values, 0 (none) to 1; null where the turn touches none.",
            0.0213,
        ),
    ] = None
    rules: Annotated[
        float | None,
        _axis(
            "drift_rules",
            "X-Persona-Drift-Rules",
            "How likely the turn breaks a rule of the persona, 0 to 1; null where the turn touches none.",
            0.0,
        ),
    ] = None

    def levels(self) -> dict[str, float | None]:
        """By the name of the axis, rounded as it is told."""
        found: dict[str, float | None] = {}
        for axis in AXES:
            level = getattr(self, axis.name)
            found[axis.name] = None if level is None else round(level, axis.digits)
        return found


def _axes() -> tuple[Axis, ...]:
    fields = msgspec.structs.fields(Levels)
    return tuple(field.type.__metadata__[0].extra["axis"]._replace(name=field.name) for field in fields)


AXES = _axes()
