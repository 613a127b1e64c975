"""Numerals are numbers as they are written in digits, in words and in Chinese characters."""

import re
from collections.abc import Container

from gateway.drift.language import Language

LONGEST = 15
"""Digits of a number that are read: so many a float holds exactly."""
_LEAST_PHONE = 7
HAN = re.compile("[〇一二三四五六七八九十百千万两]+")
HAN_DIGITS = {letter: n for n, letter in enumerate("〇一二三四五六七八九")} | {"两": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Numerals:
    """The number words of one language."""

    def __init__(self, language: Language) -> None:
        self.words = language.numbers.every
        """Number words with their values."""
        self.units: Container[str] = ()
        """Words of units, which may hang on a number by a hyphen."""
        self._thousand = next((word for word, n in self.words.items() if n == 1000), "")
        if not language.numbers.hundred:
            self._thousand = ""
        self.scales = {word: n for word, n in self.words.items() if n in (100, 1000, 1_000_000)}
        joins = "|".join(language.figures.joins.split())
        self._join = re.compile(rf"[ \u00a0-](?:(?:{joins})[ \u00a0])?" if joins else r"[ \u00a0-]")
        self._ones = frozenset(language.numbers.one.split())
        self._least = 20 if 11 in self.words.values() else 10
        """Units follow tens from here on: where eleven has no word of its own, they follow ten, too."""

    def spelled_out(self, *, spaced: bool) -> re.Pattern[str] | None:
        """Match number words in a script whose words are not looked up each by itself."""
        words = [word for word in self.words if word[0] > "\u2fff"]
        if not words or not spaced:
            return None
        some = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        return re.compile(rf"(?<!\w)(?:{some})(?!\w)")

    def scaled(self, lower: str, at: int, value: float) -> tuple[float, int]:
        """Multiply digits by the word behind them, as in "3 thousand", and give where both end."""
        if not self.scales or lower[at : at + 1] != " ":
            return value, at
        word = _WORD.match(lower, at + 1)
        if word and (scale := self.scales.get(word[0])):
            return value * scale, word.end()
        return value, at

    def spoken(self, lower: str, start: int) -> tuple[float, int]:
        """Put the words of one number together: "four hundred and two"."""
        total = current = 0
        end = at = start
        while match := _WORD.match(lower, at):
            n, stop = self._word(match)
            if n is None and at > start and current % 10 == 0 and match[0] in self._ones:
                n = 1
            if n is None or (at > start and not _goes_on(total, current, n, self._least)):
                break
            if n >= 1000:
                total, current = total + max(current, 1) * n, 0
            elif n == 100:
                current = max(current, 1) * 100
            else:
                current = current * 100 + n if 13 <= current <= 20 and n >= 10 else current + n
            end = stop
            join = self._join.match(lower, end)
            if join is None:
                break
            at = join.end()
        if end == start:
            match = _WORD.match(lower, start)
            end = match.end() if match else start + 1
        return total + current, end

    def reads(self, word: str) -> int | None:
        """Give the value of a word, of one that is written as one, or of one that a unit hangs on.

        Such as "neuntausendachthundert" and "twelve-week".
        """
        if (n := self.words.get(word)) is not None:
            return n
        if self._thousand and self._thousand in word:
            before, _, behind = word.partition(self._thousand)
            many, rest = (
                self.words.get(part) if part else default for part, default in ((before, 1), (behind, 0))
            )
            if many is not None and rest is not None:
                return many * 1000 + rest
        first, hyphen, unit = word.partition("-")
        return self.words.get(first) if hyphen and unit in self.units else None

    def _word(self, match: re.Match[str]) -> tuple[int | None, int]:
        """Give the value of a word and its end, without the unit that hangs on it."""
        word = match[0]
        n, end = self.reads(word), match.end()
        is_hung = n is not None and word not in self.words and "-" in word
        return n, match.start() + word.index("-") if is_hung else end


def _goes_on(total: int, current: int, n: int, least: int) -> bool:
    if not current:
        # Behind a thousand its rest follows: "тысяча двести".
        return 0 < n < total
    if n >= 100:
        return 0 < current < n
    if current % 100 == 0 and current:
        return True
    return (current % 10 == 0 and current >= least and n < 10) or (
        (current in (60, 80) and n < 20) or (13 <= current <= 20 and n >= 10)
    )


def value(digits: str, decimal: str) -> float:
    """Read digits with what groups them; `decimal` is the mark before a fraction."""
    if digits.isdecimal():
        return int(digits[:LONGEST])
    last = max(digits.rfind("."), digits.rfind(","))
    tail = len(digits) - last - 1
    is_last = last >= 0 and digits[last + 1 :].isdecimal()
    is_decimal = is_last and (tail != 3 or (digits[last] == decimal and digits.count(digits[last]) == 1))
    whole = re.sub(r"\D", "", digits[:last] if is_decimal else digits)[:LONGEST]
    read = float(f"{whole or 0}.{digits[last + 1 :][:LONGEST]}" if is_decimal else whole)
    return int(read) if read == int(read) else read


def is_phone(text: str) -> bool:
    """Tell whether groups of digits are many enough for a telephone."""
    digits = sum(map(str.isdecimal, text))
    groups = re.split(r"\D", text)
    return digits >= _LEAST_PHONE and (text[0] == "0" or len(groups) > 2 or len(groups[0]) > 3)


def han(run: str) -> float:
    """Read a number in Chinese characters."""
    run = run[:LONGEST]
    total = part = digit = 0
    for letter in run:
        if letter in HAN_DIGITS:
            digit = digit * 10 + HAN_DIGITS[letter] if digit else HAN_DIGITS[letter]
        elif letter == "万":
            total, part, digit = total + ((part + digit) or 1) * 10_000, 0, 0
        else:
            part, digit = part + (digit or 1) * _HAN_SCALES[letter], 0
    return total + part + digit
