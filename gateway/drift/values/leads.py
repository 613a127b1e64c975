"""A lead is the word before a number that makes a label of both: "room 412", "Nr. A7"."""

import re

_BEFORE = 24
"""Characters before a number that are looked at."""


class Leads:
    """It finds the word before a number."""

    def __init__(self, numbered: str) -> None:
        """Make it ready; `numbered` are words that may stand between the two."""
        signs = "|".join(["#", *(rf"{word}\.? ?" for word in numbered.split())])
        self._lead = re.compile(rf"([^\W\d_]{{3,}})[ \u00a0](?:{signs})?([A-Z]{{1,3}}-?)?$")
        self._last = frozenset({" ", "\u00a0", "#", *(word[-1] for word in numbered.split())})
        """A lead ends with one of these, with a capital, a hyphen behind one, or the full stop of `no.`."""

    def find(self, text: str, start: int) -> re.Match[str] | None:
        """Find the word before a number, and the letters that belong to the number itself."""
        last = text[start - 1 : start]
        # To search for the pattern takes longer than all else that is looked for around a number.
        is_end = (
            text[start - 2 : start - 1].isalpha()
            if last in ("-", ".")
            else last in self._last or last.isupper()
        )
        return self._lead.search(text, max(0, start - _BEFORE), start) if is_end else None
