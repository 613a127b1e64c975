"""What has become of a document is shown like this."""

from typing import Literal

import msgspec

Outcome = Literal["created", "new-version", "profile", "unchanged"]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """It tells what has become of one persona of a document."""

    persona: str
    slug: str
    name: str
    outcome: Outcome
    version: int
    labels: dict[str, int]
    alias: str | None
    not_carried: list[str]


class ImportedList(msgspec.Struct, frozen=True):
    """The personas of a document."""

    data: list[Imported]
