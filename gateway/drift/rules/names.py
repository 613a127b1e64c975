"""Names of others in a rule: whom the persona is not to speak of."""

import re
from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.words import WORD, fold
from gateway.drift.text import Stretch

_BRACKETS = lazily(r"\(([^()]{2,300})\)|（([^（）]{2,300})）")
_COMMA = re.compile(r"[,，、]")
_LEAD = lazily(r"^(?:[a-zà-ÿ.]+\s+){1,3}(?=[A-ZÀ-Þ])")
"""Small words before a name: *chez* Fanchon, *such as* Thornfall."""
_SUFFIX = lazily(r"['’]\w{1,6}$")
_SHORTENED = lazily(r"['’](?:[a-zà-ÿ]\w*)?")
"""This is left of a verb behind an apostrophe: Don*'t*, N*'évoquez*."""
NEXT = 24
"""Characters behind a name in which another one may begin."""
_LEAST = 4
"""Letters of a word that stands for the whole name."""


def named(reading: Marked, start: int, end: int) -> Iterator[tuple[int, int, list[str]]]:
    """Names between two places, each with where it stands and what it may be called."""
    text, shapes = reading.text, reading.phrasebook.shapes
    brackets = [match.span() for match in _BRACKETS.finditer(text, start, end)]
    for low, high in brackets:
        at = low + 1
        for part in shapes.parting.split(text[low + 1 : high - 1]):
            name = _LEAD.sub("", part.strip(" .…\"'“”„«»「」『』"))
            if _is_name(reading, name) and not _is_clause(reading, name):
                yield at, high, _forms(reading, name, start, end)
    if reading.phrasebook.capital_nouns or reading.phrasebook.glyphs:
        leads = [*reading.within("name:leads", start, end), *_of_others(reading, start, end)]
        places = [(min(mark.end for mark in leads), end)] if leads else []
    else:
        places = [(start, end)]
    for low, high in places:
        for match in shapes.run.finditer(text, low, high):
            if any(a <= match.start() < b for a, b in brackets):
                continue
            at = _begin(reading, *match.span())
            name = text[at : match.end()]
            if name and not _is_generic(reading, name) and not _elsewhere(reading, name, start, end):
                yield at, match.end(), _forms(reading, name, start, end)


LISTED = 300
"""Characters behind a cue in which names are looked for."""


def _of_others(reading: Marked, start: int, end: int) -> Iterator[Mark]:
    """Find a denial of nothing but names, behind others: `name no rivals, neither Skelder nor Bluequill`."""
    told = reading.within("act:name", start, end)
    # One of these is to name, and the other one whom.
    for cue in reading.within("cue:never", told[1].end, end) if len(told) > 1 else ():
        if denies_names(reading, cue, end):
            yield cue


def denies_names(reading: Marked, cue: Mark, end: int) -> bool:
    """Tell whether nothing but words with a capital stands behind a cue, up to a comma."""
    # A prompt may have thousands of cues in one sentence, each of which has all the others behind it.
    end = min(end, cue.end + LISTED)
    comma = _COMMA.search(reading.text, cue.end, end)
    last = comma.start() if comma else end
    nor = reading.within("cue:nor", cue.end, last)
    if not nor:
        return False
    joints = [*nor, *reading.within("cue:and", cue.end, last)]
    words = [
        word[0]
        for word in WORD.finditer(reading.text, cue.end, last)
        if not any(mark.start <= word.start() < mark.end for mark in joints)
    ]
    return bool(words) and all(word[:1].isupper() for word in words)


def _is_name(reading: Marked, name: str) -> bool:
    if not 1 < len(name) <= 60 or name.isdigit():
        return False
    return reading.phrasebook.glyphs or reading.phrasebook.shapes.run.match(name) is not None


def _is_clause(reading: Marked, part: str) -> bool:
    """Tell whether what stands in brackets says what to do, where a name has no capital to tell it by."""
    if not reading.phrasebook.glyphs:
        return False
    told = reading.phrasebook.marks(Stretch(part))
    return any(mark.label.startswith(("@", "act:", "cue:behind", "cue:ask")) for mark in told)


def _begin(reading: Marked, start: int, end: int) -> int:
    """Tell where a name begins behind a verb that has the sentence's capital: `Mention Skelder never`."""
    # Where verbs stand last a sentence may begin with a name, which more words than one tell.
    if not _opens(reading, start) or (reading.phrasebook.behind and " " in reading.text[start:end]):
        return start
    first = WORD.match(reading.text, start, end)
    if first is None:
        return end
    word = reading.phrasebook.word(first[0])
    is_known = any(
        one.start == start and one.label.startswith(("act:", "cue:")) for one in reading.around(start, start)
    )
    if is_known or not word.stem:
        shortened = _SHORTENED.match(reading.text, first.end(), end)
        rest = reading.text[shortened.end() if shortened else first.end() : end]
        return end - len(rest.lstrip())
    # Names beside each other are told by those that do not begin a sentence: `Skelder and Bluequill`.
    behind = reading.text[end : end + NEXT]
    shapes = reading.phrasebook.shapes
    parted = shapes.parting.match(behind)
    return start if parted is not None and shapes.run.match(behind, parted.end()) is not None else end


def _is_generic(reading: Marked, name: str) -> bool:
    """Tell whether a capital word is what many are called: the museum of a `Музей ледоколов`."""
    return name.isalpha() and "name:generic" in reading.phrasebook.word(name).labels


def _opens(reading: Marked, at: int) -> bool:
    """Tell whether a capital stands there because a sentence begins."""
    lead = reading.text[:at].rstrip(" \"'“„«")
    return not lead or lead[-1] in ".!?…:\n。"


def _elsewhere(reading: Marked, name: str, start: int, end: int) -> bool:
    """Tell whether the prompt uses the name outside of this rule: then it is one of its own."""
    rest = reading.text[:start] + "\n" + reading.text[end:]
    language = {
        mark.label for mark in reading.phrasebook.marks(Stretch(name)) if mark.label.startswith("lang:")
    }
    return bool(language) or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest) is not None


def _forms(reading: Marked, name: str, start: int, end: int) -> list[str]:
    """The name, and the words of it that mean nobody else."""
    name = reading.phrasebook.shapes.article.sub("", name)
    if reading.phrasebook.apostrophes:
        name = _SUFFIX.sub("", name)
    words = WORD.findall(name)
    found = [name]
    if len(words) > 1 and not reading.phrasebook.glyphs:
        rest = {fold(word) for word in WORD.findall(reading.text[:start] + " " + reading.text[end:])}
        own = words[1:] if reading.phrasebook.shapes.kind_first else words
        for word in own:
            known = reading.phrasebook.word(word)
            if (
                len(word) >= _LEAST
                and word[0].isupper()
                and not known.labels
                and known.stem
                and fold(word) not in rest
            ):
                found.append(word)
    return found
