"""A settlement is what an owner says of the facts that were read: confirmed, corrected or switched off."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.drift.fact import Fact
from gateway.drift.values.figures import Figure
from gateway.drift.values.source import Source, Span
from gateway.drift.values.stated import NAME, Stated, stated

MOST = 400
"""Figures that are read, and facts of other kinds."""


class Settlement:
    """All facts that were read, those that are off among them, and what stands in place of others."""

    def __init__(self, declared: Sequence[Fact]) -> None:
        self._answers = {one.from_id: (at, one) for at, one in enumerate(declared) if one.from_id is not None}
        self.read: list[Stated] = []
        """All of them in their order, as they were written."""
        self.off: list[Stated] = []
        self.corrected: dict[int, Stated] = {}
        """By the place of the declared fact that stands in place of it."""
        self._count: Counter[bool] = Counter()
        self._told: dict[str, str] = {}
        """The id of each name in the prompt, in lower case."""
        self._places: list[tuple[int, int, str]] = []
        """Where in the prompt others stand than figures, with their ids."""

    def settle(self, source: Source, figures: Iterable[Stated], others: Iterable[Stated]) -> Source:
        """Note what was read in a text, and blank what is off or corrected.

        Names and values are blanked wherever they stand, since each is one fact.
        """
        left: list[Span] = []
        for one in sorted((*figures, *others), key=lambda one: one.figure.start):
            if self._count[one.is_figure] >= MOST:
                continue
            self._count[one.is_figure] += 1
            if not one.is_figure:
                self._place(one)
            self.read.append(one)
            if not self.is_held(one):
                left += source.places(one)
        return source.without(left)

    def is_held(self, one: Stated) -> bool:
        """Tell whether answers are held against it, and note the answer of its owner if they are not."""
        if not self._answers:
            return True
        at, answer = self._answers.get(one.id, (0, None))
        if answer is None or (answer.text is None and not answer.off):
            return True
        if answer.off:
            self.off.append(one)
        else:
            self.corrected[at] = one
        return False

    def named(self, name: str, declared: Sequence[Fact]) -> str:
        """Give the persona's own name as it is settled; empty where any other is right, too."""
        if not name:
            return ""
        own = stated(name, Figure(NAME, name, 0, len(name)), NAME, (), NAME)
        self.read.append(own)
        if self.is_held(own):
            return name
        texts = [declared[at].text or "" for at, one in self.corrected.items() if one is own]
        return texts[0] if texts else ""

    def called(self, start: int, end: int, said: str = "") -> str:
        """Give the id of what stands in a place of the prompt, or is a name that is said elsewhere in it."""
        inside = (id for a, b, id in self._places if a < end and start < b)
        return self._told.get(said.lower()) or next(inside, "prompt")

    def _place(self, one: Stated) -> None:
        if one.basis == "prompt":
            self._told.setdefault(one.said.lower(), one.id)
            self._places.append((one.figure.start, one.figure.end, one.id))
