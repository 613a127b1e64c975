"""Rules that stand in the prose of a prompt: found, listed with their sentence, the same ones every time."""

import hashlib
from collections.abc import Iterator
from itertools import islice

from gateway.drift.language import Languages, packaged
from gateway.drift.rule import MOST, TEXT, Read, Rule
from gateway.drift.rules import banned, identifier
from gateway.drift.rules.beyond import is_cue, tells_cue, whole
from gateway.drift.rules.deeds import deed
from gateway.drift.rules.limits import Segment, form_of, is_forbidden, length_of
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.segments import marks_of, segments
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.sentences import Sentence
from gateway.drift.text import Stretch

READER = 27
"""Goes up with every change of what is found; it is stored with the rules that were read."""
NATURE = "@ai"
"""The label of words for what a persona is made of."""
LONGEST = 24_000
"""Characters of a prompt that are read, the first."""
GLYPHS = 7
"""Letters beside the name of a language up to which it is all that is said, where words are not parted."""


def read(prompt: str, language: str, languages: Languages | None = None) -> tuple[Read, ...]:
    """Read the rules of a prompt, in order; `language` is the persona's, which its prompt may not be in."""
    languages = packaged() if languages is None else languages
    known = told_in(prompt, language, languages)
    if known is None or not prompt.strip():
        return ()
    reading = Marked(known, Stretch(prompt[:LONGEST]))
    found: dict[str, Read] = {}
    for rule, sentence in _rules(reading, language):
        source = reading.text[sentence.start : sentence.end].strip()
        id = identified(rule, source)
        found.setdefault(id, Read(id=id, rule=rule, source=source[:TEXT]))
    return tuple(islice(found.values(), MOST))


def told_in(prompt: str, language: str, languages: Languages) -> Phrasebook | None:
    """Give the phrasebook of the prompt's language, else of the persona's, else that of the default."""
    told = identifier.language_of(prompt, (language, languages.default), languages)
    codes = (told, language, languages.default)
    return next((found for code in codes if (found := phrasebook(languages, code, prompts=True))), None)


def identified(rule: Rule, source: str) -> str:
    """An id that is the same for the same rule out of the same sentence."""
    text = "\n".join([rule.kind or "", " ".join(source.split()), repr(getattr(rule, rule.kind or "off"))])
    return f"prose:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _rules(reading: Marked, language: str) -> Iterator[tuple[Rule, Sentence]]:
    spoken = list(_languages(reading, language))
    yield from spoken
    before: Sentence | None = None
    for sentence in reading.sentences:
        taken = [_tongue(reading, mark) for mark in marks_of(reading, sentence, "lang:")]
        for segment in segments(reading, sentence):
            length, form = length_of(reading, segment), form_of(reading, segment)
            if length is not None:
                yield Rule(length=length), sentence
            if form is not None:
                yield Rule(format=form), sentence
            # What it is made of is no name of others, and what is not to be said of it is a rule.
            terms = tuple(one for one in banned.terms(reading, segment) if not _tells_nature(reading, one))
            if terms:
                yield Rule(never_say=terms), sentence
                if not reading.has(*segment, "cue:boilerplate"):
                    continue
            part = whole(reading, segment, sentence, before)
            if _is_spent(reading, part, has_limit=bool(length or form), taken=taken):
                continue
            rule = deed(reading, part)
            if rule is not None:
                yield rule, sentence
        before = sentence


def _languages(reading: Marked, own: str) -> Iterator[tuple[Rule, Sentence]]:
    """The languages to keep to, where the prompt says so."""
    kept: dict[str, Sentence] = {}
    banned: dict[str, Sentence] = {}
    also: set[str] = {own}
    is_strict = False
    for sentence in reading.sentences:
        for mark in marks_of(reading, sentence, "lang:"):
            code = mark.label.removeprefix("lang:")
            start, end = reading.clause(mark.start)
            if is_forbidden(reading, Segment(start, end), mark.start, mark.end):
                banned[code] = sentence
            elif reading.has(start, end, "self"):
                also.add(code)
            elif (
                reading.has(start, end, "cue:only", "cue:always") or end - start < mark.end - mark.start + 12
            ):
                is_strict = True
                kept.setdefault(code, sentence)
            elif reading.has(start, end, "cue:speak"):
                kept.setdefault(code, sentence)
            else:
                also.add(code)
    if kept:
        codes = tuple(sorted(set(kept) if is_strict else set(kept) | also))
        yield Rule(language=codes[0] if len(codes) == 1 else codes), next(iter(kept.values()))
    elif banned and own not in banned:
        yield Rule(language=own), next(iter(banned.values()))


def _tongue(reading: Marked, mark: Mark) -> Segment:
    """Find what only names a language: beside its name a word or two, as in `British English only`."""
    low, high = _around_brackets(reading, mark)
    if not reading.has(low, high, "cue:only", "cue:always"):
        return Segment(mark.start, mark.end)
    others = [one for one in reading.all_within(low, high) if one.label.startswith(("act:", "@", "lang:"))]
    if reading.phrasebook.glyphs:
        spare = sum("\u3040" <= one <= "\u9fff" for one in reading.text[low:high]) - (mark.end - mark.start)
        is_all = spare <= GLYPHS
    else:
        most = 2 + (low < reading.clause(mark.start)[0])
        is_all = len([one for one in reading.words_within(low, high) if not is_cue(reading, one)]) <= most
    return Segment(low, high) if is_all and others == [mark] else Segment(mark.start, mark.end)


def _around_brackets(reading: Marked, mark: Mark) -> tuple[int, int]:
    """Give the clause of a language, which may stand in brackets behind another name of it."""
    low, high = reading.clause(mark.start)
    text = reading.text
    if not (text[:low].endswith(("(", "（")) and text[high : high + 1] in (")", "）")):
        return low, high
    return reading.clause(max(0, low - 2))[0], reading.clause(min(len(text) - 1, high + 1))[1]


def _tells_nature(reading: Marked, term: str) -> bool:
    """Tell whether a term is a word for a machine: `AI`."""
    return term.isalpha() and NATURE in reading.phrasebook.word(term).labels


def _is_spent(reading: Marked, segment: Segment, *, has_limit: bool, taken: list[Segment]) -> bool:
    """Tell whether all that the segment forbids or demands has been read already."""
    if reading.has(*segment, "act:end") and reading.has(*segment, "cue:question"):
        return False

    def is_left(start: int, end: int) -> bool:
        if any(one.start <= start and end <= one.end for one in taken):
            return False
        return not any(map(tells_cue, reading.around(start, end)))

    left = [stem for start, end, stem in reading.words_within(*segment) if is_left(start, end)]
    if not left and not has_limit and reading.has(*segment, NATURE):
        return False  # "No AI talk" has no longer word than these.
    if not left and not has_limit and reading.has(*segment, "act:name", "act:advise"):
        # Whom it names by no name is no word of its own, and what it forbids stands there all the same.
        return not reading.has(*segment, "cue:never", "cue:behind")
    if reading.phrasebook.glyphs and not has_limit:
        # A word of a single letter is no run of them, and says something all the same.
        alone = range(segment.start, segment.end)
        return not left and not any(
            "\u3400" <= reading.text[at] <= "\u9fff" and is_left(at, at + 1) for at in alone
        )
    return len(left) < (3 if has_limit else 1)
