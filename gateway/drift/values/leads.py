"""A lead is the word before a number that makes a label of both: "room 412", "Nr. A7"."""

import re
from typing import NamedTuple

_BEFORE, _LEAST = 24, 3
"""Characters before a number that are looked at, and letters of a lead."""
_BLANKS = (" ", "\u00a0")


class Lead(NamedTuple):
    """The word before a number, and the letters that belong to the number itself."""

    word: str
    code: str


class Leads:
    """It finds the word before a number."""

    def __init__(self, numbered: str) -> None:
        """Make it ready; `numbered` are words that may stand between the two."""
        self._numbered = frozenset(numbered.split())
        signs = "|".join(["#", *(rf"{word}\.? ?" for word in numbered.split())])
        self._lead = re.compile(rf"([^\W\d_]{{{_LEAST},}})[ \u00a0](?:{signs})?([A-Z]{{1,3}}-?)?$")
        self._last = frozenset({*_BLANKS, "#", *(word[-1] for word in self._numbered)})
        """A lead ends with one of these, with a capital, a hyphen behind one, or the full stop of `no.`."""

    def find(self, text: str, start: int) -> Lead | None:
        """Find what leads up to a number."""
        first, last, before = max(0, start - _BEFORE), text[start - 1 : start], text[start - 2 : start - 1]
        if last in _BLANKS and before.isalpha():
            # To search for the pattern takes longer than all else that is looked for around a number.
            word = text[first : start - 1].split()[-1]
            if word.isalpha() and word not in self._numbered:
                return Lead(word, "") if len(word) >= _LEAST else None
        is_end = before.isalpha() if last in ("-", ".") else last in self._last or last.isupper()
        match = self._lead.search(text, first, start) if is_end else None
        return Lead(match[1], match[2] or "") if match is not None else None
