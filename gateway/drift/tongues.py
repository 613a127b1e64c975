"""Which script and which language a text is written in, as far as a glance shows."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain

import numpy as np

_SCRIPTS = (
    ("greek", 0x370, 0x3FF),
    ("cyrillic", 0x400, 0x52F),
    ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x6FF),
    ("devanagari", 0x900, 0x97F),
    ("thai", 0xE01, 0xE7F),
    ("kana", 0x3041, 0x30FF),
    ("han", 0x3400, 0x9FFF),
    ("hangul", 0xAC00, 0xD7A3),
)
"""Scripts that are not Latin, with their first and last letters, in order."""
_BORDERS = np.array([border for _, first, last in _SCRIPTS for border in (first, last + 1)], np.uint32)
_OTHER = re.compile("[\u0370-\u052f\u0590-\u06ff\u0900-\u097f\u0e01-\u0e7f\u3041-\u9fff\uac00-\ud7a3]")
_NO_LATIN = re.compile("[^A-Za-zªµºÀ-ÖØ-öø-\u024f\u1e00-\u1eff]+")
"""Without any of the former, letters of the latter are what a script is told by."""
SEEN = 80
"""Words that are looked at."""
CLEARLY = 1.7
"""How many times as many common words a language has as any other one where it is told by them."""
HOME = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "be", "mk", "kk"), "cyrillic"),
    **dict.fromkeys(("ar", "fa", "ur"), "arabic"),
    **dict.fromkeys(("hi", "mr", "ne"), "devanagari"),
    "el": "greek",
    "ja": "kana",
    "zh": "han",
    "ko": "hangul",
    "th": "thai",
    "he": "hebrew",
}
"""The script of each language that is not written in Latin letters."""


def script(text: str) -> str | None:
    """The script of most letters; `None` where there are few or they are mixed."""
    sample = text[:: 1 + len(text) // 120]
    if sample.isascii() or not _OTHER.search(sample):
        return "latin" if len(_NO_LATIN.sub("", sample)) >= 12 else None
    codes = np.frombuffer(sample.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = np.bincount(_BORDERS.searchsorted(codes, "right"), minlength=2 * len(_SCRIPTS) + 1)[1::2].tolist()
    counts = Counter(dict(zip([name for name, _, _ in _SCRIPTS], found, strict=True)))
    counts["latin"] = len(_NO_LATIN.sub("", sample))
    if counts["kana"] * 8 > counts["han"]:
        counts["kana"] += counts.pop("han", 0)
    name, most = counts.most_common(1)[0]
    return name if most >= 12 and most > 0.7 * sum(counts.values()) else None


def language(tokens: list[str], common: Mapping[str, tuple[str, ...]]) -> str | None:
    """The language whose commonest words are clearly most of those in the text."""
    if len(tokens) < 6:
        return None
    seen = tokens[:SEEN]
    hits = Counter(chain.from_iterable([common[word] for word in seen if word in common])).most_common(2)
    (name, most), (_, second) = [*hits, ("", 0), ("", 0)][:2]
    return name if most >= 4 and most > 0.2 * len(seen) and most > CLEARLY * second else None
