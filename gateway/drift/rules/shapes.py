"""Shapes are the patterns by which a phrasebook finds the names of others in its prompts."""

import re
from collections.abc import Collection, Iterable

from gateway.drift.lazily import lazily
from gateway.drift.proper_names import ProperNames
from gateway.drift.scripts import UPPER

_GLYPH = "[\u3040-\u9fff]"
_NEVER = "(?!)"


class Shapes:
    """Patterns of names, of what parts them, and of what leads up to one."""

    def __init__(self, names: ProperNames, joints: Collection[str] = (), *, kind_first: bool = False) -> None:
        """Make them ready; `joints` are the language's words for `and`, `or` and `nor`, and in no name."""
        spaced = _any_of(one for one in joints if one < "\u3040")
        joined = "".join(one for one in joints if one >= "\u3040" and len(one) == 1)
        within = _any_of(one for one in (*names.within, *names.listed) if one not in joints)
        title = rf"(?:{_any_of(map(str.capitalize, names.titles))})\.\s+"
        name = rf"(?:{title})?[{UPPER}][\w’'-]*"
        self.run = lazily(rf"{name}(?:\s+(?:(?:&|\+|{within})\s+)?{name}|\s*&\s*{name})*")
        self.parting = lazily(rf"\s*[,;/、，；]\s*|\s+(?:{spaced})\s+|(?<={_GLYPH})[・{joined}](?={_GLYPH})")
        self.article = lazily(rf"^(?:{_any_of(names.articles)})\s+", re.IGNORECASE)
        self.kind_first = kind_first
        """A name begins with what it is, as in `Osteria Merlo`."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words)) or _NEVER
