"""A persona keeps to a form of address and a register, by which it speaks to somebody."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.text import Stretch

REGISTERS = ("slang", "stiff", "gush", "scold", "modern", "archaic", "vulgar", "hype")
NOBODYS = frozenset({"vulgar", "hype"})
"""No owner wants his persona to speak so, unless its examples do."""
SURE = "-sure"
"""Expressions that are hardly said in any other register count twice."""
STRENGTH = (0.0, 0.3, 0.6, 0.75)
"""By the number of different expressions of a register that is not the persona's."""

POLITE = "polite"
"""The form that is polite to one; where a language lists words for `us`, several are spoken to by it, too."""
NEAR = 24
"""Characters beside a manner in which its denial stands."""
UNTOLD = 0.4
"""The most that a form of address counts that only the examples show."""


class Manners:
    """The form of address and the registers of a persona, as prompt and examples show them."""

    def __init__(
        self, prompt: Marked, answers: Phrasebook, examples: Sequence[str], patterns: dict[str, str]
    ) -> None:
        self.forms = {name: re.compile(text) for name, text in patterns.items()}
        told = {
            mark.label.removeprefix("cue:address-")
            for mark in prompt.marks
            if mark.label.startswith("cue:address-") and mark.end <= prompt.sentence(mark.start).end
        }
        self.form = self._form(told, examples)
        self.is_told = self.form in told
        self.told = told
        """The prompt names these, each for somebody: `tu` for pupils, `vous` for their parents."""
        own = [Marked(answers, Stretch(example)) for example in examples]
        used = {label.removesuffix(SURE) for reading in own for label in reading.labels}
        wanted = {
            mark.label.removeprefix("cue:manner-")
            for mark in prompt.marks
            if mark.label.startswith("cue:manner-") and not _is_denied(prompt, mark)
        }
        unused = [name for name in REGISTERS if f"register:{name}" not in used]
        said = {label for reading in own for label in reading.labels}
        self.barred = frozenset(name for name in unused if _is_barred(name, wanted))
        self.barred_sure = frozenset(
            name
            for name in REGISTERS
            if f"register:{name}{SURE}" not in said and _is_barred_surely(name, wanted)
        )
        self._barred = {f"register:{name}" for name in self.barred}
        self._barred.update(f"register:{name}{SURE}" for name in self.barred_sure)
        """Labels of these; few answers have one."""
        self.is_wanted = bool(wanted)
        """The prompt says how the persona speaks; else one expression of another register is only odd."""

    def _form(self, told: set[str], examples: Sequence[str]) -> str | None:
        """The form of address that the examples have, where they have one only."""
        found = Counter(
            name for text in examples for name, pattern in self.forms.items() if pattern.search(text)
        )
        if len(found) == 1:
            return next(iter(found))
        if found:
            (first, most), (_, second) = found.most_common(2)
            return first if most >= 3 * second or (first in told and most > second) else None
        return next(iter(told)) if len(told) == 1 else None

    def breaches(self, asked: Marked, answer: Marked) -> Iterator[Finding]:
        """Find where the answer speaks as the persona does not; a word of the user's may be taken up."""
        if self.form is not None:
            yield from self._misaddressed(asked, answer)
        found: dict[str, tuple[Mark, int]] = {}
        foreign = list(self._foreign(answer))
        heard = {asked.text[mark.start : mark.end].lower() for mark in asked.marks} if foreign else set()
        for label, weight in foreign:
            for mark in answer.labels[label]:
                if not any(a <= mark.start < b for a, b in answer.quotes):
                    said = answer.text[mark.start : mark.end].lower()
                    if weight == 1 and said in heard:
                        continue
                    found[said] = max((mark, weight), found.get(said, (mark, 0)), key=lambda one: one[1])
        if found:
            marks = sorted(mark for mark, _ in found.values())
            sentence = answer.sentence(marks[0].start)
            strength = STRENGTH[min(sum(weight for _, weight in found.values()), 3)]
            yield Finding("register", strength, sentence.start, max(sentence.end, marks[-1].end), "manner")

    def _foreign(self, answer: Marked) -> Iterator[tuple[str, int]]:
        """The labels of registers that are not the persona's, and what an expression of each counts."""
        if self._barred.isdisjoint(answer.labels):
            return
        for label in answer.labels:
            kind, _, name = label.partition(":")
            if kind == "register":
                if name in self.barred:
                    yield label, 1
                elif name.endswith(SURE) and name.removesuffix(SURE) in self.barred_sure:
                    yield label, 2 if self.is_wanted else 1

    def _speaks_so(self, asked: Marked) -> bool:
        """Tell whether the user himself speaks as the persona does to most."""
        return self.form in self.forms and self.forms[self.form].search(asked.text) is not None

    def _misaddressed(self, asked: Marked, answer: Marked) -> Iterator[Finding]:
        text = answer.text
        ours = self.forms[self.form].search(text) if self.form in self.forms else None
        for name, pattern in self.forms.items():
            is_for_others = name in self.told and self.is_told and not self._speaks_so(asked)
            if name == self.form or (is_for_others and pattern.search(asked.text)):
                continue
            places = [
                match.span()
                for match in pattern.finditer(text)
                if not any(a <= match.start() < b for a, b in answer.quotes)
            ]
            if places:
                strength = 0.75 if ours is None else 0.55 if len(places) > 1 else 0.35
                if not self.is_told or is_for_others or (name == POLITE and "us" in asked.labels):
                    # In the examples it may only be whom the persona happens to speak to, and several
                    # are spoken to by what is polite to one: "your village's wolf" to "our village's".
                    strength = min(UNTOLD, strength)
                sentence = answer.sentence(places[0][0])
                yield Finding("address", strength, sentence.start, sentence.end, "manner")


def _is_denied(prompt: Marked, mark: Mark) -> bool:
    """Tell whether a manner is the one that is not wanted: `never flippant`."""
    low, high = prompt.clause(mark.start)
    if prompt.phrasebook.behind:
        return prompt.has(mark.end, min(high, mark.end + NEAR), "cue:behind")
    return prompt.has(max(low, mark.start - NEAR), mark.start, "cue:never", "cue:without")


def _is_barred_surely(name: str, wanted: set[str]) -> bool:
    """Tell whether what is hardly said in any other register goes against what the prompt wants."""
    against = {
        "slang": {"formal", "archaic", "calm", "warm", "plain", "dry"},
        "stiff": {"casual", "warm", "plain", "dry", "archaic"},
        "gush": {"dry", "calm", "plain", "formal", "archaic"},
        "scold": {"warm", "formal", "calm", "casual", "plain"},
    }
    allowed = {
        "slang": set() if "formal" in wanted else {"casual"},
        "stiff": set() if wanted & {"plain", "warm", "archaic"} else {"formal"},
    }
    allowed["scold"] = set() if "formal" in wanted else {"dry"}
    if name in NOBODYS or (name in against and not wanted):
        return True  # Nobody has said that anybody may be spoken to so.
    return bool(against.get(name, set()) & wanted) and not allowed.get(name, set()) & wanted


def _is_barred(name: str, wanted: set[str]) -> bool:
    """Tell whether a register goes against what the prompt wants."""
    against = {
        "slang": {"formal", "archaic", "calm"},
        "stiff": {"casual", "warm", "plain", "dry", "archaic"},
        "gush": {"dry", "calm", "plain", "formal"},
        "scold": {"warm", "formal", "calm", "casual"},
        "modern": {"archaic"},
        "archaic": {"casual", "plain"},
    }
    allowed = {"archaic": {"archaic"}, "slang": {"dry", "casual"}, "stiff": {"formal"}}
    return bool(against.get(name, set()) & wanted) and not allowed.get(name, set()) & wanted
