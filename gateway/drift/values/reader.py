"""A reader finds the figures of a text as they are written and spoken in one language."""

import re
from collections.abc import Sequence

from gateway.drift import numerals
from gateway.drift.glance import TIMED
from gateway.drift.language import Language
from gateway.drift.lazily import lazily
from gateway.drift.numerals import LONGEST, Numerals
from gateway.drift.tables import Figures as Words
from gateway.drift.text import Stretch
from gateway.drift.values import frames
from gateway.drift.values.clock import Clock
from gateway.drift.values.figures import (
    DATE,
    LABEL,
    MONTHS,
    MOST,
    NOUN,
    NUMBER,
    SECONDS,
    WEEKDAY,
    YEAR,
    Figure,
    is_year,
    joined,
    moved,
    ranged,
)
from gateway.drift.values.groups import Groups
from gateway.drift.values.leads import Leads
from gateway.drift.values.periods import Periods, part
from gateway.drift.values.signs import Signs
from gateway.drift.values.units import NOUN_BEHIND, Units

_STEM = 5
_DIGITS = re.compile(r"(?:\d{1,3}(?:[.,'’\u202f\u00a0 ]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,]\d+)?)")
_RUN = re.compile(r"\d+")
_MYRIADS = lazily(r"(\d{1,4})万(\d{1,4})?(?!\d)")
"""Ten thousands and the rest, as in 5万7600."""
_COUNTER = lazily("([\u4e00-\u9fff])")
"""A number counts the letter behind it where words run on."""
_APOSTROPHES = frozenset("'’")
"""One of these stands between a year and its ending, as in "2009'da"."""
_MEASURES = frozenset({"percent", "kg", "km", "cm"})
_TAIL, _CENTURY = re.compile(r"(?<!\w)['’]$"), 1900
"""A year without its century: '44."""


class Reader:
    """It reads figures as they are written and spoken in one language."""

    def __init__(self, language: Language, shared: Words) -> None:
        own = language.figures
        self.decimal = own.decimal
        self._stop = frozenset((own.joins + " " + language.words.stop + " " + own.no_labels).split())
        self._units = Units((shared.units, own.units), self._stop)
        self._unit = self._units.behind
        self.units = self._units.kinds
        self.signs = Signs(shared.signs, own.signs)
        self._leads = Leads(f"{shared.numbered} {own.numbered}")
        self.currencies = frozenset(
            {part(kind, 1)[0] for kind in (*self._units.kinds.values(), *self.signs.kinds.values())}
            - SECONDS.keys()
            - MONTHS.keys()
            - _MEASURES
        )
        self.numerals = Numerals(language)
        self.words = self.numerals.words
        self.numerals.units = self._units.kinds
        self._clock = Clock(own, self.words, lambda lower, at: self._unit(lower, lower, at) is not None)
        self._hour = frames.pattern(own.hour)
        self.oclock = self._hour if "han" in language.writing.scripts else frames.pattern("")
        """It matches what makes an hour of a number, where that is a letter and no part of a word."""
        self.to = frames.between(own.to)
        self.beside = frames.between(own.beside)
        self._joins = re.compile(rf"\s(?:(?:{own.joins.replace(' ', '|')})\s)?" if own.joins else r"\s")
        self.periods = Periods(own.amounts, self._units.kinds, own.half)
        self.reads_glyphs = "han" in language.writing.scripts
        """Numbers stand in runs of letters, where no word is one."""
        self._spelled = self.numerals.spelled_out(spaced=language.writing.spaced)
        self._reads_runs = self.reads_glyphs or self._spelled is not None
        self.weekdays = frames.ordered(own.weekdays)
        self.months = frames.ordered(own.months)
        self.dated = self.weekdays.keys() | self.months.keys()
        """Words that have a capital in some languages and are no names."""
        self._month_after = frames.names(
            self.months, rf"\.?(?:\s|\s?(?:{own.of_month or '(?!)'}))\s?(%s)(?!\w)"
        )
        self._behind = frames.any_of(self._hour, self._month_after, *self._clock.behind)
        """Matches where one of these does: only few numbers have any of them behind them."""
        self._month_ends = frozenset(month[-1] for month in self.months) | {"."}
        self._month_before = frames.names(self.months, r"(?<!\w)(%s)\.?\s$")
        self.weekday = frames.names(self.weekdays, "(%s)" if language.is_unspaced else r"(?<!\w)(%s)(?!\w)")
        self.hours, self.spans = self._clock.hours, self._clock.spans
        patterns = self._hour, self.to, self.weekday
        self._groups = Groups(self.decimal, self._clock, self.signs, self._unit, patterns)
        told = language.rules.cues.get("sentences", "") if language.rules else ""
        self._sentences = tuple(
            NOUN + word.strip(" *")[:_STEM].rstrip("s") for word in told.split(",") if word.strip()
        )
        """Beginnings of the kinds of figures that count sentences."""
        self.bound = frames.pattern(rf"(?<!\w)(?:{own.bound})(?!\w)" if own.bound else "")
        self.bounded = frames.pattern(rf"(?<!\w)(?:{own.bound})" if own.bound else "", r"\s$")
        """They match what stands before a number up to which something holds, anywhere and right there."""
        self._shares, self._share = own.shares, frames.beginnings(own.shares, spaced=not language.is_unspaced)
        self.there, self.closed = frames.pattern(own.there), frames.pattern(own.closed)

    def unit_behind(self, lower: str, at: int) -> str:
        """Give the unit whose word stands behind a place of a text in lower case, or nothing."""
        unit = self._unit(lower, lower, at)
        return part(unit[0], 1)[0] if unit else ""

    def counts_sentences(self, figure: Figure) -> bool:
        """Tell whether a figure counts sentences, as only what says how somebody speaks does."""
        return figure.kind.startswith(self._sentences)

    def shares(self, lower: str) -> frozenset[float]:
        """Give the parts of a whole that a text in lower case names, as percentages: "a *quarter* of it"."""
        return frozenset(100 / self._shares[match[0]] for match in self._share.finditer(lower))

    def may_read(self, stretch: Stretch) -> bool:
        """Tell whether figures may stand where no number was found among the words."""
        is_timed = self.periods.is_known and bool(stretch.notes & TIMED)
        return is_timed or (self._reads_runs and not stretch.text.isascii())

    def read(self, stretch: Stretch, hits: Sequence[tuple[int, int, int]]) -> list[Figure]:
        """Read what begins at the numbers that were found; places are those in the whole text."""
        text, lower, offset = stretch.text, stretch.lower, stretch.offset
        found: list[Figure] = []
        past = 0
        starts = [start - offset for _, start, _ in hits]
        if self.reads_glyphs and not text.isascii():
            days = {match.end() - 1 for match in self.weekday.finditer(text)}
            runs = (match.start() for match in numerals.HAN.finditer(text))
            starts = sorted({*starts, *runs} - days)
        if self._spelled is not None and not text.isascii():
            starts = sorted({*starts, *(match.start() for match in self._spelled.finditer(lower))})
        short = self.periods.find(lower) if stretch.notes & TIMED else {}
        if short:
            starts = sorted({*starts, *short})
        if not starts:
            return []
        for start in starts:
            if start < past or (start in short and found and start <= past + 1):
                # "A month" behind a price says how often it is paid.
                continue
            figure = short.get(start) or self._found(text, lower, start)
            if figure is not None:
                past = figure.end
                found.append(figure)
                if len(found) >= MOST:
                    break
        found = self._clock.set(lower, found)
        found = ranged(text, joined(text, found, self.currencies, self._joins), self.to, self.beside)
        return moved(self._clock.spanned(lower, found), offset)

    def days(self, text: str, lower: str, offset: int) -> list[Figure]:
        """Read the days of the week that are named."""
        if not any(map(lower.__contains__, self.weekdays)):
            return []
        found = [Figure(WEEKDAY, self.weekdays[m[1]], *m.span(1)) for m in self.weekday.finditer(lower)]
        return moved(ranged(text, found[:MOST], self.to, self.beside), offset)

    def _found(self, text: str, lower: str, start: int) -> Figure | None:
        if text[start].isdecimal():
            return self._digits(text, lower, start)
        if text[start] in numerals.HAN_DIGITS or text[start] in "十百千万":
            run = numerals.HAN.match(text, start)
            if run is None:
                return None
            value = numerals.han(run[0])
            figure = self._counted(text, lower, start, run.end(), value)
            return None if figure.kind == NUMBER and len(run[0]) == 1 else figure
        value, end = self.numerals.spoken(lower, start)
        return self._counted(text, lower, start, end, value)

    def _digits(self, text: str, lower: str, start: int) -> Figure:
        match = _RUN.match(text, start)
        if match is not None and text[match.end() + 1 : match.end() + 2].isdecimal():
            # Only where more digits stand behind a sign is it more than one number.
            if grouped := self._groups.read(text, lower, start):
                return grouped
            match = _DIGITS.match(text, start)
        if match is None:
            return Figure(NUMBER, 0, start, start + 1)
        value, end = numerals.value(match[0], self.decimal), match.end()
        if len(match[0]) == 2 and _TAIL.search(text, max(0, start - 2), start):
            return Figure(YEAR, _CENTURY + value, start, end)
        if start and text[start - 1] == "." and (start == 1 or not text[start - 2].isalnum()):
            value = value / 10 ** min(len(match[0]), LONGEST)
        if self.reads_glyphs and (mixed := _MYRIADS.match(text, start)):
            value, end = int(mixed[1][:LONGEST]) * 10_000 + int(mixed[2] or 0), mixed.end()
        value, end = self.numerals.scaled(lower, end, value)
        return self._counted(text, lower, start, end, value)

    def _counted(self, text: str, lower: str, start: int, end: int, value: float) -> Figure:
        """Say what the number counts."""
        return Figure(*self._known(text, lower, start, end, value)[:5], end)

    def _known(self, text: str, lower: str, start: int, end: int, value: float) -> Figure:
        is_followed = self._behind.match(lower, end) is not None
        hour = self._hour.match(lower, end) if is_followed and value <= 24 else None
        clocked = self._clock.told(lower, start, end, value, is_followed=is_followed)
        # What leads up to a whole hour says nothing of the minutes behind it: "às 19h30".
        if clocked and not (hour and float(clocked.value) % 60 == 0):
            return clocked
        if hour:
            minutes = int(hour[1]) if hour.lastindex and hour[1] else 0
            if hour.lastindex and not hour[1] and hour.re.groups > 1 and hour[2]:
                minutes = int(numerals.han(hour[2]))
            return self._clock.time(lower, start, hour.end(), int(value) * 60 + minutes)
        if match := self.signs.before(text, start):
            return Figure(self.signs.kinds[match[1]], value, match.start(1), end)
        if match := self.signs.behind(text, end):
            kind, value = part(self.signs.kinds[match[1]], value)
            return Figure(kind, value, start, match.end())
        if is_followed and value <= 31 and (match := self._month_after.match(lower, end)):
            return Figure(DATE, self.months[match[1]] * 100 + value, start, match.end())
        is_dated = value <= 31 and lower[max(0, start - 2) : start - 1] in self._month_ends
        if is_dated and (match := self._month_before.search(lower, max(0, start - 14), start)):
            return Figure(DATE, self.months[match[1]] * 100 + value, match.start(), end)
        if unit := self._unit(text, lower, end):
            kind, behind = unit
            kind, value = part(kind, value)
            if kind == "year" and is_year(value):
                # "с 2015 года" counts no years.
                return Figure(YEAR, value, start, behind)
            return self.periods.and_a_half(lower, Figure(kind, value, start, behind))
        lead = self._leads.find(text, start)
        word = lead.word.lower() if lead else ""
        is_named = lead is not None and word not in self._stop and word not in self.words
        noun = (_COUNTER if self.reads_glyphs else NOUN_BEHIND).match(lower, end)
        is_counting = noun is not None and noun[1] not in self._stop and noun[1] not in self.words
        is_dated = is_year(value)
        if is_dated and word in self.months:
            return Figure(YEAR, value, start, end)
        if is_dated and (text[end : end + 1] in _APOSTROPHES or self._units.kinds.get(word) == "year"):
            return Figure(YEAR, value, start, end)
        if lead is not None and is_named and (lead.code or not is_counting):
            code = f"{lead.code}{text[start:end]}" if text[start].isdecimal() else f"{value:g}"
            return Figure(LABEL + word[:_STEM], code.lower(), start - len(lead.code), end)
        if is_dated:
            return Figure(YEAR, value, start, end)
        if noun is not None and is_counting:
            return Figure(NOUN + noun[1][:_STEM].rstrip("s"), value, start, noun.end())
        return Figure(NUMBER, value, start, end)
