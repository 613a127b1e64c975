"""A name that is misspelt is answered with the one that was probably meant."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest of the names, or nothing where none is near."""
    meant = nearest(name, known)
    return f"; did you mean `{meant}`?" if meant else ""


def ended(message: str) -> str:
    """Return the message as a sentence; a suggestion has its question mark already."""
    return message if message.endswith("?") else f"{message}."


def nearest(name: str, known: Iterable[str], likeness: float = 0.7) -> str | None:
    """Find the name that was probably meant, from this ratio of difflib's on; case does not count."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name[:100].casefold(), folded, n=1, cutoff=likeness)
    return folded[near[0]] if near else None
