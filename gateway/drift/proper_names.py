"""Proper names go from one language to another, so what they are written with comes from the files of all."""

from functools import lru_cache
from typing import NamedTuple

from gateway.drift.language import Languages


class ProperNames(NamedTuple):
    """The words and endings of every `[names]`, the longest first."""

    titles: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    possessives: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def proper_names(languages: Languages) -> ProperNames:
    """Gather what these languages write names with."""
    tables = [one.names for one in languages.values()]
    words = [{word for one in tables for word in getattr(one, name).split()} for name in ProperNames._fields]
    return ProperNames(*(tuple(sorted(some, key=lambda word: (-len(word), word))) for some in words))
