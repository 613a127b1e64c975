"""A sheet holds one worker's counts under labels, in memory that outlives the worker."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

LABEL_BYTES = 240
"""Bytes of a record's labels, behind their length in eight more."""
BETWEEN = "\x1f"
CUT = "…".encode()
SHORTEST = 32
"""Bytes that are left of a label at least, whatever the others take."""
HEADER = 16
"""Bytes before the first record: the word of state, and one that grows with each change of a label."""
OTHERS = 2
"""Records at the beginning that hold in turns what has fallen to the labels that stand for all others."""
OTHER = "other"
TRIES = 1000
"""Times that a sheet is read whose labels change meanwhile."""


class Layout(NamedTuple):
    """Says how large a sheet is."""

    width: int
    """Numbers in a record."""
    room: int
    """Label sets that have a record of their own; the first number says how often each is used."""

    @property
    def record(self) -> int:
        """Bytes of a record; the number behind the last one counts label sets that have fallen."""
        return 8 + LABEL_BYTES + 8 * (self.width + 1)

    @property
    def size(self) -> int:
        return HEADER + (self.room + OTHERS) * self.record


class Record(NamedTuple):
    """It holds what was counted under labels; `None` stands for all those that have no record any more."""

    labels: tuple[str, ...] | None
    numbers: Sequence[float]
    fallen: float
    """Label sets that have lost their record, where these are the others."""


class Sheet:
    """One process writes, and any number read at any time what that one has written so far.

    Every number is changed by one store of eight bytes. Where there is no more room, the label set that was
    used least falls to the others: their new sum is written beside the old one, and a single store says
    which of both is good and whose record is void, so that a sudden death neither loses nor doubles a count.
    """

    def __init__(self, memory: memoryview, layout: Layout) -> None:
        """`memory` begins at a multiple of 8, and has `layout.size` bytes: zeros, or such a sheet."""
        self._layout = layout
        self._bytes = memory
        self._words = memory.cast("Q")
        self.numbers = memory.cast("d")
        """All the memory as numbers; `place` tells where those of a label set begin."""
        self._places: dict[tuple[str, ...], int] = {}
        self._free: list[int] | None = None
        self._least: list[int] = []
        self._names: dict[int, tuple[str, ...]] = {}

    def own(self) -> None:
        """Become the one who writes, after another one that may have died at any point."""
        void = self._words[0] >> 1
        if void:
            self._clear(void - 1)
            self._words[0] &= 1
        self._places.clear()
        self._names.clear()
        used = {at for at in range(OTHERS, self._last) if self._words[self._at(at) // 8]}
        for at in used:
            labels = self._labels(at)
            self._places[labels], self._names[at] = self._cells(at), labels
        self._free = [at for at in reversed(range(OTHERS, self._last)) if at not in used]

    def place(self, labels: tuple[str, ...]) -> int:
        """Tell where the numbers of these labels begin; it may be another place after the next call."""
        found = self._places.get(labels)
        return self._make(labels) if found is None else found

    def zero(self, labels: tuple[str, ...]) -> None:
        """Set the first number of these labels to zero, where they have a record."""
        found = self._places.get(labels)
        if found is not None:
            self.numbers[found] = 0.0

    @property
    def known(self) -> list[tuple[str, ...]]:
        """The labels that have a record."""
        return list(self._places)

    def read(self) -> list[Record]:
        """Copy what is there, as it was at one moment as far as records come and go."""
        for _ in range(TRIES):
            before = self._words[0], self._words[1]
            found = list(self._read(before[0]))
            if before == (self._words[0], self._words[1]):
                break
        return found

    def _read(self, state: int) -> Iterator[Record]:
        others, void, width = state & 1, (state >> 1) - 1, self._layout.width
        for at in (others, *range(OTHERS, self._last)):
            if at == void or (at >= OTHERS and not self._words[self._at(at) // 8]):
                continue
            cells = self._cells(at)
            numbers = self.numbers[cells : cells + width + 1].tolist()
            yield Record(None if at < OTHERS else self._labels(at), numbers[:width], numbers[width])

    @property
    def _last(self) -> int:
        return OTHERS + self._layout.room

    def _at(self, record: int) -> int:
        return HEADER + record * self._layout.record

    def _cells(self, record: int) -> int:
        return (self._at(record) + 8 + LABEL_BYTES) // 8

    def _labels(self, record: int) -> tuple[str, ...]:
        at = self._at(record)
        size = self._words[at // 8] - 1
        return tuple(bytes(self._bytes[at + 8 : at + 8 + size]).decode("utf-8", "replace").split(BETWEEN))

    def _make(self, labels: tuple[str, ...]) -> int:
        if self._free is None:
            self.own()
            return self.place(labels)
        if self._free:
            at = self._free.pop()
            self._name(at, labels)
        else:
            at = self._fall(labels)
        self._names[at] = labels
        self._places[labels] = found = self._cells(at)
        return found

    def _fall(self, labels: tuple[str, ...]) -> int:
        """Add the record that is used least to the others, and give it to these labels."""
        numbers, width = self.numbers, self._layout.width
        if not self._least:
            records = sorted(range(OTHERS, self._last), key=lambda at: -numbers[self._cells(at)])
            # To look for them takes longer than the rest, and is done for an eighth of them at once.
            self._least = records[-max(1, len(records) // 8) :]
        at = self._least.pop()
        good = self._words[0] & 1
        old, new, gone = self._cells(good), self._cells(1 - good), self._cells(at)
        for cell in range(width):
            numbers[new + cell] = numbers[old + cell] + numbers[gone + cell]
        numbers[new + width] = numbers[old + width] + 1
        self._words[0] = (1 - good) | (at + 1) << 1
        self._clear(at)
        self._name(at, labels)
        self._words[0] = 1 - good
        del self._places[self._names[at]]
        return at

    def _clear(self, record: int) -> None:
        at, size = self._at(record), self._layout.record
        self._words[1] += 1
        self._words[at // 8] = 0
        self._bytes[at + 8 : at + size] = bytes(size - 8)

    def _name(self, record: int, labels: tuple[str, ...]) -> None:
        """Write the labels; their length comes last, since it says that they are there."""
        at = self._at(record)
        text = _fitted(labels)
        self._bytes[at + 8 : at + 8 + len(text)] = text
        self._words[1] += 1
        self._words[at // 8] = len(text) + 1


def _fitted(labels: Sequence[str]) -> bytes:
    """Join the labels; where they are too long for a record, the longest ones are cut.

    Label sets that are told apart only by what is cut are added up when they are told.
    """
    parts = [label.replace(BETWEEN, " ").encode("utf-8", "replace") for label in labels]
    room = LABEL_BYTES - len(BETWEEN) * (len(parts) - 1)
    for at in sorted(range(len(parts)), key=lambda at: -len(parts[at])):
        excess = sum(map(len, parts)) - room
        if excess > 0:
            kept = parts[at][: max(SHORTEST, len(parts[at]) - excess - len(CUT))]
            parts[at] = kept.decode("utf-8", "ignore").encode() + CUT
    return BETWEEN.encode().join(parts)
