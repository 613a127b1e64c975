"""Words are folded so that spellings of one word meet, in tables as in texts."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
"""Apostrophes and hyphens part words: `can't` is `can` and `t`, in tables as in texts."""
_MARKS = dict.fromkeys(range(768, 880))
_ALIKE = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "’": "'", "ё": "е", "æ": "ae", "œ": "oe"})


def fold(word: str) -> str:
    """A word in lower case, without accents and what else spellings differ in."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    folded = folded.translate(_ALIKE)
    if max(folded) >= "\u0590" and not any("a" <= letter <= "z" for letter in folded):
        return unicodedata.normalize("NFKC", folded)
    plain = unicodedata.normalize("NFD", folded).translate(_MARKS)
    # Cyrillic letters keep their marks: й is no и.
    return plain if max(plain, default="") < "\u0370" else unicodedata.normalize("NFC", folded)
