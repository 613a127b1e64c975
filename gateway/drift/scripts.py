"""Scripts are told by the code points of their letters; this is the one table of them."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np


class Script(NamedTuple):
    """One script that is not Latin."""

    name: str
    first: int
    """Code points of its first and its last letter."""
    last: int
    is_run: bool = False
    """Its words are not parted by spaces, or carry so much with them that pieces of a run say more."""


SCRIPTS = (
    Script("greek", 0x370, 0x3FF),
    Script("cyrillic", 0x400, 0x52F),
    Script("hebrew", 0x590, 0x5FF),
    Script("arabic", 0x600, 0x6FF),
    Script("devanagari", 0x900, 0x97F),
    Script("thai", 0xE01, 0xE7F, is_run=True),
    Script("kana", 0x3041, 0x30FF, is_run=True),
    Script("han", 0x3400, 0x9FFF, is_run=True),
    Script("hangul", 0xAC00, 0xD7A3, is_run=True),
)
"""Sorted by their letters."""
LATIN = "latin"
RUNS = "々" + "".join(f"{chr(one.first)}-{chr(one.last)}" for one in SCRIPTS if one.is_run)
"""The letters of runs, as the inside of a class of a regular expression."""
SAMPLE = 400
"""Characters from all over a text that show which scripts are in it."""
LEAST, CLEAR = 12, 0.7
"""Letters, and the share of all letters, from which on a text is in a script."""
KANA = 8
"""Kana are written between Chinese characters: no more of these for each of them than so many."""
_BORDERS = np.array([border for _, first, last, _ in SCRIPTS for border in (first, last + 1)], np.uint32)
_NO_LATIN = re.compile("[^A-Za-zªµºÀ-ÖØ-öø-\u024f\u1e00-\u1eff]+")
"""Letters of the latter are what Latin is told by where there are none of the former."""


def script(text: str) -> str | None:
    """Name the script of most letters; `None` where there are few or they are mixed."""
    sample = text[:: 1 + len(text) // 120]
    if sample.isascii() or not _others(()).search(sample):
        return LATIN if len(_NO_LATIN.sub("", sample)) >= LEAST else None
    counts = _counts(sample)
    counts[LATIN] = len(_NO_LATIN.sub("", sample))
    if counts["kana"] * KANA > counts["han"]:
        counts["kana"] += counts.pop("han", 0)
    name, most = counts.most_common(1)[0]
    return name if most >= LEAST and most > CLEAR * sum(counts.values()) else None


def written(text: str) -> list[str]:
    """Name every script but Latin of which a letter stands in the text, or in a sample of a long one."""
    found: list[str] = []
    if text.isascii():
        return found
    sample = text[:: 1 + len(text) // SAMPLE]
    at = 0
    while letter := _others(tuple(found)).search(sample, at):
        found.append(next(one.name for one in SCRIPTS if one.first <= ord(letter[0]) <= one.last))
        at = letter.start()
    return found


@lru_cache(maxsize=256)
def _others(found: tuple[str, ...]) -> re.Pattern[str]:
    """Match a letter of any script but these and Latin."""
    others = "".join(f"{chr(first)}-{chr(last)}" for name, first, last, _ in SCRIPTS if name not in found)
    return re.compile(f"[{others}]" if others else "(?!)")


def _counts(text: str) -> Counter[str]:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = np.bincount(_BORDERS.searchsorted(codes, "right"), minlength=2 * len(SCRIPTS) + 1)[1::2].tolist()
    return Counter(dict(zip([one.name for one in SCRIPTS], found, strict=True)))
