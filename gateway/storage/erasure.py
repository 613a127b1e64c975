"""What a purge leaves of a persona in the rows that name it: ids and figures."""

from typing import Any

TURN = ("model", "explain", "judge")
"""Columns of a turn that tell of its persona."""
AUDIT = ("version", "previous", "from")
"""What may be told of an entry about a persona whose name must not be: numbers and ids."""


def turn(persona_id: str | None) -> tuple[str, None, None]:
    """The values of `TURN` for a turn whose persona has been purged."""
    return f"persona/{persona_id}", None, None


def details(stored: dict[str, Any]) -> dict[str, Any]:
    """The details of an entry of the audit log without names."""
    return {name: value for name, value in stored.items() if name in AUDIT}
