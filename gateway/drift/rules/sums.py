"""Sums are what stored amounts come to, several times and together."""

from typing import NamedTuple


class Sums(NamedTuple):
    """Amounts in hundredths."""

    seen: dict[int, bool]
    """Says of amounts that were looked for whether they are one of them."""
    several: frozenset[int] = frozenset()
    """So many times a stored one may be meant."""
    many: frozenset[int] = frozenset()
    """Stored ones so many times."""
    parts: frozenset[int] = frozenset()
    """These and the stored ones."""
    pairs: frozenset[int] = frozenset()
    """Two stored ones together."""

    def have(self, value: int) -> bool:
        """Tell whether an amount is one of them, or two of the parts together."""
        if not self.parts:
            return False
        if value not in self.seen:
            self.seen[value] = self._come_to(value)
        return self.seen[value]

    def _come_to(self, value: int) -> bool:
        if value in self.many or any(value % k == 0 and value // k in self.pairs for k in self.several):
            return True
        parts, many = self.parts, self.many
        return any(value - one in parts and (value != 2 * one or one in many) for one in parts)


NO_SUMS = Sums({})
