"""A language is identified by its commonest words, as far as a glance shows."""

from collections import Counter
from collections.abc import Mapping
from itertools import chain

SEEN = 80
"""Words that are looked at."""
CLEARLY = 1.7
"""A language is told by its common words where it has as many times more of them as any other."""


def identify(tokens: list[str], common: Mapping[str, tuple[str, ...]]) -> str | None:
    """Name the language whose commonest words are clearly most of those in the text."""
    if len(tokens) < 6:
        return None
    seen = tokens[:SEEN]
    hits = Counter(chain.from_iterable([common[word] for word in seen if word in common])).most_common(2)
    (name, most), (_, second) = [*hits, ("", 0), ("", 0)][:2]
    return name if most >= 4 and most > 0.2 * len(seen) and most > CLEARLY * second else None
