"""A name that is misspelt is answered with the one that was probably meant."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest of the names, or nothing where none is near."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name[:100].casefold(), folded, n=1, cutoff=0.7)
    return f"; did you mean `{folded[near[0]]}`?" if near else ""
