"""What one clause of a text states: who is meant, what is affirmed or denied, which values and numbers."""

from typing import NamedTuple

import msgspec

from gateway.drift.lexicon import Mention

FELT = frozenset({"_like", "_dislike"})
_RELATIVES = frozenset({"kin", "partner"})
_NEAR, _NEAR_GLYPHS, _AFTER = 24, 5, 8
"""Characters a negation reaches forward, the same in unspaced scripts, and back in Japanese and Korean."""


class Number(NamedTuple):
    """A count with the words it may count."""

    value: int
    units: tuple[str, ...]
    start: int
    end: int


class Statement(msgspec.Struct):
    """One clause; offsets are characters of the text it was read from."""

    text: str
    start: int
    speaker: str
    """`self`, `other` or nothing where no person is named."""
    asks: bool
    values: tuple[Mention, ...]
    marks: tuple[Mention, ...]
    """Its negations, likes, dislikes and persons."""
    topics: frozenset[str]
    """Categories that it names as such, as a question does."""
    stems: dict[str, int]
    """Where each content word stands first."""
    denied: frozenset[str]
    """Those that are denied or disliked."""
    numbers: tuple[Number, ...]
    age: int | None

    @property
    def end(self) -> int:
        return self.start + len(self.text.rstrip())

    def affirms(self, at: int) -> bool:
        """Whether what stands at that offset is said to be so, or liked, and not denied or disliked."""
        denied = disliked = False
        for category, _, start, end in self.marks:
            if category == "_dislike" and start <= at:
                disliked = True
            elif category == "_negations":
                first = self.text[start - self.start] if start >= self.start else ""
                reach = _NEAR_GLYPHS if first > "\u3000" else _NEAR
                back = _AFTER if "\u3040" <= first < "\u3100" or first >= "\uac00" else 0
                denied = denied or start - back <= at <= end + reach
        return denied == disliked

    def feels(self) -> bool:
        """Whether it says what is liked or disliked."""
        return any(mark[0] in FELT for mark in self.marks)

    def attitudes(self, objects_first: bool) -> dict[str, tuple[int, int]]:
        """What is liked (1) or disliked (-1), by word or by known value, and where it stands."""
        felt = [mark for mark in self.marks if mark[0] in FELT]
        if not felt:
            return {}
        things = [*self.stems.items(), *((f"{m.category}:{m.value}", m.start) for m in self.values)]
        found: dict[str, tuple[int, int]] = {}
        for thing, at in things:
            if objects_first:
                mark = next((mark for mark in felt if mark.start > at), None)
            else:
                mark = next((mark for mark in reversed(felt) if mark.start < at), None)
            if mark is not None:
                found[thing] = (self._feeling(mark, objects_first), at)
        return found

    def _feeling(self, mark: Mention, objects_first: bool) -> int:
        glyphs = mark.start >= self.start and self.text[mark.start - self.start] > "\u3000"
        before, after = (
            (0, _AFTER) if objects_first else (_NEAR_GLYPHS, 0) if glyphs else (_NEAR // 2, _NEAR // 2)
        )
        denied = any(
            other.category == "_negations"
            and mark.start - before <= other.end
            and other.start <= mark.end + after
            for other in self.marks
        )
        return -1 if (mark.category == "_dislike") != denied else 1

    def person(self, at: int) -> str:
        """Whom a value at that offset is said of: the nearest person named before it."""
        nearest = ""
        since = -1
        for category, _, start, _ in self.marks:
            if start > at:
                break
            if category in ("_self", "_other"):
                nearest, since = category[1:], start
        relative = any(since < v.start < at for v in self.values if v.category in _RELATIVES)
        return "other" if relative else nearest
