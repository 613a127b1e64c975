"""`moderate` looks at texts once, for a request, for a chat turn and for a run that makes a persona."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

FLAGGED = 0.5
"""The score from which on a category is flagged, where the one who looks does not say so itself."""


class Item(msgspec.Struct, frozen=True):
    """One thing to look at."""

    text: str
    parts: list[dict[str, Any]] | None = None
    """The parts as they were sent, where there are pictures among them."""


class Moderation(msgspec.Struct, frozen=True):
    """One look at one text gave this. A category that nobody can see is absent."""

    model: str
    scores: dict[str, float]
    flagged: tuple[str, ...]
    """The categories that are flagged."""
    applied: dict[str, list[str]] | None = None
    """The kinds of input that each category was seen in, where an upstream says so."""

    def joined(self, scores: dict[str, float]) -> "Moderation":
        """Add further categories."""
        flagged = tuple(name for name, score in scores.items() if score >= FLAGGED)
        return msgspec.structs.replace(
            self, scores={**self.scores, **scores}, flagged=(*self.flagged, *flagged)
        )


class Source(Protocol):
    """Somebody who can look at texts."""

    async def look(self, items: Sequence[Item]) -> list[Moderation] | None:
        """Look at each; `None` where it cannot be asked, so that the next one is. Raises Refusal."""


class NobodyError(Exception):
    """Nobody who was asked could look at the texts."""


async def moderate(items: Sequence[Item], sources: Sequence[Source]) -> list[Moderation]:
    """Return what the first source that can be asked sees in each text. Raises NobodyError, Refusal."""
    for source in sources:
        found = await source.look(items)
        if found is not None:
            return found
    raise NobodyError
