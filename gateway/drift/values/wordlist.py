"""The word list is what all languages know together, since a persona may be spoken to in any of them."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gateway.drift import glance
from gateway.drift.language import Language, Languages
from gateway.drift.lazily import lazily
from gateway.drift.phrases import phrases
from gateway.drift.scripts import SCRIPTS
from gateway.drift.tables import Numbers
from gateway.drift.values.entries import Sense
from gateway.drift.values.figures import MONTHS, SECONDS
from gateway.drift.values.forms import Forms

TOPIC = "?"
"""The value of a word that names its category: what a question asks for."""
_NEVER = "(?!)"
_PAUSE = (
    # What may be a pause begins with one class of characters, which is quick to search for. A longer run
    # counts as several pauses: to search on from each of its characters to its end would take its square.
    r"[.!?。！？…\n;；,，~～](?:[.!?。！？…\n;；,，~～]{0,16}(?=\s|$|[^\x00-\x7f])"
    r"|(?<=[。！？…\n；，～])[。！？…\n；，～]*)"
)
PAUSES = ".,!?\n;~。！？…；，～"
"""A pause begins with one of these."""
_STEM = 5
"""Letters kept of a word: crude, but the same for every alphabet, and `teacher` meets `teaching`."""
_PERIODS = SECONDS.keys() | MONTHS.keys()
_ROLES = ("negations", "not_negations", "like", "dislike", "self", "other", "if_")
LITERALS = {
    "named": glance.NAMED,
    "age_asked": glance.AGE_ASKED,
    "assistant": glance.ASSISTANT,
    "modern": glance.MODERN,
    "gendered": glance.GENDERED,
}
"""Phrases that are wordings in lower case, each as it stands in a text but for borders, and who cares."""
_BORDER = re.compile(r"\\b|\(\?<?[!=][^()]*(?:\([^()]*\)[^()]*)*\)")
"""A border of a word, or what must stand, or must not, before or behind it."""
_OPENS = r"\s{0,64}(?:%s)"
_FRAMES = {
    "name": r"(?:%s)[\s「“\"']{0,16}([^\W\d_]+(?:[ ·・'-][A-ZÀ-ÞА-Я][^\W\d_]*)*)",
    "copula": "(?:%s)",
    "reside": "(?:%s)",
    "age": "[ -]?(?:%s)",
    "affirm": _OPENS,
    "denial": _OPENS,
}
"""Frames around the wordings of all languages; a pattern without one is these alone."""
_PATTERNS = {
    "name": "named",
    **{
        name: name
        for name in (
            *("copula", "reside", "age", "aged", "count", "affirm", "denial", "he", "she"),
            *(
                "self_gender",
                "your_kind",
                "male_self",
                "female_self",
                "past",
                "modern",
                "machine",
                "assistant",
            ),
        )
    },
}
"""Each pattern with the phrases that it is made of."""
_LINE = (
    r"(?:^|[\n,，;；。|])[\s\-*•#\"'【\[]{0,32}([^\W\d_][^:：\n,，;；。]{0,20}?)"
    r"[\s\"'】\]*]{0,8}[:：]\s{0,16}([^\n,，;；。]{1,80})"
)
_FIELD = r"(%s)(?:%s)?[:： ]*([^，,。;；、\n:：]{1,20})"


class SpokenNumbers:
    """Numbers as they are written in runs: of digits, of ten, and before what is counted."""

    def __init__(self, numbers: Iterable[Numbers]) -> None:
        given = list(numbers)
        self._digits = {letter: n for one in given for letter, n in one.digits.items()}
        self._few = {letter: n for one in given for letter, n in one.few.items()}
        ten, counted, other = (
            "".join(getattr(one, name) for one in given) for name in ("ten", "counted", "no_number")
        )
        digits, few = "".join(self._digits), "".join(self._digits | self._few)
        tens = "".join(letter for letter, n in self._digits.items() if n > 1)
        is_known = ten and digits and counted and other
        self._pattern = re.compile(
            f"([{tens}]?)([{ten}])([{digits}]?)(?![{other}])|([{few}])(?=[{counted}])" if is_known else _NEVER
        )

    def find(self, run: str) -> Iterator[tuple[int, int, int]]:
        """Yield each number with its place."""
        for match in self._pattern.finditer(run):
            tens, ten, ones, one = match.groups()
            if ten:
                yield self._digits.get(tens, 1) * 10 + self._digits.get(ones, 0), *match.span()
            else:
                yield self._few.get(one) or self._digits[one], *match.span()


def stem_of(word: str) -> str:
    """Cut a word to what its forms have in common, about."""
    bare = word.partition("'")[0]
    return (bare[:_STEM].rstrip("s") if len(bare) <= _STEM else bare[:_STEM]) or word


class Wordlist:
    """All of it is the same for each persona; a lexicon leaves out what its language means otherwise."""

    def __init__(self, languages: Languages) -> None:
        self.languages = languages
        every = list(languages.values())
        self.stop = frozenset(word for one in every for word in one.words.stop.split())
        units = [units for one in every for kind, units in one.figures.units.items() if kind in _PERIODS]
        periods = {stem_of(word.strip("*")) for some in units for word in some.split()}
        self.periods = frozenset(word for one in every for word in one.words.periods.split()) | periods
        """Words for stretches of time, of which a text counts many, cut to their stems."""
        self.endings = tuple(ending for one in every for ending in one.words.endings.split())
        self.negated = tuple(ending for one in every for ending in one.words.negated.split())
        turns = [word for one in every for word in one.words.turns.split()]
        self.turns = tuple(f" {word} " for word in turns)
        self.turning_words = frozenset(turns)
        self.pausing = re.compile(_PAUSE)
        """The ends of clauses; the next one looks for words that begin another, too, and is slower."""
        self.turning = re.compile(rf"{_PAUSE}|\s(?i:{'|'.join(turns) or _NEVER})(?=\s)")
        self.asking = tuple(word for one in every for word in one.writing.asking.split())
        self.plurals = tuple(word for one in every for word in one.words.plurals.split())
        self.homes = tuple(one.country.home for one in every if one.country.home)
        self.units = "".join(one.country.units for one in every)
        self.keys = {word: kind for one in every for kind, some in one.keys.items() for word in some.split()}
        self.numbers = {word: n for one in every for word, n in one.numbers.listed.items()}
        self.spoken = SpokenNumbers(one.numbers for one in every)
        self.categories = frozenset(category for one in every for category in one.values)
        self.forms = Forms((*dict.fromkeys(_senses(every)), *_towns(every)))
        """Every word with its meanings."""
        stops = "".join(one.words.stop_letters for one in every)
        self.run = re.compile(f"[^{stops}]{{2,}}" if stops else "..+")
        """Letters in a row of which none is grammar."""
        self.closing = " .!。！" + "".join(one.words.closing for one in every)
        """A clause may end with these and have said all."""
        behind = "".join(_letters(one.script) for one in every if one.words.objects_first)
        self.denied_behind = re.compile(f"[{behind}]" if behind else _NEVER)
        """A letter of a script in which a negation follows what it denies."""
        self.literals = {
            name: phrases(tuple(filter(None, map(_literal, _phrases(every, name).split("|")))))
            for name in LITERALS
        }
        self.patterns = {
            name: _pattern(_FRAMES.get(name, "%s"), _phrases(every, source))
            for name, source in _PATTERNS.items()
        }
        self.patterns["field"] = _pattern(_FIELD, _phrases(every, "field"), _phrases(every, "field_is"))
        self.patterns["line"] = _pattern(_LINE)


def _senses(languages: list[Language]) -> Iterator[tuple[Sense, str]]:
    """Yield every word with a category and a value, category by category, in the order of the languages."""
    for category in dict.fromkeys(category for one in languages for category in one.values):
        held = [one.values.get(category, {}) for one in languages]
        for value in dict.fromkeys(value for values in held for value in values):
            for values in held:
                for word in values.get(value, "").split():
                    yield (category, value), word
    for role in _ROLES:
        for one in languages:
            for word in getattr(one.words, role).split():
                yield (f"_{role.rstrip('_')}", ""), word
    for one in languages:
        for category, some in one.topics.items():
            for word in some.split():
                yield (category, TOPIC), word


def _towns(languages: list[Language]) -> Iterator[tuple[Sense, str]]:
    for one in languages:
        for place, towns in one.towns.items():
            for town in towns.split():
                yield ("place", f"{place}/{town}"), town


def _phrases(languages: list[Language], name: str) -> str:
    return "|".join(filter(None, (getattr(one.phrases, name) for one in languages)))


def _literal(phrase: str) -> str:
    """Give a wording without its borders, which no text has in it."""
    return _BORDER.sub("", phrase)


def _pattern(frame: str, *parts: str) -> re.Pattern[str]:
    return lazily(frame % tuple(part or _NEVER for part in parts) if parts else frame, re.IGNORECASE)


def _letters(name: str) -> str:
    return next((f"{chr(one.first)}-{chr(one.last)}" for one in SCRIPTS if one.name == name), "")


@lru_cache(maxsize=4)
def wordlist(languages: Languages) -> Wordlist:
    """Put together what these languages know, once, in some ten milliseconds."""
    return Wordlist(languages)
