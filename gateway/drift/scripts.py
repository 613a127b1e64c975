"""Scripts are told by the code points of their letters; this is the one table of them."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np


class Script(NamedTuple):
    """One script that is not Latin."""

    name: str
    first: int
    """Code points of its first and its last letter."""
    last: int
    languages: tuple[str, ...]
    """Those written in it; the first is what a text is taken for whose language is not known."""


SCRIPTS = (
    Script("greek", 0x370, 0x3FF, ("el",)),
    Script("cyrillic", 0x400, 0x52F, ("ru", "uk", "bg", "sr", "be", "mk", "kk")),
    Script("hebrew", 0x590, 0x5FF, ("he",)),
    Script("arabic", 0x600, 0x6FF, ("ar", "fa", "ur")),
    Script("devanagari", 0x900, 0x97F, ("hi", "mr", "ne")),
    Script("thai", 0xE01, 0xE7F, ("th",)),
    Script("kana", 0x3041, 0x30FF, ("ja",)),
    Script("han", 0x3400, 0x9FFF, ("zh",)),
    Script("hangul", 0xAC00, 0xD7A3, ("ko",)),
)
"""In the order of their letters."""
LATIN = "latin"
HOME = {language: script.name for script in SCRIPTS for language in script.languages}
"""The script of each language that is not written in Latin letters."""
FIRST = {script.name: script.languages[0] for script in SCRIPTS}
SAMPLE = 400
"""About as many characters, from all over a text, show which scripts are in it."""
LEAST, CLEAR = 12, 0.7
"""Letters, and the share of all letters, from which on a text is in a script."""
KANA = 8
"""Japanese has Chinese characters between its own: no more of them for each of its own than this."""
_BORDERS = np.array([border for _, first, last, _ in SCRIPTS for border in (first, last + 1)], np.uint32)
_OTHER = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for _, first, last, _ in SCRIPTS) + "]")
_NO_LATIN = re.compile("[^A-Za-zªµºÀ-ÖØ-öø-\u024f\u1e00-\u1eff]+")
"""Letters of the latter are what Latin is told by where there are none of the former."""


def script(text: str) -> str | None:
    """The script of most letters; `None` where there are few or they are mixed."""
    sample = text[:: 1 + len(text) // 120]
    if sample.isascii() or not _OTHER.search(sample):
        return LATIN if len(_NO_LATIN.sub("", sample)) >= LEAST else None
    counts = _counts(sample)
    counts[LATIN] = len(_NO_LATIN.sub("", sample))
    if counts["kana"] * KANA > counts["han"]:
        counts["kana"] += counts.pop("han", 0)
    name, most = counts.most_common(1)[0]
    return name if most >= LEAST and most > CLEAR * sum(counts.values()) else None


def language(text: str, declared: str) -> str:
    """The declared language by its first two letters, unless the text is clearly in another script."""
    code = declared.lower().partition("-")[0]
    found = script(text)
    if found is None or found == HOME.get(code, LATIN):
        return code
    return FIRST.get(found, "en")


def written(text: str) -> frozenset[str]:
    """Every script but Latin of which a letter stands in the text, or in a sample of a long one."""
    if text.isascii() or not _OTHER.search(sample := text[:: 1 + len(text) // SAMPLE]):
        return frozenset()
    return frozenset(name for name, count in _counts(sample).items() if count)


def _counts(text: str) -> Counter[str]:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = np.bincount(_BORDERS.searchsorted(codes, "right"), minlength=2 * len(SCRIPTS) + 1)[1::2].tolist()
    return Counter(dict(zip([one.name for one in SCRIPTS], found, strict=True)))
