"""Units make an amount of the number before them: money and shares of it, a dose, or a time of day."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from gateway.drift.language import Languages
from gateway.drift.lazily import lazily

_NO_MONEY = frozenset(["second", "minute", "hour", "day", "week", "month", "year", "kg", "km", "cm"])
"""Units of something else; what is counted, such as `n:席`, has a colon."""
_DIGITS = r"(?<!\d)\d(?:[\d.,]{0,24}\d)?"
"""A number of a length that has an end: one of thousands of digits would be read anew from each of them."""
_HAN = "[一二三四五六七八九十百千万億]{1,12}"
"""A number that is written in characters."""
_RUN_ON = "\u2e80"
"""Letters behind this one need no border behind them."""


@lru_cache(maxsize=8)
def amount(languages: Languages) -> re.Pattern[str]:
    """Match an amount of money or a share of one, as any of the languages writes it."""
    before, behind = _money(languages)
    return lazily(rf"(?:{before})\s?{_DIGITS}|(?:{_DIGITS}\s?|{_HAN})(?:{behind})", re.IGNORECASE)


@lru_cache(maxsize=8)
def year(languages: Languages) -> re.Pattern[str]:
    """Match a year, which is no price for being a number of four digits."""
    _, behind = _money(languages)
    return lazily(rf"(?<![\d.,])(?:1\d|20)\d\d(?![\d.,]?\d)(?!\s?(?:{behind}))", re.IGNORECASE)


@lru_cache(maxsize=8)
def clock(languages: Languages) -> re.Pattern[str]:
    """Match a time of day, as any of the languages writes it."""
    tables = [one.figures for one in languages.values()]
    told = "|".join(f"(?:{text})" for one in tables for text in (one.hour, one.oclock) if text)
    return lazily(rf"(?<![\d.,])\d{{1,2}}(?::\d{{2}}|\.\d{{2}}(?!\d)|{told or '(?!)'})", re.IGNORECASE)


@lru_cache(maxsize=8)
def dose(languages: Languages) -> re.Pattern[str]:
    """Match so much of a remedy, as any of the languages writes it."""
    words = [word for one in languages.values() for word in one.figures.doses.split()]
    return lazily(rf"(?<!\d)\d[\d.,]{{0,24}}\s?(?:{_any_of(words)})", re.IGNORECASE)


@lru_cache(maxsize=8)
def _money(languages: Languages) -> tuple[str, str]:
    """Give patterns of what stands before an amount and of what stands behind one."""
    words = _paying(one.figures.units for one in languages.values())
    signs = _paying(one.figures.signs for one in languages.values())
    single = "".join(sorted({sign for sign in signs if len(sign) == 1 and not sign.isalnum()}))
    sign = f"[{re.escape(single)}]" if single else "(?!)"
    # A code such as EUR stands behind its number; other words that are signs stand before it: "yüzde 20".
    codes = {one for one in signs if one.isascii() and one.isalpha() and len(one) == 3}
    before = sorted({one.lower() for one in signs - codes if len(one) > 1 and one.isalpha()})
    return "|".join([sign, *map(re.escape, before)]), f"{sign}|{_any_of(words | codes)}"


def _paying(units: Iterable[Mapping[str, str]]) -> set[str]:
    """Give the words of money and of shares, not those that something else is measured or counted in."""
    return {word for one in units for kind, some in one.items() if _pays(kind) for word in some.split()}


def _pays(kind: str) -> bool:
    bare = kind.partition("/")[0].partition("*")[0]
    return bare not in _NO_MONEY and ":" not in bare


def _any_of(words: Iterable[str]) -> str:
    """Match one of these, the longest first; a hyphen may be a blank, and a star any ending."""
    spaced: list[str] = []
    glued: list[str] = []
    for word in sorted({*words}, key=lambda one: (-len(one), one)):
        text = re.escape(word.rstrip("*")).replace(r"\-", "[ -]") + r"\w*" * word.endswith("*")
        (glued if word[0] > _RUN_ON else spaced).append(text)
    return "|".join(["|".join(glued) or "(?!)", rf"(?:{'|'.join(spaced) or '(?!)'})(?!\w)"])
