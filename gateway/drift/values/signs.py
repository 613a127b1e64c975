"""Signs are units in short, which stand before a number or behind it: $, €, %."""

import re

_BEFORE = 8
"""Characters before a number that its sign stands in; in some languages it is a word: "yüzde 3"."""


class Signs:
    """The signs of one language and those of all."""

    def __init__(self, *tables: dict[str, str]) -> None:
        self.kinds = {sign: kind for signs in tables for kind, some in signs.items() for sign in some.split()}
        """The unit that each stands for."""
        every = "|".join(map(re.escape, self.kinds)) or "(?!)"
        self._firsts = frozenset(sign[0] for sign in self.kinds)
        self._ends = frozenset(sign[-1] for sign in self.kinds)
        self._before = re.compile(rf"({every})\s?$")
        # A sign that is a letter is no beginning of a word: "20p", and not "20 people".
        self._behind = re.compile(rf"[\s\u00a0\u202f]?({every})(?!(?<=[A-Za-z])[A-Za-z])")

    def before(self, text: str, start: int) -> re.Match[str] | None:
        """Find the sign before a number, with a blank between them or none."""
        at = start - 2 if text[start - 1 : start].isspace() else start - 1
        if at < 0 or text[at] not in self._ends:
            return None
        return self._before.search(text, max(0, start - _BEFORE), start)

    def behind(self, text: str, end: int) -> re.Match[str] | None:
        """Find the sign behind a number, likewise; one that another number follows is that one's."""
        first = text[end : end + 1]
        if first not in self._firsts and not (first.isspace() and text[end + 1 : end + 2] in self._firsts):
            return None
        found = self._behind.match(text, end)
        is_lead = found is not None and text[found.end() : found.end() + 1].isdecimal()
        return None if is_lead else found
