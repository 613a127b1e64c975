"""A text is read once: every wing goes by the same words and tokens, wherever it looks."""

import re
from bisect import bisect_right
from functools import cache
from itertools import accumulate, compress
from operator import not_
from typing import TYPE_CHECKING, NamedTuple

from gateway.drift import pieces
from gateway.drift.scripts import RUNS
from gateway.drift.sentences import quoted

if TYPE_CHECKING:
    from gateway.drift.glance import Sight

LONGEST = 6_000
"""Characters that are looked at: of a longer text its first and its last half of that."""
_HAN = "\u2e80-\u30ff\u3100-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
"""Chinese characters, kana and the marks between them, which run on without a space."""
_THAI, _DEVANAGARI = "\u0e00-\u0e7f", "\u0900-\u0963"
"""Scripts of which some signs are no letters to a regular expression."""
_RUN_ON = re.compile("[^\0-\u08ff\u0964-\u0dff\u0e80-\u2e7f]")
"""A text without any of these has runs of letters and digits for tokens."""
_JOINTS, _HYPHEN = "['’\\-]", "-"
_LETTERS = rf"[^\W\d_{RUNS}]+"


@cache
def _token() -> re.Pattern[str]:
    """Find a token in a text whose words run on."""
    return re.compile(rf"[{_HAN}]+|[{_THAI}]+|(?:[^\W_{_HAN}{_THAI}{_DEVANAGARI}]+|[{_DEVANAGARI}]+)+")


@cache
def _word(*, elides: bool) -> re.Pattern[str]:
    """Find a word in a text that is not of ASCII; this is made with the first such text, in 7 ms."""
    joint = _HYPHEN if elides else _JOINTS
    return re.compile(rf"({_LETTERS}(?:{joint}{_LETTERS})*|\d+|[{RUNS}]+)")


_WORD_ASCII = {
    False: re.compile("([a-z]+(?:['-][a-z]+)*|[0-9]+)"),
    True: re.compile("([a-z]+(?:-[a-z]+)*|[0-9]+)"),
}
"""The same in a text of ASCII, twice as quick."""
MIXED = 1 << 9
"""The bit of a word of letters and digits, or of signs that are neither."""


def is_mixed(word: str) -> bool:
    """Tell whether a run of letters and digits is neither all letters nor a number."""
    return not (word.isalpha() or word.isdecimal())


LONG, _LONG = 1 << 11, 15
"""The bit of a word of so many letters, which few words have."""


def is_long(word: str) -> bool:
    """Tell whether a word is so long that it may be one letter again and again."""
    return len(word) >= _LONG


class Worded(NamedTuple):
    """The words of a part of a text."""

    words: list[str]
    borders: list[int]
    """The place in the whole text where each begins and ends, in turn."""
    joins: list[int] | None
    """The runs that are one word with the one behind them, ascending; `None` where words are no runs."""


class Stretch:
    """A part of a text with its words and tokens."""

    __slots__ = (
        "_bare",
        "_beyond_ascii",
        "_borders",
        "_distinct",
        "_quotes",
        "_runs",
        "_runs_on",
        "_tokens",
        "lower",
        "notes",
        "offset",
        "sight",
        "text",
    )

    def __init__(self, text: str, offset: int = 0, notes: int = -1) -> None:
        self.text = text
        self.offset = offset
        """The place in the whole text where it begins."""
        self.notes = notes
        """A bit for each who may care for its words; all of them are set where nobody has looked."""
        self.sight: Sight | None = None
        """What is known of its runs, where somebody has looked."""
        lower = text.lower()
        # A dotted capital İ is the one letter that lower case would make longer.
        self.lower = lower if len(lower) == len(text) else text.replace("İ", "i").lower()
        self._bare: str | None = None
        self._runs: list[str] | None = None
        self._borders: list[int] | None = None
        self._tokens: list[str] | None = None
        self._distinct: frozenset[str] | None = None
        self._runs_on: bool | None = None
        self._beyond_ascii: str | None = None
        self._quotes: list[tuple[int, int]] | None = None

    def part(self, start: int, end: int) -> "Stretch":
        """Take what stands between two places of it; what was read of the whole is cut and not read anew."""
        cut = Stretch(self.text[start:end], self.offset + start, self.notes)
        # A capital sigma is another small letter at the end of a word, and so of a part.
        if self._runs is not None and len(self.lower) == len(self.text) and "Σ" not in cut.text:
            cut._runs, cut._borders = pieces.cut(self._runs, self.borders, start, start + len(cut.text))
            cut._runs_on = False if self._runs_on is False else None
            if self.sight is not None:
                first = bisect_right(self.borders, start) // 2
                cut.sight = self.sight.part(first, self._runs, cut._runs)
        return cut

    def worded(self, *, elides: bool) -> Worded:
        """Give the words with their places.

        A word is letters with the apostrophes and hyphens between them, or digits, or a run of a script
        without spaces; where the language `elides`, an apostrophe parts two words. They are in lower case,
        but for the rare text that lower case makes longer.
        """
        if self._is_simple():
            words, borders, joins = pieces.joined(self.lower, self.runs, self.borders, elides=elides)
        else:
            joins = None
            text = self.lower if len(self.lower) == len(self.text) else self.text
            parts = (_WORD_ASCII[elides] if text.isascii() else _word(elides=elides)).split(text)
            words, borders = parts[1::2], list(accumulate(map(len, parts[:-1])))
        return Worded(words, [place + self.offset for place in borders] if self.offset else borders, joins)

    def _is_simple(self) -> bool:
        """Tell whether its words are its pieces, but for joints: none is a run, or of letters and digits."""
        if self.runs_on or len(self.lower) != len(self.text):
            return False
        if self.notes >= 0:
            return not self.notes & MIXED
        runs = self.runs
        is_lettered = "".join(runs).isalpha()
        return is_lettered or all(map(str.isdecimal, compress(runs, map(not_, map(str.isalpha, runs)))))

    @property
    def bare(self) -> str:
        """Give it in lower case, with a blank for each character that is neither a letter nor a digit."""
        if self._bare is None:
            self._bare = pieces.bare(self.lower)
        return self._bare

    @property
    def runs(self) -> list[str]:
        """Give its runs of letters and digits in lower case."""
        if self._runs is None:
            self._runs = self.bare.split()
        return self._runs

    @property
    def borders(self) -> list[int]:
        """Give the place in this stretch where each of these begins and ends, in turn."""
        if self._borders is None:
            self._borders = pieces.borders(self.bare)
        return self._borders

    @property
    def tokens(self) -> list[str]:
        """Give runs of letters and digits in lower case; Chinese and Japanese ones keep marks in them."""
        if self._tokens is None:
            self._tokens = _token().findall(self.lower) if self.runs_on else self.runs
        return self._tokens

    @property
    def distinct(self) -> frozenset[str]:
        """Give each token once."""
        if self._distinct is None:
            self._distinct = frozenset(self.tokens)
        return self._distinct

    @property
    def beyond_ascii(self) -> str:
        """Give its characters that are not of ASCII, which are few where letters are Latin ones."""
        if self._beyond_ascii is None:
            self._beyond_ascii = "" if self.text.isascii() else pieces.beyond_ascii(self.text)
        return self._beyond_ascii

    @property
    def runs_on(self) -> bool:
        """Tell whether there may be tokens of a script without spaces."""
        if self._runs_on is None:
            self._runs_on = _RUN_ON.search(self.beyond_ascii.lower()) is not None
        return self._runs_on

    @property
    def quotes(self) -> list[tuple[int, int]]:
        """Tell where something stands in quotation marks or in code."""
        if self._quotes is None:
            self._quotes = quoted(self.text)
        return self._quotes


class Text:
    """One text; of a very long one only both ends are ever looked at."""

    __slots__ = ("ends", "text")

    def __init__(self, text: str, longest: int = LONGEST) -> None:
        self.text = text
        half = longest // 2
        self.ends: tuple[Stretch, ...] = (
            (Stretch(text),)
            if len(text) <= longest
            else (Stretch(text[:half]), Stretch(text[-half:], len(text) - half))
        )

    def __len__(self) -> int:
        return len(self.text)

    @property
    def beyond_ascii(self) -> str:
        """Give the characters of both ends that are not of ASCII."""
        return "".join([end.beyond_ascii for end in self.ends])

    def stretch(self, start: int, end: int) -> Stretch:
        """Take what stands between two places; the whole of a short text is read once for all who ask."""
        if start == 0 and end == len(self.ends[0].text):
            return self.ends[0]
        if len(self.ends) == 1:
            return self.ends[0].part(start, end)
        return Stretch(self.text[start:end], start)

    def head(self, longest: int) -> Stretch:
        """Take so many characters from the beginning; those of a short text are read once for all who ask."""
        first = self.ends[0]
        return first if len(self.text) <= min(longest, len(first.text)) else self.stretch(0, longest)

    def lowered(self, end: int) -> str:
        """Give the text up to that place in lower case."""
        first = self.ends[0]
        return first.lower[:end] if end <= len(first.text) or len(self.ends) == 1 else self.text[:end].lower()
