"""Tell whether an answer is in a language that its persona does not speak."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Set
from itertools import accumulate
from typing import NamedTuple

from gateway.drift.language import Language, Languages
from gateway.drift.lazily import lazily
from gateway.drift.rules import identifier
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.identifier import UNTOLD, leanings
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.words import fold
from gateway.drift.scripts import LATIN, SCRIPTS, UPPER, beyond, leading
from gateway.drift.sentences import Sentence

LEAST_WORDS = 3
"""Words that a part needs for its language to be told."""
LEAST_GLYPHS = 6
"""Letters of a script without blanks that it needs."""
EVEN, BREADTH = 34.0, 7.0
"""Log odds at which another language is as likely as not, and how fast that changes."""
CLEAR = -8.0
"""The same, over the words of a sentence, at which it is in ours for sure, whatever stands between them."""
SCARCE, SCANT = 15.0, 5
"""Each word below so many adds this to the former."""
SHORT, MOST = 6, 0.6
"""Words of a short sentence, and the share of small words of ours from which on it is ours."""
_NAME = lazily(r"(?<=[^.!?…:\n\s\"“„«¿¡(])\s+([" + UPPER + r"][\w'’-]*)")
LEAST_BORROWED = 8
"""Letters of a borrowed script that it takes to be the lender's language."""
_SPACED = lazily(r"[^\W\d_]{2,}")


class Lender(NamedTuple):
    """Tells a language from one that borrows its script beside its own, as Japanese does."""

    script: str
    letters: re.Pattern[str]
    small: re.Pattern[str]
    own: re.Pattern[str]
    """Letters that only the borrower has."""

    @classmethod
    def of(cls, allowed: Set[str], languages: Languages) -> "Lender | None":
        """Find who lends a script to a language that is allowed, and is not allowed; `None`: nobody."""
        for code in sorted(allowed & languages.keys()):
            writing = languages[code].writing
            for one in languages.values():
                script = one.script
                if one.code not in allowed and one.writing.small and script in writing.scripts[1:]:
                    letters = beyond(frozenset({LATIN, *(any_.name for any_ in SCRIPTS)} - {script}))
                    return cls(script, letters, _any_of(one.writing.small), _any_of(writing.unless))
        return None

    def has_written(self, part: str, script: str | None) -> bool:
        """Tell whether a part of several of its letters, and none of the borrower's, has its small words."""
        return (
            script == self.script
            and self.own.search(part) is None
            and len(self.letters.findall(part)) >= LEAST_BORROWED
            and self.small.search(part) is not None
        )


def _any_of(letters: str) -> re.Pattern[str]:
    return re.compile(f"[{letters}]" if letters else "(?!)")


class Spoken:
    """The languages that a persona is allowed to speak, made ready to be looked for."""

    def __init__(self, allowed: Set[str], basis: str, languages: Languages) -> None:
        self.allowed, self.basis = frozenset(allowed), basis
        self.scripts = languages.scripts(allowed)
        known, near = identifier.packaged().languages, allowed | languages.alike(allowed)
        self.ours = [at for at, one in enumerate(known) if one in allowed]
        self.theirs = [at for at, one in enumerate(known) if one not in near]
        self.is_told = bool(self.ours) and not self.scripts.isdisjoint({"latin", "cyrillic"})
        self.lender = Lender.of(allowed, languages)
        """The letters of another language that it is written in, too, must be told from its own."""
        self.leanings = leanings(tuple(self.ours), tuple(self.theirs))
        self._strange = beyond(self.scripts)
        self.own = frozenset(
            word for code in allowed if code in languages for word in _small(languages[code])
        )

    def foreign(self, reading: Marked) -> Iterator[Finding]:
        """The sentences of an answer that are in none of the languages."""
        return _foreign(self, reading, self.likely(reading))

    def likely(self, reading: Marked) -> list[Sentence]:
        """The sentences of which their words, each by itself, do not say already that they are in ours."""
        text, sentences = reading.text, reading.sentences
        # No letter of ASCII is strange where Latin ones are ours.
        seen = reading.read.beyond_ascii if LATIN in self.scripts else text
        if self._strange.search(seen) is not None:
            return sentences
        if not self.is_told:
            return sentences if self.lender is not None and self.lender.small.search(text) else []
        starts = reading.read.borders[::2]
        words = reading.read.runs
        each = self.leanings.of(words)
        for low, high in reading.quotes:
            for at in range(bisect_left(starts, low), bisect_left(starts, high, hi=len(each))):
                each[at] = 0.0
        leaning = list(accumulate(each, initial=0.0))
        found, last = [], 0
        for one in sentences:
            first, last = last, bisect_left(starts, one.end, last, len(each))
            if last - first < LEAST_WORDS or leaning[last] - leaning[first] <= CLEAR:
                continue
            if UNTOLD in each or self.leanings.together(words[first:last]) > CLEAR:
                found.append(one)
        return found


def _foreign(spoken: Spoken, reading: Marked, likely: list[Sentence]) -> Iterator[Finding]:
    basis, scripts = spoken.basis, spoken.scripts
    text = reading.text
    parts = [(one.start, one.end) for one in likely if not _is_aside(reading, one.start, one.end)]
    latin: list[tuple[int, int]] = []
    for start, end in parts:
        if not _is_prose(text[start:end]):
            continue
        written = leading(text[start:end]) if not text.isascii() else "latin"
        if spoken.lender is not None and spoken.lender.has_written(text[start:end], written):
            yield Finding("language", 0.95, start, end, basis)
        elif written is None or written in scripts:
            latin.append((start, end))
        elif _is_enough(text[start:end], written):
            yield Finding("language", 0.97, start, end, basis)
    if not latin or not spoken.is_told:
        return
    read = [(part, _words(reading, part)) for part in latin]
    worded = [(part, words) for part, words in read if len(words) >= LEAST_WORDS]
    if not worded:
        return
    margins = _margins(spoken, [words for _, words in worded])
    suspects = [(*one, margin) for one, margin in zip(worded, margins, strict=True) if margin > 0]
    # A foreign name must not decide, nor may its absence: both ways have to say the same.
    bare = [_words(reading, part, names=False) for part, _, _ in suspects]
    others = _margins(spoken, bare) if bare else []
    for ((start, end), words, margin), left, other in zip(suspects, bare, others, strict=True):
        if len(set(left)) >= LEAST_WORDS and not _is_ours(spoken, set(words)):
            even = EVEN + SCARCE * max(0, SCANT - len(set(words)))
            strength = 0.97 / (1 + math.exp((even - min(margin, other)) / BREADTH))
            yield Finding("language", round(strength, 3), start, end, basis)


def _small(language: Language) -> set[str]:
    """Give the small words of a language, its days and months and numbers."""
    figures, told = language.figures, language.numbers
    dated = f"{figures.weekdays} {figures.months} {told.spelled}".replace("/", " ").split()
    stop = language.rules.stop.split() if language.rules is not None else []
    return {fold(word) for word in (*dated, *told.words, *stop, *language.words.stop.split())}


def _is_ours(spoken: Spoken, words: set[str]) -> bool:
    """Tell whether most of a short sentence are small words of ours, which letters alone may not tell."""
    return len(words) <= SHORT and sum(fold(word) in spoken.own for word in words) > MOST * len(words)


def _margins(spoken: Spoken, parts: list[list[str]]) -> list[float]:
    """By part: the log odds of the likeliest of the other languages against the likeliest of ours."""
    scores = identifier.log_odds(identifier.packaged(), [" ".join(part) for part in parts])
    best: list[float] = (scores[:, spoken.theirs].max(axis=1) - scores[:, spoken.ours].max(axis=1)).tolist()
    return best


def _words(reading: Marked, part: tuple[int, int], *, names: bool = True) -> list[str]:
    """The words of a part, without what is quoted; of names, only if these are wanted."""
    start, end = part
    text = reading.text
    cut = [(a, b) for a, b in reading.quotes if a < end and b > start]
    if not names:
        cut += [match.span(1) for match in _NAME.finditer(text, start, end)]
    pieces, last = [], start
    for a, b in sorted(cut):
        pieces.append(text[last : max(last, a)])
        last = max(last, b)
    pieces.append(text[last:end])
    return [word for word in identifier.plain(" ".join(pieces)).split() if len(word) > 1 or names]


def _is_aside(reading: Marked, start: int, end: int) -> bool:
    """Tell whether most of a sentence is a quotation or code."""
    inside = sum(min(end, b) - max(start, a) for a, b in reading.quotes if a < end and b > start)
    return inside > 0.5 * (end - start)


def _is_prose(part: str) -> bool:
    """Tell whether most of it are letters, as it is not in sums and tables."""
    return sum(map(str.isalpha, part)) >= 0.6 * len("".join(part.split()))


def _is_enough(part: str, written: str) -> bool:
    if written in ("kana", "han", "thai", "hangul"):
        return sum("\u0e00" <= letter <= "\ud7ff" for letter in part) >= LEAST_GLYPHS
    return len(_SPACED.findall(part)) >= LEAST_WORDS
