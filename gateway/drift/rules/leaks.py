"""Prompts that leak: an answer that recites its instructions, or says in other words what they are."""

from collections.abc import Iterator

from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.segments import segments
from gateway.drift.sentences import Sentence
from gateway.drift.text import Stretch

RUN = 6
"""Words in the order of an instruction that are hardly there by chance."""
GLYPHS = 14
"""The same in letters, in languages without blanks."""
_ALL = b"\1" * RUN


MANNER = [
    "cue:never",
    "cue:behind",
    "cue:unable",
    "cue:only",
    "cue:style",
    "cue:lead",
    "cue:sentences",
    "cue:words",
]


class Instructions:
    """A prompt made ready for its leaks to be noticed; facts and whatever the examples say are no secret."""

    def __init__(self, prompt: Marked, answers: Phrasebook, told: str) -> None:
        self.is_glyphs = answers.glyphs and answers.code != "ko"
        parts = [
            (
                prompt.text[part.start : part.end],
                prompt.has(part.start, part.end, *MANNER) and not _is_script(prompt, sentence),
            )
            for sentence in prompt.sentences
            for part in segments(prompt, sentence)
        ]
        known = {stem for text, is_manner in parts if not is_manner for stem in answers.stems(text)}
        known.update(answers.stems(told))
        shown = _runs(told, self.is_glyphs)
        manners = [text for text, is_manner in parts if is_manner]
        self.each = [frozenset(answers.stems(text)) - known for text in manners]
        self.stems = frozenset(stem for one in self.each for stem in one)
        runs = {run for text in manners for run in _runs(text, self.is_glyphs)}
        self.runs = frozenset(runs - shown)
        self.words = frozenset(word for run in self.runs for word in run.split())

    def leaks(self, answer: Marked) -> Iterator[Finding]:
        """Where the answer gives its instructions away."""
        yield from self._recited(answer)
        yield from self._retold(answer)

    def _recited(self, answer: Marked) -> Iterator[Finding]:
        known = None if self.is_glyphs else self.words
        if not self.runs or (known is not None and not _may_recite(answer.read, known)):
            return
        found = [span for run, span in _placed(answer.read, self.is_glyphs, known) if run in self.runs]
        if found:
            sentence = answer.sentence(found[0][0])
            least = 3 if self.is_glyphs else 2
            strength = 0.9 if len(found) >= least else 0.45
            yield Finding("prompt-leak", strength, sentence.start, max(sentence.end, found[-1][1]), "prompt")

    def _retold(self, answer: Marked) -> Iterator[Finding]:
        """Sentences that speak of instructions, and share words with them."""
        shared = answer.shared(self.stems)
        for label in ("@instructions", "bound"):
            for mark in answer.labels.get(label, ()):
                shared.setdefault(answer.sentence(mark.start), set())
        for sentence, stems in shared.items():
            strength = self._given_away(answer, sentence, stems)
            if strength:
                yield Finding("prompt-leak", strength, sentence.start, sentence.end, "prompt")

    def _given_away(self, answer: Marked, sentence: Sentence, stems: set[str]) -> float:
        start, end = sentence.start, sentence.end
        named = answer.has(start, end, "@instructions")
        if not named and not answer.has(start, end, "bound"):
            best = max((len(one & stems) for one in self.each), default=0) if len(stems) >= 5 else 0
            return (
                0.55 if best >= 5 and best >= 0.6 * len(answer.said(sentence)) and not sentence.asks else 0.0
            )
        if answer.has(start, end, "unable") and len(stems) + 3 * answer.has(start, end, "number") < 5:
            return 0.0
        weight = (
            len(stems) + 2 * answer.has(start, end, "negation", "number") + answer.has(start, end, "self")
        )
        if not named:
            return 0.8 if weight >= 7 else 0.55 if weight >= 6 else 0.2 if weight >= 4 else 0.0
        return 0.8 if weight >= 5 else 0.55 if weight >= 4 else 0.2 if weight >= 2 else 0.0


def _is_script(prompt: Marked, sentence: Sentence) -> bool:
    """Whether a sentence says what to answer when somebody asks, which then is no secret."""
    return (
        prompt.has(sentence.start, sentence.end, "cue:condition")
        and ":" in prompt.text[sentence.start : sentence.end]
    )


def _runs(text: str, is_glyphs: bool) -> frozenset[str]:
    return frozenset(run for run, _ in _placed(Stretch(text), is_glyphs, None))


def _may_recite(read: Stretch, known: frozenset[str]) -> bool:
    """Tell whether so many known words stand behind each other, with one look that is quick."""
    return bytes(map(known.__contains__, read.pieces[1::2])).find(_ALL) >= 0


def _placed(
    read: Stretch, is_glyphs: bool, known: frozenset[str] | None
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every run of so many words, or letters, and where it stands; if they are given, of known words."""
    if is_glyphs:
        text = read.text
        letters = [at for at, letter in enumerate(text) if letter.isalnum()]
        joined = "".join(text[at] for at in letters)
        for at in range(len(letters) - GLYPHS + 1):
            yield joined[at : at + GLYPHS], (letters[at], letters[at + GLYPHS - 1] + 1)
        return
    words, borders = read.pieces[1::2], read.borders
    since = 0
    for at, word in enumerate(words):
        if word.isdigit() or (known is not None and word not in known):
            since = at + 1
        elif at - since + 1 >= RUN:
            first = at - RUN + 1
            yield " ".join(words[first : at + 1]), (borders[2 * first], borders[2 * at + 1])
