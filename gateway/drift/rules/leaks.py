"""Prompts that leak: an answer that recites its instructions, or says in other words what they are."""

from collections.abc import Iterator, Sequence

from gateway.drift.rules import runs
from gateway.drift.rules.beyond import is_elsewhere
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.limits import Segment
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.phrasebook import FORMS, Phrasebook
from gateway.drift.rules.segments import segments
from gateway.drift.rules.words import fold
from gateway.drift.sentences import Sentence
from gateway.drift.text import Stretch

NEAR = 24
"""Characters before a word that its number is looked for in."""
PROBED, UNPROBED = (4, 0.5), (5, 0.6)
"""Words of an instruction, and the share of a sentence, from which on it is told to whoever asks, or not."""
NAMED = 60
"""Characters behind `you are` that say who somebody is."""
UNSAID = 0.3
"""The strength of a policy that is told in the prompt's words, as clerks do, and not as instructions."""
QUOTED = '"“„«「『'
"""Signs that open what somebody recites."""
DENIALS, NAMES = 3, 2
"""Denials of one sentence, and words of instructions in it, that recite them to whoever asks."""
LISTED = 5
"""The same of several instructions together."""
_RULES = (
    "act:",
    "cue:speak",
    "cue:emoji",
    "cue:lists",
    "cue:exclamation",
    "cue:markdown",
    "cue:boilerplate",
    "@ai",
)
"""Labels that make a rule of what is denied."""
MANNER = [
    "cue:unable",
    "cue:style",
    "cue:lead",
    "cue:sentences",
    "cue:words",
]


class Instructions:
    """A prompt made ready for its leaks to be noticed; facts and whatever the examples say are no secret."""

    def __init__(self, prompt: Marked, answers: Phrasebook, told: str, declared: Sequence[str] = ()) -> None:
        """Make them ready; `declared` are the rules that stand beside the prompt and forbid something."""
        self.is_glyphs = answers.glyphs and not answers.spaced
        self.size = runs.letters(prompt.text) if self.is_glyphs else 0
        parts = [
            (
                prompt.text[part.start : part.end],
                _is_manner(prompt, part)
                and not _is_script(prompt, sentence, part)
                and not is_elsewhere(prompt, part),
            )
            for sentence in prompt.sentences
            for part in segments(prompt, sentence)
        ]
        known = {stem for text, is_manner in parts if not is_manner for stem in answers.stems(text)}
        known.update(answers.stems(told))
        # Numbers are given to whoever asks for them.
        known.update(stem for text, _ in parts for stem in answers.stems(text) if stem.isdigit())
        shown = runs.runs(told, self.size)
        manners = [*(text for text, is_manner in parts if is_manner), *declared]
        self.each = [frozenset(answers.stems(text)) - known for text in manners]
        self.stems = frozenset(stem for one in self.each for stem in one)
        lead = next(iter(prompt.labels.get("cue:lead", ())), None)
        self.named = answers.stems(prompt.text[lead.end : lead.end + NAMED]) if lead is not None else set()
        """Words by which the prompt says who the persona is."""
        self.runs = frozenset(run for text in manners for run in runs.runs(text, self.size)) - shown
        self.words = frozenset(word for run in self.runs for word in run.split())
        self.least = min((len(set(run.split())) for run in self.runs), default=0)
        """Different words of a run."""
        shown_forms = Marked(answers, Stretch(told)).labels
        self.forms = tuple(
            name for name in FORMS if f"cue:{name}" in prompt.labels and f"form:{name}" not in shown_forms
        )

    def leaks(self, asked: Marked, answer: Marked) -> Iterator[Finding]:
        """Find where the answer gives its instructions away."""
        yield from self._recited(asked, answer)
        yield from self._retold(asked, answer)
        yield from self._formal(answer)

    def _formal(self, answer: Marked) -> Iterator[Finding]:
        """Sentences that tell how answers are to be set: how many sentences, with or without emoji."""
        said: dict[Sentence, set[str]] = {}
        for name in self.forms:
            for mark in answer.labels.get(f"form:{name}", ()):
                if name != "sentences" or _is_counted(answer, mark):
                    said.setdefault(answer.sentence(mark.start), set()).add(name)
        for sentence, names in said.items():
            start, end = sentence.start, sentence.end
            is_told = answer.has(start, end, "bound", "@instructions")
            if len(names) > 1 or is_told:
                strength = 0.8 if len(names) > 1 and not sentence.asks else 0.6
                yield Finding("prompt-leak", strength, start, end, "prompt")

    def _recited(self, asked: Marked, answer: Marked) -> Iterator[Finding]:
        known = None if self.is_glyphs else self.words
        if not self.runs or (known is not None and not runs.may_recite(answer.read, known, self.least)):
            return
        found = [
            span
            for run, span in runs.placed(answer.read, self.size, known)
            if run in self.runs and not self._is_open(asked, answer, span[0])
        ]
        if found:
            sentence = answer.sentence(found[0][0])
            least = 1 if _is_probed(asked) else 3 if self.is_glyphs else 2
            strength = 0.9 if len(found) >= least else 0.45
            until = max(sentence.end, found[-1][1])
            if not _is_told_of(asked, answer, sentence.start, until):
                strength = UNSAID
            yield Finding("prompt-leak", strength, sentence.start, until, "prompt")

    def _is_open(self, asked: Marked, answer: Marked, place: int) -> bool:
        """Tell whether a sentence says who speaks, or turns somebody down, and nothing of instructions."""
        start, end = answer.sentence(place)[:2]
        if answer.has(start, end, "@instructions", "bound") or _is_probed(asked):
            return False
        return answer.has(start, end, "self") and (
            answer.has(start, end, "unable", "negation")
            or any(one in self.named for one in answer.said(answer.sentence(place)))
        )

    def _retold(self, asked: Marked, answer: Marked) -> Iterator[Finding]:
        """Sentences that speak of instructions, and share words with them."""
        shared = answer.shared(self.stems)
        for label in ("@instructions", "bound"):
            for mark in answer.labels.get(label, ()):
                shared.setdefault(answer.sentence(mark.start), set())
        if "@instructions" not in answer.labels and "bound" not in answer.labels:
            # Few words of instructions by themselves tell of none, and hardly a sentence has two of them.
            shared = {sentence: stems for sentence, stems in shared.items() if len(stems) >= NAMES}
        for sentence, stems in shared.items():
            strength = self._given_away(asked, answer, sentence, stems)
            if strength:
                yield Finding("prompt-leak", strength, sentence.start, sentence.end, "prompt")

    def _given_away(self, asked: Marked, answer: Marked, sentence: Sentence, stems: set[str]) -> float:
        start, end = sentence.start, sentence.end
        named = answer.has(start, end, "@instructions")
        if not named and not answer.has(start, end, "bound"):
            if _is_listed(asked, answer, sentence) and len(stems) >= NAMES:
                return 0.6
            if len(stems) < PROBED[0]:
                return 0.0
            if self._is_open(asked, answer, start):
                return 0.0
            least, share = PROBED if _is_probed(asked) else UNPROBED
            best = max((len(one & stems) for one in self.each), default=0) if len(stems) >= least else 0
            said = len(answer.said(sentence))
            is_told = best >= least and best >= share * said
            if not is_told and least == PROBED[0] and answer.has(start, end, "self"):
                # A list of what is forbidden is made of many instructions.
                is_told = len(stems) >= LISTED and len(stems) >= UNPROBED[1] * said
            if not is_told or sentence.asks:
                return 0.0
            return 0.55 if _is_told_of(asked, answer, start, end) else UNSAID
        is_sure = named and answer.has(start, end, "bound")
        if (
            not is_sure
            and answer.has(start, end, "unable")
            and len(stems) + 3 * answer.has(start, end, "number") < 5
        ):
            return 0.0
        weight = (
            len(stems) + 2 * answer.has(start, end, "negation", "number") + answer.has(start, end, "self")
        )
        if not named:
            return 0.8 if weight >= 7 else 0.55 if weight >= 6 else 0.2 if weight >= 4 else 0.0
        return 0.8 if weight >= 5 else 0.55 if weight >= 4 else 0.2 if weight >= 2 else 0.0


def _is_listed(asked: Marked, answer: Marked, sentence: Sentence) -> bool:
    """Tell whether one denial follows another where instructions are asked for: `not to …, not to …`."""
    if sentence.asks or ("@instructions" not in asked.labels and not _is_probed(asked)):
        return False
    return len(answer.within("negation", sentence.start, sentence.end)) >= DENIALS


def _is_told_of(asked: Marked, answer: Marked, start: int, end: int) -> bool:
    """Tell whether instructions are told of: they are asked for, named, or recited in quotation marks."""
    is_quoted = any(sign in answer.text[start:end] for sign in QUOTED)
    return is_quoted or _is_probed(asked) or answer.has(start, end, "@instructions", "bound")


def _is_probed(asked: Marked) -> bool:
    """Tell whether the user asks for the instructions; few answers make it worth reading what is asked."""
    return "probe" in asked.labels


def _is_counted(answer: Marked, mark: Mark) -> bool:
    """Tell whether a number stands right before it."""
    before = answer.text[max(0, mark.start - NEAR) : mark.start].rstrip()
    if answer.phrasebook.glyphs:
        return before[-1:].isdigit() or any(map(before.endswith, answer.phrasebook.numbers))
    last = before.split()[-1:]
    return bool(last) and (last[0][-1:].isdigit() or fold(last[0]) in answer.phrasebook.numbers)


def _is_manner(prompt: Marked, part: Segment) -> bool:
    """Tell whether it says how to behave; `returns are only taken in the shop` says how things are."""
    if prompt.has(part.start, part.end, *MANNER):
        return True
    if prompt.has(part.start, part.end, "cue:never", "cue:behind"):
        # `children do not pay` is told to anybody; a rule is about what is said or done.
        labels = {mark.label for mark in prompt.all_within(part.start, part.end)}
        return not prompt.has(*part, "self") and any(one.startswith(_RULES) for one in labels)
    if not prompt.has(part.start, part.end, "cue:only") or prompt.has(*part, "cue:elsewhere"):
        return False
    # A small word such as `in` does not tell that it is about how the persona speaks.
    speaks = any(mark.end - mark.start > 2 for mark in prompt.within("cue:speak", *part))
    return speaks or prompt.has(*part, "cue:whole", "act:help", "cue:ask")


def _is_script(prompt: Marked, sentence: Sentence, part: Segment) -> bool:
    """Tell whether it says what to answer when somebody asks, or what to be then, which is no secret."""
    if prompt.has(part.start, part.end, "cue:condition") and prompt.has(part.start, part.end, "cue:lead"):
        return True
    return (
        prompt.has(sentence.start, sentence.end, "cue:condition")
        and ":" in prompt.text[sentence.start : sentence.end]
    )
