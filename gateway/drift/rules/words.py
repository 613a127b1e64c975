"""Words are folded so that spellings of one word meet, in tables as in texts."""

import re
import unicodedata
from collections.abc import Iterator, Set
from typing import NamedTuple, TypeVar

Entry = tuple[str, ...]
"""The words of a phrase."""
E = TypeVar("E")
WORD = re.compile(r"[^\W_]+")
"""Apostrophes and hyphens part words: `can't` is `can` and `t`, in tables as in texts."""
ENTRY = re.compile(r"\*?[^\W_]+\*?|\*")
"""It matches a word of an entry, with the star that stands for any letters, or alone for any one word."""
_MARKS = dict.fromkeys(range(768, 880))
_ALIKE = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "’": "'", "ё": "е", "æ": "ae", "œ": "oe"})
ALIKE, LONG, SHORTER = 5, 7, 2
"""Letters of a word that is looked for within longer ones; of one that may lack as many at its end."""
ROOT, FORM = 4, 3
"""Letters that two forms of a word have in common at least, and by which they may differ."""


class Word(NamedTuple):
    """Holds what is known of a word, wherever it stands."""

    folded: str
    """In lower case without accents."""
    stem: str
    """Its other forms have this in common with it; it is empty where the word is grammar."""
    labels: tuple[str, ...]
    phrases: dict[str, list[tuple[str, Entry]]]
    """By their second word: labels and further words of the phrases that may begin here."""
    open_phrases: tuple[tuple[str, Entry], ...]
    """The second words of these have many endings."""
    tells: bool
    """It has a label, or a phrase may begin with it."""
    beginnings: tuple[str, ...]
    endings: tuple[str, ...]
    """The second word of an open phrase begins or ends so."""


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


def fold_all(words: str) -> frozenset[str]:
    """Fold each of the words that stand between blanks."""
    return frozenset(fold(word) for word in words.split())


def within_longer(stems: Set[str], words: Set[str], joined: str, *, compounds: bool, least: int) -> set[str]:
    """Tell which stand within longer words: `inspec` in `inspeccion`, `brems` in a compound.

    `joined` has the same words with blanks around them; with fewer letters than `least` one tells too little.
    """
    lead = "" if compounds else " "
    return {
        one
        for one in stems
        if (len(one) >= least and lead + one in joined)
        or (compounds and len(one) == ALIKE - 1 and one + " " in joined)
        or (len(one) >= LONG and " " + one[:-SHORTER] in joined)
        # The first part of a compound may be said by itself: `original` of `originalblatt`.
        or (compounds and len(one) > LONG and any(len(w) >= LONG and one.startswith(w) for w in words))
    }


def is_form(one: str, other: str) -> bool:
    """Tell whether two words begin alike and differ in a few letters at their ends."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    same = min(len(one), len(other)) if same is None else same
    longest = max(len(one), len(other))
    return longest - same <= (FORM if same >= ROOT else 1 if same == ROOT - 1 else -1)


def follow(rest: Entry, words: list[Word], at: int) -> bool:
    """Tell whether the words from there on are those of a phrase."""
    if at + len(rest) > len(words):
        return False
    for entry in rest:
        folded = words[at][0]
        if entry != folded and not ("*" in entry and fits(entry, folded)):
            return False
        at += 1
    return True


def fits(entry: str, folded: str) -> bool:
    """Tell whether a word is that of an entry, or ends or begins as its star says."""
    if entry.endswith("*"):
        return folded.startswith(entry[:-1])
    return folded.endswith(entry[1:]) if entry.startswith("*") else entry == folded


def entries(text: str) -> Iterator[str]:
    """Give the words and phrases that a table lists; one that begins or ends with any word is refused."""
    for entry in re.split(r"[,\n]", text):
        if words := entry.split():
            if "*" in (words[0], words[-1]):
                raise ValueError(
                    f"{entry.strip()!r}: a star alone stands between two words, as in `leg * ein`"
                )
            yield entry.strip()


def spread(some: dict[str, list[E]]) -> dict[str, list[E]]:
    """Copy what is entered so that more can be."""
    return {word: [*entered] for word, entered in some.items()}
