"""A lead is the word before a number that makes a label of both: "room 412", "Nr. A7"."""

import re

_LEAD = re.compile(r"([^\W\d_]{3,})[ \u00a0](?:#|no\.? ?|nr\.? ?)?([A-Z]{1,3}-?)?$")
_BEFORE = 24
"""Characters before a number that are looked at."""
_LAST = frozenset(" \u00a0#or")
"""A lead ends with one of these, with a capital, a hyphen behind one, or the full stop of `no.`."""


def lead(text: str, start: int) -> re.Match[str] | None:
    """Find the word before a number, and the letters that belong to the number itself."""
    last = text[start - 1 : start]
    # To search for the pattern takes longer than all else that is looked for around a number.
    is_end = text[start - 2 : start - 1].isalpha() if last in ("-", ".") else last in _LAST or last.isupper()
    return _LEAD.search(text, max(0, start - _BEFORE), start) if is_end else None
