"""Stretches of time that no number counts, "a week", and units that are a part of others, "fifty pence"."""

import re
from collections.abc import Mapping

from gateway.drift.pieces import places
from gateway.drift.values.figures import MONTHS, SECONDS, Figure

_PARTS = re.compile(r"(.+?)([*/])(\d+)$")
"""A unit that is so many of another, or such a part of it: `percent*10`, `gbp/100`."""


class Periods:
    """Knows what counts stretches of time in one language and is no number by itself."""

    def __init__(self, amounts: Mapping[str, float], units: Mapping[str, str], half: str = "") -> None:
        """Make them ready; `half` stands behind a unit of which there is half a one more."""
        self._amounts, self._units = amounts, units
        periods = [word for word, kind in units.items() if kind in SECONDS or kind in MONTHS]
        self.is_known = bool(amounts and periods)
        some = "|".join(map(re.escape, sorted(amounts, key=len, reverse=True)))
        self._told = tuple(sorted((one for one in periods if one[-1] != "*"), key=len, reverse=True))
        told = "|".join(map(re.escape, self._told))
        self._needed = [one for one in periods if not any(one != other and other in one for other in periods)]
        """One of these stands in a text that has any of them: that is quicker to tell than by the pattern."""
        self._are_words = all(map(str.isalnum, self._told))
        self._reach = max(map(len, [*amounts, ""])) + 1 + max(map(len, [*periods, ""]))
        """Characters before and behind one that may belong to the same."""
        self._pattern = re.compile(rf"(?<!\w)({some})[ \u00a0]?({told})(?!\w)" if self.is_known else "(?!)")
        self._half = re.compile(rf"\s(?:{half})(?!\w)" if half else "(?!)")

    def tells(self, word: str) -> bool:
        """Tell whether a stretch of time may end where this word does."""
        return self.is_known and (word.endswith(self._told) or not self._are_words)

    def find(self, lower: str) -> dict[int, Figure]:
        """Find those of a text in lower case, by where they begin."""
        needed = [one for one in self._needed if one in lower] if self.is_known else []
        if not needed:
            return {}
        # What lies between two of them, and far from both, is most of a text.
        found: dict[int, Figure] = {}
        past = 0
        for at in sorted({at for one in needed for at in places(lower, one)}):
            for match in self._pattern.finditer(lower, max(past, at - self._reach), at + self._reach):
                found[match.start()] = self._figure(match)
                past = match.end()
        return found

    def _figure(self, match: re.Match[str]) -> Figure:
        unit, value = self._units[match[2]], self._amounts[match[1]]
        found = Figure(unit, value, match.start(), match.end(), stop=match.end(1))
        return self.and_a_half(match.string, found)

    def and_a_half(self, lower: str, figure: Figure) -> Figure:
        """Add the half that stands behind a stretch of time: "an hour and a half"."""
        is_time = figure.kind in SECONDS or figure.kind in MONTHS
        match = self._half.match(lower, figure.end) if is_time else None
        if match is None or isinstance(figure.value, str):
            return figure
        return figure._replace(value=figure.value + 0.5, end=match.end())


def part(kind: str, value: float) -> tuple[str, float]:
    """Give the whole unit of one that is a part of it, or a multiple: `gbp/100`."""
    match = _PARTS.match(kind)
    if match is None:
        return kind, value
    return match[1], value * int(match[3]) if match[2] == "*" else value / int(match[3])
