"""A pattern needs one of some wordings in a text, without which it need not be tried there."""

import re

_PLAIN = re.compile(r"[^()\[\\.^$|?*+{]+(?![?*+{])")
"""Letters that stand for themselves, of which the last is not counted."""
_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_LEAST = 2
"""Letters of a wording that is worth a look."""
_FOLDS = str.maketrans({"ı": "i", "ſ": "s", "İ": "i", "ς": "σ"})
"""Letters that a pattern takes for others where case does not matter."""


def folded(text: str) -> str:
    """Give a text in lower case, with one letter for those that a pattern takes for the same."""
    return text.translate(_FOLDS) if not text.isascii() else text


def needed(pattern: str) -> tuple[str, ...]:
    """Give wordings of which a text has one, folded, wherever the pattern matches; none: nothing is known."""
    found, _ = _alternatives(pattern, 0)
    return tuple(sorted({folded(one).lower() for one in found or ()}))


def _alternatives(source: str, at: int) -> tuple[set[str] | None, int]:
    """Read up to the end of a group: what each alternative needs together, `None` where one needs nothing."""
    every: set[str] | None = set()
    while True:
        one, at = _sequence(source, at)
        every = None if one is None or every is None else every | one
        if at >= len(source) or source[at] == ")":
            return every, at
        at += 1


def _sequence(source: str, at: int) -> tuple[set[str] | None, int]:
    """Read one alternative: the wordings of the part of it that tells most."""
    parts: list[set[str]] = []
    run = ""
    while at < len(source) and source[at] not in "|)":
        plain = _PLAIN.match(source, at)
        if plain is not None:
            run += plain[0]
            at = plain.end()
            continue
        letter, start = source[at], at
        inner: set[str] | None = None
        if letter == "(":
            inner, at = _group(source, at)
        elif letter == "[":
            at = _class_end(source, at)
        else:
            at += 2 if letter == "\\" else 1
        is_optional, is_quantified, at = _quantifier(source, at)
        is_plain = letter not in "([\\.^$"
        if is_plain and not is_optional:
            run += letter
        if not is_plain or is_quantified:
            parts.append({run})
            run = ""
        if inner and not is_optional and not source.startswith(_AROUND, start):
            parts.append(inner)
    parts.append({run})
    # What tells most has the longest wordings, the shortest of them.
    best = max(parts, key=lambda some: (min(map(len, some)), -len(some)))
    return (best if min(map(len, best)) >= _LEAST else None), at


def _group(source: str, at: int) -> tuple[set[str] | None, int]:
    """Read a group, and what is inside of it."""
    if source.startswith(_AROUND, at):
        first = at + (4 if source[at + 2] == "<" else 3)
    elif source.startswith("(?", at):
        first = source.index(">" if source.startswith("(?P<", at) else ":", at) + 1
    else:
        first = at + 1
    inner, end = _alternatives(source, first)
    return inner, end + 1


def _class_end(source: str, at: int) -> int:
    """Find the end of a class of characters."""
    at += 2 if source[at + 1] == "^" else 1
    first = at
    while source[at] != "]" or at == first:
        at += 2 if source[at] == "\\" else 1
    return at + 1


def _quantifier(source: str, at: int) -> tuple[bool, bool, int]:
    """Tell whether what was read may be left out, and whether it is counted at all; give the end of that."""
    if at >= len(source) or source[at] not in "?*+{":
        return False, False, at
    is_optional = source[at] != "+"
    at = source.index("}", at) + 1 if source[at] == "{" else at + 1
    return is_optional, True, at + (source[at : at + 1] in ("?", "+") and at < len(source))
