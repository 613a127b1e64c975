"""Units are known by the words and letters behind a number."""

import re
from collections.abc import Iterable, Mapping

NOUN_BEHIND = re.compile(r"[ \u00a0-]{0,2}([^\W\d_]{2,})")
_GLUED = "\u2e80"
"""Letters behind this one begin units that stand right behind their number, or behind a blank."""


class Units:
    """Knows the words for the units of one language."""

    def __init__(self, tables: Iterable[Mapping[str, str]], stop: frozenset[str]) -> None:
        """Take the words of each unit; behind one of `stop` there is no unit any more."""
        self.kinds = {word: kind for table in tables for kind, some in table.items() for word in some.split()}
        self._stop = stop
        self._prefixed = {word[:-1]: kind for word, kind in self.kinds.items() if word.endswith("*")}
        self._prefixes = tuple(self._prefixed)
        glued = sorted((w for w in self.kinds if w[0] > _GLUED), key=len, reverse=True)
        self._glued = re.compile(f" ?({'|'.join(glued)})" if glued else "(?!)")

    def behind(self, text: str, lower: str, end: int) -> tuple[str, int] | None:
        """Find the unit behind a number, with at most one word between: "two working days"."""
        is_glued = text[end : end + 1] > _GLUED or text[end + 1 : end + 2] > _GLUED
        if is_glued and (match := self._glued.match(text, end)):
            return self.kinds[match[1]], match.end()
        at = end
        for _ in range(2):
            noun = NOUN_BEHIND.match(lower, at)
            if noun is None:
                return None
            word = noun[1]
            kind = self.kinds.get(word)
            if kind is None and word.startswith(self._prefixes):
                kind = next(kind for prefix, kind in self._prefixed.items() if word.startswith(prefix))
            if kind:
                return kind, noun.end()
            if word in self._stop:
                return None
            at = noun.end()
        return None
