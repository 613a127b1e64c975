"""A record counts in a ring of cells, one for each half second, of which those of the last minute count."""

SECONDS = 60
"""Seconds for which something counts; nothing leaves before they are over."""
PER_SECOND = 2
SPAN = SECONDS * PER_SECOND + 1
"""Cells in which something counts: that of now, which is not over yet, and those of a whole minute before."""
RECORD = 128
"""Words of 32 bits in one record: its name in two, its newest cell, its total, its oldest cell that counts,
and a ring of cells."""
NEWEST, TOTAL, OLDEST, CELLS = 2, 3, 4, 5
MOST = 2**32 - 1
NOTHING = memoryview(bytes(4 * SPAN)).cast("I")


class Rings:
    """Records one behind the other, in memory that is divided into words of 32 bits."""

    def __init__(self, words: memoryview) -> None:
        self._words = words

    def _advance(self, at: int, cell: int) -> None:
        """Forget what has become too old."""
        words, newest = self._words, self._words[at + NEWEST]
        gone = cell - newest
        if gone >= SPAN:
            self._empty(at)
        elif gone > 0:
            first = (newest + 1) % SPAN
            straight = min(gone, SPAN - first)
            self._clear(at, first, straight)
            self._clear(at, 0, gone - straight)
        words[at + NEWEST] = max(cell, newest)
        if words[at + OLDEST] + SPAN <= cell:
            self._find_oldest(at)

    def _empty(self, at: int) -> None:
        self._words[at + CELLS : at + CELLS + SPAN] = NOTHING
        self._words[at + TOTAL] = 0

    def _clear(self, at: int, first: int, count: int) -> None:
        cells = self._words[at + CELLS + first : at + CELLS + first + count]
        old = sum(cells)
        if old:
            self._words[at + TOTAL] -= min(old, self._words[at + TOTAL])
            cells[:] = NOTHING[:count]

    def _add(self, at: int, cell: int, amount: int) -> int:
        words, place = self._words, at + CELLS + cell % SPAN
        total = words[at + TOTAL]
        if not total:
            words[at + OLDEST] = cell
        amount = min(amount, MOST - total)
        total = words[at + TOTAL] = total + amount
        words[place] += amount
        return total

    def _give_back(self, at: int, cell: int, now: int) -> None:
        place = at + CELLS + cell % SPAN
        if now - cell < SPAN:
            amount = min(1, self._words[place])
            self._words[place] -= amount
            self._words[at + TOTAL] -= amount
            if cell == self._words[at + OLDEST] and not self._words[place]:
                self._find_oldest(at)

    def _oldest(self, at: int, cell: int) -> int:
        """Tell the oldest cell in which something is counted."""
        words = self._words
        return words[at + OLDEST] if words[at + TOTAL] else cell

    def _find_oldest(self, at: int) -> None:
        words = self._words
        newest = words[at + NEWEST]
        first = (newest + 1) % SPAN
        ring = words[at + CELLS : at + CELLS + SPAN]
        aged = ring[first:].tobytes() + ring[:first].tobytes()
        words[at + OLDEST] = newest - max(0, len(aged.lstrip(b"\0")) - 1) // 4
