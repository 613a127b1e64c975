"""A ledger is all figures that are stored of a persona, each with what it belongs to."""

from collections import defaultdict
from collections.abc import Iterable

from gateway.drift.numerals import LONGEST
from gateway.drift.values import sums
from gateway.drift.values.figures import (
    LABEL,
    NOUN,
    NUMBER,
    PHONE,
    SECONDS,
    TIME,
    YEAR,
    Figure,
)
from gateway.drift.values.opening import Opening
from gateway.drift.values.reader import Reader
from gateway.drift.values.stated import Stated, telling

MOST = 400
"""Stored figures that are kept."""
_APART = 16
"""So many times as long is another stretch of time: a day and an hour."""
_CODE = 4
"""Digits before a telephone number that are a country's."""
_LABELLED = 5
"""Letters of a word by which a label is known."""
_FORM = 6
"""Letters of a kind by which a word is known in another form, `n:` among them."""
_NOON = 780
"""Minutes from which on a time is one of the afternoon, and all that are stored are told so."""
_SHORT = 2
"""Digits of a year without its century."""
_WORKED = 5
"""Days of a week on which most people work."""
NONE: frozenset[float | str] = frozenset()


class Ledger:
    """Stored figures by their kind."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.stated: list[Stated] = []
        self.by_kind: dict[str, list[Stated]] = defaultdict(list)
        self.values: dict[str, set[float | str]] = defaultdict(set)
        self.numbers: set[float | str] = set()
        """All values, of whatever kind."""
        self._ranged: set[float | str] = set()
        """Numbers from which, or to which, something goes."""
        self.lengths: set[tuple[str, float]] = set()
        """Stretches of time in seconds or months."""
        self.weights: dict[str, dict[str, float]] = {}
        self.minutes: set[str] = set()
        """Minutes of each hour at which something happens: "at minute 12"."""
        self.amounts: list[Stated] = []
        self.opening = Opening(reader, ())
        self.glyphs: list[str] = []
        """Keys of a single character, which no pair of characters is: 望."""

    def add(self, stated: Stated) -> None:
        """Keep one more; its own unit says nothing of what it belongs to."""
        if len(self.stated) < MOST:
            self.stated.append(stated)
            kind = stated.figure.kind
            self.by_kind[kind].append(stated)
            self.values[kind].add(stated.figure.value)
            self.numbers.add(stated.figure.value)
            if kind == NUMBER and stated.figure.is_range:
                self._ranged.add(stated.figure.value)
            if length := stated.figure.length:
                self.lengths.add(length)

    def acquit(self, figure: Figure) -> None:
        """Take a figure of the persona's lines for right wherever it is said; it accuses nothing."""
        self.values[figure.kind].add(figure.value)
        self.numbers.add(figure.value)

    def close(self) -> None:
        """Weigh the words of each kind, once all figures are there: those of one field tell most."""
        for kind, some in self.by_kind.items():
            fields: dict[str, set[tuple[str, str]]] = defaultdict(set)
            for one in some:
                for key in one.keys:
                    fields[key].add((one.basis.rpartition("[")[0] or one.basis, one.about))
            self.weights[kind] = {key: telling(held) for key, held in fields.items()}
        self.glyphs = [key for key in {key for one in self.stated for key in one.keys} if len(key) == 1]
        self.opening = Opening(self.reader, self.stated)
        unit = LABEL + next((w[:_LABELLED] for w, kind in self.reader.units.items() if kind == "minute"), "?")
        self.minutes = {str(one) for one in self.values.get(unit, ())}
        self.amounts = [one for one in self.stated if one.figure.kind in self.reader.currencies]

    def held(self, figure: Figure) -> list[Stated]:
        """Give the stored figures that this one may be held against: months are years, too."""
        if figure.length is None:
            return self.by_kind.get(figure.kind) or self._inflected(figure.kind)
        unit, long = figure.length
        held = []
        for one in self.stated:
            length = one.figure.length
            # What takes half a minute is nothing that half an hour is stored of.
            if length is not None and length[0] == unit and long < _APART * length[1] < _APART**2 * long:
                held.append(one)
        return held

    def _inflected(self, kind: str) -> list[Stated]:
        """Give the stored figures that count the same in another form: beş *akçedir*."""
        begins = kind[:_FORM]
        if not kind.startswith(NOUN) or len(begins) < _FORM:
            return []
        return [one for held, some in self.by_kind.items() if held.startswith(begins) for one in some]

    def knows(self, figure: Figure) -> bool:
        """Tell whether the figure is stored, of whatever it may be said, or the same stretch of time."""
        values = self.values.get(figure.kind) or {one.figure.value for one in self._inflected(figure.kind)}
        if figure.value in values or figure.length in self.lengths:
            return True
        if isinstance(figure.value, str):
            return self._is_written(figure)
        if figure.kind == YEAR and (figure.stop or figure.end) - figure.start == _SHORT:
            # A year without its century is of any.
            return any(not isinstance(one, str) and one % 100 == figure.value % 100 for one in values)
        if figure.kind == "week" and ("s", figure.value * _WORKED * SECONDS["day"]) in self.lengths:
            # Five working days are a week.
            return True
        if figure.kind == "hour":
            # Whoever says "at ten hours" may mean the time of day.
            return figure.value * 60 in self.values.get(TIME, ())
        if figure.kind != TIME:
            return False
        # "The line is drawn at twenty-four" is told of hours, too, and "10 to 5" of times.
        if {figure.value / 60, figure.value / 60 - 12} & self._ranged:
            return True
        # Where times of the afternoon are stored, those of the morning are none of these.
        is_exact = figure.value >= _NOON and any(not isinstance(one, str) and one >= _NOON for one in values)
        others = {figure.value + 720} if is_exact else {figure.value + 720, figure.value - 720}
        return not others.isdisjoint(values) or (figure.value / 60 in self.values.get("hour", ()))

    def _is_written(self, figure: Figure) -> bool:
        """Tell whether a number or label is stored as another kind of figure, or with a country's digits."""
        value = str(figure.value)
        if figure.kind.startswith(LABEL):
            return value in self.numbers or (value.isdecimal() and float(value[:LONGEST]) in self.numbers)
        stored = (str(one).lstrip("0") for one in self.values.get(figure.kind, ()))
        return figure.kind == PHONE and any(
            one and value.endswith(one) and len(value) - len(one) <= _CODE for one in stored
        )

    def holds(self, figure: Figure) -> bool:
        """Tell whether the figure is stored, or its number, as what it may stand for without a unit."""
        if self.knows(figure):
            return True
        value = figure.value
        if isinstance(value, str):
            return False
        if figure.kind.startswith(NOUN):
            # "Two minutes at 80" is told as "80 degrees".
            return value in self.values.get(NUMBER, NONE)
        if figure.kind not in (NUMBER, "hour"):
            return False
        return (
            value in self.numbers
            or f"{value:g}" in self.numbers
            or not self.values.get(TIME, NONE).isdisjoint({value * 60, value * 60 + 720})
        )

    def is_spoken(self, figure: Figure, text: str, said: Iterable[Figure]) -> bool:
        """Tell whether it is part of a price in two numbers that is stored: "one ninety"."""
        return sums.is_half_of({one.figure.value for one in self.amounts}, figure, text, said)

    def numbers_of(self, kind: str) -> set[float]:
        """Give the stored values of a kind that are numbers."""
        return {float(v) for v in self.values.get(kind, ()) if not isinstance(v, str)}
