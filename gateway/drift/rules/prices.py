"""Prices are read in an answer, in digits and in words, and held against those that are stored."""

import re
from bisect import bisect_left, bisect_right

from gateway.drift.lazily import lazily
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.sums import NO_SUMS, Sums
from gateway.drift.rules.topics import Forbidden
from gateway.drift.rules.words import fold

_NUMERAL = lazily(r"[\d一二三四五六七八九十百千万億]")
"""An amount has one of these, which are quicker to look for."""
_WORD = lazily(r"[^\W\d_]+")
_ANY = lazily(r"\d(?:[\d.,]*\d)?")
_SCALES = frozenset({20, 100, 1000})
"""Numbers that a smaller one before them counts: quatre-vingts, two hundred."""
MONTHS = 12
LONG, MANY, SUMMED = 9, 31, 24
"""Digits of an amount, how often a stored one may be counted, and how many of them are put together."""
_PARTS = lazily(r"\d[.,]\d\d(?!\d)")
"""Whole ones with their hundredths."""
_COUNT = lazily(r"(?<!\d)\d{1,2}(?!\d)")


def is_new(rule: Forbidden, asked: Marked, answer: Marked, start: int, end: int) -> bool:
    """Tell whether a number is said that neither the prompt nor the user has, in digits or in words."""
    told = [re.sub(r"\D", "", match[0]) for match in _ANY.finditer(answer.text, start, end)]
    told += [str(value) for value in _in_words(answer, start, end) if value > 1]
    theirs = asked.digits
    is_worded = answer.phrasebook.worded.search(answer.text, start, end) is not None
    return is_worded or any(one not in rule.digits and one not in theirs for one in told)


def _in_words(answer: Marked, start: int, end: int) -> list[int]:
    """Read the numbers in words, several together as one: "a hundred and twenty"."""
    counts, ands = answer.phrasebook.counts, answer.phrasebook.ands
    found: list[int] = []
    is_open = False
    for match in _WORD.finditer(answer.text, start, end):
        word = fold(match[0])
        value = counts.get(word)
        if value is None:
            is_open = is_open and word in ands
            continue
        last = found[-1] if found and is_open else 0
        if last and value in _SCALES and last < value:
            found[-1] = last * value
        elif last and value < last and (last % 100 == 0 or (last % 10 == 0 and value < 10) or last % 20 == 0):
            found[-1] = last + value
        else:
            found.append(value)
        is_open = True
    return found


def follows(match: re.Match[str], asked: Marked, answer: Marked, known: frozenset[str]) -> bool:
    """Tell whether an amount is what stored ones come to: two at six hundred, or one beside the other."""
    value = _cents(match[0])
    if not value:
        return False
    if answer.sums is None:
        answer.sums = _sums(asked, answer, known)
    return answer.sums.have(value)


def are_reckoned(
    rule: Forbidden, asked: Marked, answer: Marked, start: int, end: int, known: frozenset[str]
) -> bool:
    """Tell whether the numbers in words there are told already, or come from stored amounts."""
    told = _in_words(answer, start, end)
    if answer.sums is None:
        answer.sums = _sums(asked, answer, known)
    theirs, sums = _counts(asked), answer.sums
    return bool(told) and all(
        str(one) in rule.digits or str(one) in asked.digits or one in theirs or sums.have(one * 100)
        for one in told
    )


def _sums(asked: Marked, answer: Marked, known: frozenset[str]) -> Sums:
    """Work out what stored amounts come to, with the numbers of both texts; nothing of too many."""
    stored = {one for text in known if (one := _cents(text))}
    if not stored or len(stored) > SUMMED:
        return NO_SUMS
    several = frozenset(k for k in _counts(asked) | _counts(answer) | {MONTHS} if 1 < k <= MANY)
    many = frozenset(one * k for one in stored for k in several)
    pairs = frozenset(a + b for a in stored for b in stored if a != b)
    return Sums({}, several, many, frozenset(stored | many), pairs)


def _cents(amount: str) -> int:
    """Read an amount in hundredths; nothing for one of too many digits."""
    digits = re.sub(r"\D", "", amount)
    if not 0 < len(digits) <= LONG:
        return 0
    return int(digits) * (1 if _PARTS.search(amount) else 100)


def _counts(reading: Marked) -> set[int]:
    """Give the numbers of a text, in digits and in words."""
    told = {int(match[0]) for match in _COUNT.finditer(reading.text)}
    words = reading.phrasebook.counts
    return told | {words[one] for match in _WORD.finditer(reading.text) if (one := fold(match[0])) in words}


def prices(answer: Marked) -> list[re.Match[str]]:
    """Give the amounts of an answer, which are looked for once for all rules."""
    if answer.amounts is None:
        is_there = _NUMERAL.search(answer.text) is not None
        answer.amounts = list(answer.phrasebook.amount.finditer(answer.text)) if is_there else []
    return answer.amounts


def within(answer: Marked, start: int, end: int) -> list[re.Match[str]]:
    """Give those of them between two places; of the thousands in a long text it looks at these alone."""
    found = prices(answer)
    first = bisect_left(found, start, key=re.Match.start)
    last = bisect_right(found, end, first, key=re.Match.start)
    return [match for match in found[first:last] if match.end() <= end]


def are_stored(answer: Marked, start: int, end: int, known: frozenset[str]) -> bool:
    """Tell whether all that is said there is told with stored prices: `from 39 € on delivery is free`."""
    said = [one[0].replace(" ", "") for one in within(answer, start, end)]
    return bool(said) and all(one in known for one in said)
