"""Scripts are told by the code points of their letters; this is the one table of them."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gateway.drift.lazily import lazily


class Script(NamedTuple):
    """Letters of one script that is not Latin."""

    name: str
    first: int
    """Code points of the first and the last of them."""
    last: int
    is_run: bool = False
    """Its words are not parted by spaces, or carry so much with them that pieces of a run say more."""


SCRIPTS = (
    Script("greek", 0x370, 0x3FF),
    Script("cyrillic", 0x400, 0x52F),
    Script("armenian", 0x530, 0x58F),
    Script("hebrew", 0x590, 0x5FF),
    Script("arabic", 0x600, 0x6FF),
    Script("arabic", 0x750, 0x77F),
    Script("devanagari", 0x900, 0x97F),
    Script("bengali", 0x980, 0x9FF),
    Script("tamil", 0xB80, 0xBFF),
    Script("telugu", 0xC00, 0xC7F),
    Script("thai", 0xE01, 0xE7F, is_run=True),
    Script("georgian", 0x10A0, 0x10FF),
    Script("hangul", 0x1100, 0x11FF),
    Script("kana", 0x3041, 0x30FF, is_run=True),
    Script("han", 0x3400, 0x9FFF, is_run=True),
    Script("hangul", 0xAC00, 0xD7A3, is_run=True),
)
"""Sorted by their letters; a script whose letters stand apart has several rows."""
LATIN = "latin"
RUNS = "々" + "".join(f"{chr(one.first)}-{chr(one.last)}" for one in SCRIPTS if one.is_run)
"""The letters of runs, as the inside of a class of a regular expression."""
_OF_RUNS = [range(one.first, one.last + 1) for one in SCRIPTS if one.is_run]
_FIRST_OF_RUNS = min(chr(one.first) for one in SCRIPTS if one.is_run)
UPPER = "".join(chr(code) for code in range(0x41, 0x530) if chr(code).isupper())
"""Capital letters, as the inside of a class of a regular expression."""
SAMPLE = 400
"""Characters from all over a text that show which scripts are in it."""
LEAST, CLEAR = 12, 0.7
"""Letters, and the share of all letters, from which on a text is in a script."""
FEW = 4
"""Letters from which on the leading script of a sentence is told."""
KANA = 8
"""Kana are written between Chinese characters: no more of these for each of them than so many."""
_BORDERS = np.array([border for _, first, last, _ in SCRIPTS for border in (first, last + 1)], np.uint32)
_LATIN = "A-Za-zªµºÀ-ÖØ-öø-\u024f\u1e00-\u1eff"
_NO_LATIN = re.compile(f"[^{_LATIN}]+")
"""Letters of the latter are what Latin is told by where there are none of the former."""


def is_run(letter: str) -> bool:
    """Tell whether words of the letter's script run on without a space."""
    if letter < _FIRST_OF_RUNS:
        return False
    code = ord(letter)
    return letter == "々" or any(code in some for some in _OF_RUNS)


def script(text: str) -> str | None:
    """Name the script of most letters; `None` where there are few or they are mixed."""
    sample = text[:: 1 + len(text) // 120]
    if sample.isascii() or not _others(()).search(sample):
        return LATIN if len(_NO_LATIN.sub("", sample)) >= LEAST else None
    name, most, letters = _commonest(sample)
    return name if most >= LEAST and most > CLEAR * letters else None


def leading(text: str) -> str | None:
    """Name the script of most letters at the beginning; a few letters are enough."""
    sample = text[:SAMPLE]
    if sample.isascii() or max(sample) < "\u0250":
        return LATIN if sum(map(str.isalpha, sample)) >= FEW else None
    name, most, _ = _commonest(sample)
    return name if most >= FEW else None


def is_latin(letters: str) -> bool:
    """Tell whether no letter is of any other script."""
    return _others(()).search(letters) is None


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


@lru_cache(maxsize=64)
def beyond(scripts: frozenset[str]) -> re.Pattern[str]:
    """Match a letter of any script but these."""
    others = "".join(f"{chr(first)}-{chr(last)}" for name, first, last, _ in SCRIPTS if name not in scripts)
    latin = "" if LATIN in scripts else _LATIN
    return lazily(f"[{latin}{others}]" if latin or others else "(?!)")


@lru_cache(maxsize=256)
def _others(found: tuple[str, ...]) -> re.Pattern[str]:
    """Match a letter of any script but these and Latin."""
    others = "".join(f"{chr(first)}-{chr(last)}" for name, first, last, _ in SCRIPTS if name not in found)
    return re.compile(f"[{others}]" if others else "(?!)")


def _commonest(text: str) -> tuple[str, int, int]:
    """Give the script that most letters are of, how many these are, and how many there are in all."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = np.bincount(_BORDERS.searchsorted(codes, "right"), minlength=2 * len(SCRIPTS) + 1)[1::2].tolist()
    counts: Counter[str] = Counter()
    for one, number in zip(SCRIPTS, found, strict=True):
        counts[one.name] += number
    counts[LATIN] = len(_NO_LATIN.sub("", text))
    letters = sum(counts.values())
    if counts["kana"] * KANA > counts["han"]:
        counts["kana"] += counts.pop("han", 0)
    name, most = counts.most_common(1)[0]
    return name, most, letters
