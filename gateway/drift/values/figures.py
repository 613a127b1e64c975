"""A figure is a number with what it counts: a price, a time, a length of time, a label such as "room 412"."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.drift.language import Language
from gateway.drift.tables import Figures as Words

TIME, YEAR, DATE, PHONE, PERCENT, WEEKDAY = "time", "of-the-calendar", "date", "phone", "percent", "weekday"
NUMBER, LABEL, NOUN = "number", "label:", "n:"
UNCOUNTED = frozenset({TIME, DATE, PHONE, WEEKDAY})
"""Kinds that count nothing."""
_STEM = 5
_DIGITS = re.compile(r"(?:\d{1,3}(?:[.,'’\u202f\u00a0 ]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,]\d+)?)")
_PHONE = re.compile(r"\d{2,6}(?:[ \-/]\d{2,6}){1,5}(?!\d)")
_CLOCK = re.compile(r"([01]?\d|2[0-4])[:：]([0-5]\d)(?![\d:])")
_DOTTED = re.compile(r"([01]?\d|2[0-4])\.([0-5]\d)(?![\d.])")
_LONGEST = 15
"""Digits of a number that are looked at."""
_LEAST_PHONE, _FIRST_YEAR, _LAST_YEAR = 7, 1200, 2100
_LEAD = re.compile(r"([^\W\d_]{3,})[ \u00a0](?:#|no\.? ?|nr\.? ?)?([A-Z]{1,3}-?)?$")
_TAIL, _CENTURY = re.compile(r"(?<!\w)['’]$"), 1900
"""A year without its century: '44."""
_MINUTES = re.compile(r" (past|to) ([a-z]+)")
_NOUN = re.compile(r"[ \u00a0-]{0,2}([^\W\d_]{2,})")
_COUNTER = re.compile("([\u4e00-\u9fff])")
"""What a number counts where words run on: the letter behind it."""
_SIGN = 8
"""Characters before a number that its sign stands in; in some languages it is a word: "yüzde 3"."""
_APOSTROPHES = frozenset("'’")
"""What stands between a year and its ending, as in "2009'da"."""
_RANGE = re.compile(r"\s{0,2}(?:[–—~〜～-]|から|より)\s{0,2}")
_HAN = re.compile("[〇一二三四五六七八九十百千万]+")
_HAN_DIGITS = {letter: n for n, letter in enumerate("〇一二三四五六七八九")}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "year": 12}
_MEASURES = frozenset({"percent", "tenth", "kg", "km", "cm"})
MOST = 24
"""Figures of one text that are read."""


class Figure(NamedTuple):
    """One figure and where it stands."""

    kind: str
    """`time` in minutes of a day, `of-the-calendar` for a year, `date` as month and day, `phone`, `percent`,
    `weekday` from 1, a currency, a stretch of time, `label:` or `n:` with the stem of the word, `number`."""
    value: float | str
    start: int
    end: int
    is_range: bool = False
    """It is one end of a range."""
    stop: int = 0
    """The end of the number itself, without what it counts."""

    @property
    def length(self) -> tuple[str, float] | None:
        """Give a stretch of time in seconds or months, so that a week is seven days."""
        if isinstance(self.value, str):
            return None
        if self.kind in _SECONDS:
            return "s", self.value * _SECONDS[self.kind]
        return ("m", self.value * _MONTHS[self.kind]) if self.kind in _MONTHS else None


class Reader:
    """It reads figures as they are written and spoken in one language."""

    def __init__(self, language: Language, shared: Words) -> None:
        own = language.figures
        self.decimal = own.decimal
        self.units = {
            word: kind
            for words in (shared.units, own.units)
            for kind, some in words.items()
            for word in some.split()
        }
        self._prefixed = {word[:-1]: kind for word, kind in self.units.items() if word.endswith("*")}
        self.signs = {
            word: kind
            for signs in (shared.signs, own.signs)
            for kind, some in signs.items()
            for word in some.split()
        }
        self.currencies = frozenset(
            {*self.units.values(), *self.signs.values()} - _SECONDS.keys() - _MONTHS.keys() - _MEASURES
        )
        signs = "|".join(map(re.escape, self.signs)) or "(?!)"
        self._sign_ends = frozenset(sign[-1] for sign in self.signs)
        self._sign_before = re.compile(rf"({signs})\s?$")
        self._sign_after = re.compile(rf"[\s\u00a0\u202f]?({signs})")
        glued = sorted((w for w in self.units if w[0] > "\u2e80"), key=len, reverse=True)
        self._glued = re.compile("|".join(glued) or "(?!)")
        self.words = numbers(language)
        """Number words with their values."""
        self.scales = {word: n for word, n in self.words.items() if n in (100, 1000, 1_000_000)}
        joins = "|".join(own.joins.split())
        self._join = re.compile(rf"[ \u00a0-](?:(?:{joins})[ \u00a0])?" if joins else r"[ \u00a0-]")
        self._word = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
        self._oclock = _pattern(own.oclock)
        self._hour = _pattern(own.hour)
        self._halves = [(minutes, _pattern(text, "$")) for text, minutes in own.past.items()]
        self._leads = tuple(own.past) if all(map(_is_plain, own.past)) else ("",)
        self._after = [(minutes, _pattern(text)) for text, minutes in own.then.items()]
        self._to = _between(own.to)
        self._beside = _between(own.beside)
        self._ones = frozenset(language.numbers.one.split())
        self._minutes = {word: sign for word, sign in (("past", 1), ("to", -1)) if language.code == "en"}
        self.reads_glyphs = "han" in language.writing.scripts
        """Numbers stand in runs of letters, where no word is one."""
        self.weekdays = _ordered(own.weekdays)
        self.months = _ordered(own.months)
        self.dated = self.weekdays.keys() | self.months.keys()
        """Words that have a capital in some languages and are no names."""
        self._month_after = _names(self.months, r"\.?(?:\s|\s?de\s|\s?d['’])\s?(%s)(?!\w)")
        self._month_ends = frozenset(month[-1] for month in self.months) | {"."}
        self._month_before = _names(self.months, r"(?<!\w)(%s)\.?\s$")
        self.weekday = _names(self.weekdays, r"(?<!\w)(%s)(?!\w)" if language.writing.spaced else "(%s)")
        self._stop = frozenset((own.joins + " " + language.words.stop + " " + own.no_labels).split())
        self.hours = _pattern(own.hours)

    def read(self, text: str, lower: str, hits: Sequence[tuple[int, int, int]], offset: int) -> list[Figure]:
        """Read what begins at the numbers that were found; places are those in the whole text."""
        found: list[Figure] = []
        past = 0
        starts = [start - offset for _, start, _ in hits]
        if self.reads_glyphs and not text.isascii():
            starts = sorted({*starts, *(match.start() for match in _HAN.finditer(text))})
        for start in starts:
            if start < past:
                continue
            figure = self._at(text, lower, start)
            if figure is not None:
                past = figure.end
                found.append(figure)
                if len(found) >= MOST:
                    break
        return _moved(self._ranged(text, found), offset)

    def days(self, text: str, lower: str, offset: int) -> list[Figure]:
        """Read the days of the week that are named."""
        if not any(map(lower.__contains__, self.weekdays)):
            return []
        found = [Figure(WEEKDAY, self.weekdays[m[1]], *m.span(1)) for m in self.weekday.finditer(lower)]
        return _moved(self._ranged(text, found[:MOST]), offset)

    def _at(self, text: str, lower: str, start: int) -> Figure | None:
        if text[start].isdecimal():
            return self._digits(text, lower, start)
        if text[start] in _HAN_DIGITS or text[start] in "十百千万":
            run = _HAN.match(text, start)
            if run is None:
                return None
            value = _han(run[0])
            figure = self._counted(text, lower, start, run.end(), value)
            return None if figure.kind == NUMBER and len(run[0]) == 1 else figure
        value, end = self._spoken(lower, start)
        return self._counted(text, lower, start, end, value)

    def _spoken(self, lower: str, start: int) -> tuple[float, int]:
        """Put the words of one number together: "four hundred and two"."""
        total = current = 0
        end = at = start
        while match := self._word.match(lower, at):
            n = self.words.get(match[0])
            if n is None and at > start and current % 10 == 0 and match[0] in self._ones:
                n = 1
            if n is None or (at > start and not _goes_on(current, n)):
                break
            if n >= 1000:
                total, current = total + max(current, 1) * n, 0
            elif n == 100:
                current = max(current, 1) * 100
            else:
                current = current * 100 + n if 13 <= current <= 20 and n >= 10 else current + n
            end = match.end()
            join = self._join.match(lower, end)
            if join is None:
                break
            at = join.end()
        if end == start:
            match = self._word.match(lower, start)
            end = match.end() if match else start + 1
        return total + current, end

    def _digits(self, text: str, lower: str, start: int) -> Figure:
        if match := _CLOCK.match(text, start):
            return self._time(lower, start, match.end(), int(match[1]) * 60 + int(match[2]))
        is_phone = (match := _PHONE.match(text, start)) is not None and _is_phone(match[0])
        if match is not None and is_phone and not self._sign_after.match(text, match.end()):
            return Figure(PHONE, re.sub(r"\D", "", match[0]), start, match.end())
        if self.decimal == "," and (match := _DOTTED.match(text, start)):
            is_counting = self._unit(text, lower, match.end()) and not self._oclock.match(lower, match.end())
            if not is_counting and not self._sign(text, start):
                return self._time(lower, start, match.end(), int(match[1]) * 60 + int(match[2]))
        match = _DIGITS.match(text, start)
        if match is None:
            return Figure(NUMBER, 0, start, start + 1)
        value, end = _value(match[0], self.decimal), match.end()
        if len(match[0]) == 2 and _TAIL.search(text, max(0, start - 2), start):
            return Figure(YEAR, _CENTURY + value, start, end)
        if start and text[start - 1] == "." and (start == 1 or not text[start - 2].isalnum()):
            value = value / 10 ** min(len(match[0]), _LONGEST)
        word = self._word.match(lower, end + 1) if lower[end : end + 1] == " " else None
        if word and (scale := self.scales.get(word[0])):
            value, end = value * scale, word.end()
        return self._counted(text, lower, start, end, value)

    def _counted(self, text: str, lower: str, start: int, end: int, value: float) -> Figure:
        """Say what the number counts."""
        kind, told, first, last, is_range, _ = self._known(text, lower, start, end, value)
        return Figure(kind, told, first, last, is_range, end)

    def _known(self, text: str, lower: str, start: int, end: int, value: float) -> Figure:
        if clocked := self._clocked(lower, start, end, value):
            return clocked
        if value <= 24 and (hour := self._hour.match(lower, end)):
            minutes = int(hour[1]) if hour.lastindex and hour[1] else 0
            if hour.lastindex and not hour[1] and hour.re.groups > 1 and hour[2]:
                minutes = int(_han(hour[2]))
            return self._time(lower, start, hour.end(), int(value) * 60 + minutes)
        if match := self._sign(text, start):
            return Figure(self.signs[match[1]], value, match.start(1), end)
        if match := self._sign_after.match(text, end):
            return Figure(self.signs[match[1]], value, start, match.end())
        if value <= 31 and (match := self._month_after.match(lower, end)):
            return Figure(DATE, self.months[match[1]] * 100 + value, start, match.end())
        is_dated = value <= 31 and lower[max(0, start - 2) : start - 1] in self._month_ends
        if is_dated and (match := self._month_before.search(lower, max(0, start - 14), start)):
            return Figure(DATE, self.months[match[1]] * 100 + value, match.start(), end)
        if unit := self._unit(text, lower, end):
            kind, behind = unit
            if kind == "tenth":
                kind, value = PERCENT, value * 10
            return Figure(kind, value, start, behind)
        lead = _LEAD.search(text, max(0, start - 24), start)
        word = lead[1].lower() if lead else ""
        is_named = lead is not None and word not in self._stop and word not in self.words
        noun = (_COUNTER if self.reads_glyphs else _NOUN).match(lower, end)
        is_counting = noun is not None and noun[1] not in self._stop and noun[1] not in self.words
        is_year = _FIRST_YEAR <= value <= _LAST_YEAR and value == int(value)
        if is_year and (text[end : end + 1] in _APOSTROPHES or self.units.get(word) == "year"):
            return Figure(YEAR, value, start, end)
        if lead is not None and is_named and (lead[2] or not is_counting):
            code = f"{lead[2] or ''}{text[start:end]}" if text[start].isdecimal() else f"{value:g}"
            return Figure(LABEL + word[:_STEM], code.lower(), start - len(lead[2] or ""), end)
        if is_year:
            return Figure(YEAR, value, start, end)
        if noun is not None and is_counting:
            return Figure(NOUN + noun[1][:_STEM].rstrip("s"), value, start, noun.end())
        return Figure(NUMBER, value, start, end)

    def _sign(self, text: str, start: int) -> re.Match[str] | None:
        """Find the sign of a unit before a number, with a blank between them or none."""
        at = start - 2 if text[start - 1 : start].isspace() else start - 1
        if at < 0 or text[at] not in self._sign_ends:
            return None
        return self._sign_before.search(text, max(0, start - _SIGN), start)

    def _clocked(self, lower: str, start: int, end: int, value: float) -> Figure | None:
        """Read "half past nine", "neun Uhr", "a las nueve y media", "twenty to three", "7 pm"."""
        if value > 24 or value != int(value):
            return None
        whole = int(value)
        is_led = lower.endswith(self._leads, max(0, start - 20), start)
        for minutes, pattern in self._halves if is_led else ():
            if match := pattern.search(lower, max(0, start - 20), start):
                return self._time(lower, match.start(), end, whole * 60 + minutes)
        for minutes, pattern in self._after:
            if match := pattern.match(lower, end):
                return self._time(lower, start, match.end(), whole * 60 + minutes)
        if self._minutes and (match := _MINUTES.match(lower, end)):
            hour = self.words.get(match[2], 99)
            if whole in (5, 10, 20, 25) and hour <= 12 and not self._unit(lower, lower, match.end()):
                return Figure(TIME, hour * 60 + self._minutes[match[1]] * whole, start, match.end())
        if match := self._oclock.match(lower, end):
            return self._time(lower, start, match.end(), whole * 60, match[0])
        return None

    def _time(self, lower: str, start: int, end: int, minutes: int, said: str = "") -> Figure:
        said = said or (match[0] if (match := self._oclock.match(lower, end)) else "")
        end = end if not said or lower[:end].endswith(said) else end + len(said)
        if "p" in said and said.strip(" .").startswith("p") and minutes < 720:
            minutes += 720
        return Figure(TIME, float(minutes), start, end)

    def _unit(self, text: str, lower: str, end: int) -> tuple[str, int] | None:
        """Find the unit behind a number, with at most one word between: "two working days"."""
        if match := self._glued.match(text, end):
            return self.units[match[0]], match.end()
        at = end
        for _ in range(2):
            noun = _NOUN.match(lower, at)
            if noun is None:
                return None
            kind = self.units.get(noun[1]) or next(
                (kind for word, kind in self._prefixed.items() if noun[1].startswith(word)), None
            )
            if kind:
                return kind, noun.end()
            if noun[1] in self._stop:
                return None
            at = noun.end()
        return None

    def _ranged(self, text: str, found: list[Figure]) -> list[Figure]:
        """Give both ends of a range what only the last one says: "9–18 Uhr", "five to seven days"."""
        for i in reversed(range(len(found) - 1)):
            one, other = found[i], found[i + 1]
            gap = text[one.end : other.start]
            is_range = len(gap) <= 12 and bool(_RANGE.fullmatch(gap) or self._to.fullmatch(gap))
            if not is_range and not (len(gap) <= 12 and self._beside.fullmatch(gap)):
                continue
            bare = one.kind == NUMBER or (is_range and one.kind.startswith((NOUN, LABEL)))
            if bare and isinstance(one.value, str) and one.value.isdecimal():
                one = one._replace(value=int(one.value[:_LONGEST]))
            if bare and other.kind not in (WEEKDAY, DATE, PHONE) and not isinstance(one.value, str):
                value = one.value * 60 if other.kind == TIME else one.value
                one = one._replace(kind=other.kind, value=value)
            elif other.kind == NUMBER and one.kind == TIME and not isinstance(other.value, str):
                other = other._replace(kind=TIME, value=other.value * 60)
            if one.kind == other.kind and is_range:
                one, other = one._replace(is_range=True), other._replace(is_range=True)
            found[i], found[i + 1] = one, other
        return found


def _moved(found: list[Figure], offset: int) -> list[Figure]:
    return [
        Figure(kind, value, start + offset, end + offset, is_range, (stop or end) + offset)
        for kind, value, start, end, is_range, stop in found
    ]


def numbers(language: Language) -> dict[str, int]:
    """Give every number word of the language."""
    told = language.numbers
    words = dict(told.words)
    for n, variants in enumerate(told.spelled.split()):
        for word in variants.split("/"):
            if word != "-":
                words[word] = n
    if told.hundred:
        small = [variants.split("/")[0] for variants in told.spelled.split()]
        for n in range(1, 10):
            for rest in range(100):
                tail = small[rest] if rest else ""
                words.setdefault((small[n] if n > 1 else "") + told.hundred + tail, n * 100 + rest)
    return words


def _goes_on(current: int, n: int) -> bool:
    if n >= 100:
        return 0 < current < n
    if current % 100 == 0 and current:
        return True
    return (current % 10 == 0 and current >= 20 and n < 10) or (
        (current in (60, 80) and n < 20) or (13 <= current <= 20 and n >= 10)
    )


def _value(digits: str, decimal: str) -> float:
    last = max(digits.rfind("."), digits.rfind(","))
    tail = len(digits) - last - 1
    is_decimal = last >= 0 and (tail != 3 or (digits[last] == decimal and digits.count(digits[last]) == 1))
    whole = re.sub(r"\D", "", digits[:last] if is_decimal else digits)[:_LONGEST]
    value = float(f"{whole or 0}.{digits[last + 1 :][:_LONGEST]}" if is_decimal else whole)
    return int(value) if value == int(value) else value


def _is_phone(text: str) -> bool:
    digits = sum(map(str.isdecimal, text))
    groups = re.split(r"\D", text)
    return digits >= _LEAST_PHONE and (text[0] == "0" or len(groups) > 2 or len(groups[0]) > 3)


def _han(run: str) -> float:
    run = run[:_LONGEST]
    total = part = digit = 0
    for letter in run:
        if letter in _HAN_DIGITS:
            digit = digit * 10 + _HAN_DIGITS[letter] if digit else _HAN_DIGITS[letter]
        elif letter == "万":
            total, part, digit = total + ((part + digit) or 1) * 10_000, 0, 0
        else:
            part, digit = part + (digit or 1) * _HAN_SCALES[letter], 0
    return total + part + digit


def _pattern(text: str, end: str = "") -> re.Pattern[str]:
    return re.compile(f"(?:{text}){end}" if text else "(?!)", re.IGNORECASE)


def _is_plain(text: str) -> bool:
    """Tell whether a pattern matches its own letters and nothing else."""
    return re.escape(text).replace("\\ ", " ") == text


def _between(text: str) -> re.Pattern[str]:
    return re.compile(rf"\s{{0,2}}(?:{text or '(?!)'})\s{{0,2}}", re.IGNORECASE)


def _ordered(text: str) -> dict[str, int]:
    return {word: n for n, some in enumerate(text.split(), 1) for word in some.split("/")}


def _names(words: dict[str, int], frame: str) -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(frame % names if names else "(?!)")
