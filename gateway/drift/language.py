"""A language is data: everything that the scorer knows of one stands in `languages/<code>.toml`."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from gateway.drift.scripts import LATIN, SCRIPTS, script

ANY = "any"
"""The file of what is the same in every language."""
DEFAULT = "en"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is an error, not a default. Lists of words are texts with spaces between the words."""


class Writing(_Table, frozen=True):
    """The language's writing."""

    scripts: tuple[str, ...] = (LATIN,)
    """Its own one first; the others are used beside it."""
    stands_for_script: bool = False
    """A text in its script is taken for it where no language is declared that is written so."""
    spaced: bool = True
    """Spaces stand between words."""
    particles: str = ""
    """Particles written onto the word that they belong to, so that its pieces say more than the whole."""
    elides: bool = False
    """An apostrophe parts two words."""
    question: str = ""
    """The mark of a question, where it is another one than `?`."""
    asking: str = ""
    """Words that make a question of a clause that ends with one."""
    ruled_out: str = ""
    """Letters, as a class of a regular expression, that no text in it has, unless …"""
    unless: str = ""
    """… it has one of these, too."""


class Words(_Table, frozen=True):
    """Words of grammar, by what they do in a sentence."""

    self: str = ""
    """The speaker."""
    other: str = ""
    """Somebody else."""
    negations: str = ""
    not_negations: str = ""
    """Words that look like a negation and are none."""
    like: str = ""
    dislike: str = ""
    if_: str = ""
    """Words that make a supposition."""
    turns: str = ""
    """Words that begin a new clause within a sentence."""
    stop: str = ""
    """Words that tell nothing about a topic."""
    stop_letters: str = ""
    """The same of single letters, as a class of a regular expression."""
    periods: str = ""
    """Stems of stretches of time, of which a text counts many."""
    endings: str = ""
    """Endings that are cut off a word that is not known as it stands."""
    negated: str = ""
    """Endings of words that deny."""
    plurals: str = ""
    """Endings that make many of a person."""
    objects_first: bool = False
    """A verb follows what it is about, and so does its negation."""
    false_friends: str = ""
    """Words of other languages that mean something else in this one."""


class Numbers(_Table, frozen=True):
    """Numbers as they are spoken."""

    words: dict[str, int] = {}
    spelled: str = ""
    """The words from nought on, each at its place; `/` parts variants, `-` leaves a place out."""
    one: str = ""
    """Words for one that are numbers only within one: "treinta y *un*"."""
    hundred: str = ""
    """What hundreds are written with, where number words are written as one: two*hundert*zwölf."""
    digits: dict[str, int] = {}
    """Single letters for one to nine, which stand by themselves before what is counted."""
    few: dict[str, int] = {}
    """More of them, which stand only there."""
    ten: str = ""
    counted: str = ""
    """Letters of what is counted, right behind a number."""
    no_number: str = ""
    """Letters behind ten that make another word of it."""


class Figures(_Table, frozen=True):
    """Prices, times and other figures as they are written and spoken; patterns are in lower case."""

    decimal: str = "."
    joins: str = ""
    """Words within a number: "four hundred *and* two"."""
    units: dict[str, str] = {}
    """The words for each unit: `second` to `year`, `percent`, currencies; `*` is any ending."""
    signs: dict[str, str] = {}
    """Signs of units, before or behind the number."""
    hour: str = ""
    """Behind the hour, with the minutes as a group: "10 *h 30*"."""
    oclock: str = ""
    """Behind a number that is a time."""
    past: dict[str, int] = {}
    """What stands before an hour, and the minutes that it adds: "half past"."""
    then: dict[str, int] = {}
    """The same behind an hour."""
    to: str = ""
    """Between both ends of a range."""
    beside: str = ""
    """Between two figures of one kind: "13:20 *and* 19:40"."""
    weekdays: str = ""
    """From Monday on; `/` stands between variants."""
    months: str = ""
    hours: str = ""
    """Words that ask for the hours in which somebody is there, or tell them."""
    no_labels: str = ""
    """Words before a number that are no label of it."""


class Country(_Table, frozen=True):
    """The country where most who speak it live."""

    home: str = ""
    """The country, as the value of a place."""
    units: str = ""
    """Letters behind the name of a place that say which kind it is."""


class Phrases(_Table, frozen=True):
    """Regular expressions for wordings that say what a sentence does."""

    named: str = ""
    copula: str = ""
    reside: str = ""
    age: str = ""
    aged: str = ""
    age_asked: str = ""
    count: str = ""
    affirm: str = ""
    denial: str = ""
    he: str = ""
    she: str = ""
    self_gender: str = ""
    your_kind: str = ""
    male_self: str = ""
    female_self: str = ""
    gendered: str = ""
    past: str = ""
    modern: str = ""
    machine: str = ""
    assistant: str = ""
    field: str = ""
    field_is: str = ""


class Persona(_Table, frozen=True):
    """Regular expressions for what a persona's own texts say of its nature."""

    being: str = ""
    machine: str = ""
    away: str = ""
    trade: str = ""
    model: str = ""
    article: str = ""
    field: str = ""
    only_a_model: str = ""
    aside: str = ""


class Pattern(_Table, frozen=True, kw_only=True):
    """One way in which a model speaks of itself."""

    name: str
    strength: float
    text: str
    free: bool = False
    """Counts even in a quotation, a supposition or a question."""
    leads: bool = False
    """Counts only where it leads up to something: in languages written with spaces, behind a colon."""


class Breaks(_Table, frozen=True):
    """The ways in which models speak of themselves."""

    service: tuple[str, ...] = ()
    """Phrases, in lower case, of an assistant that serves anybody; one may be chance."""
    stems: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    before: str = "(?!)"
    after: str = "(?!)"
    whole_words: bool | None = None
    """Patterns match whole words; `None`: where the language is written so that words can be told."""
    words: dict[str, str] = {}
    patterns: tuple[Pattern, ...] = ()


class Language(_Table, frozen=True, kw_only=True, dict=True):
    """One language; what is left out is not known of it."""

    code: str = ""
    """ISO 639-1: the name of the file."""
    name: str
    writing: Writing = Writing()
    words: Words = Words()
    numbers: Numbers = Numbers()
    figures: Figures = Figures()
    keys: dict[str, str] = {}
    """Names of fields whose values are known, by category."""
    topics: dict[str, str] = {}
    """Words by which a question asks for a category."""
    values: dict[str, dict[str, str]] = {}
    """The words for each value of a category."""
    towns: dict[str, str] = {}
    """Places of their own, by the place that they lie in."""
    country: Country = Country()
    phrases: Phrases = Phrases()
    persona: Persona = Persona()
    breaks: Breaks = Breaks()

    @property
    def script(self) -> str:
        return self.writing.scripts[0]

    @property
    def is_unspaced(self) -> bool:
        """Tell whether runs of characters say more than words do."""
        return not self.writing.spaced or bool(self.writing.particles)

    @property
    def has_whole_words(self) -> bool:
        """Tell whether patterns of breaks are held against whole words."""
        whole = self.breaks.whole_words
        return not self.is_unspaced if whole is None else whole


class Languages(Mapping[str, Language]):
    """All languages of a folder, by their codes and in the order of these, with `any` first."""

    def __init__(self, languages: Iterable[Language]) -> None:
        ranked = sorted(languages, key=lambda language: (language.code != ANY, language.code))
        self._all = {language.code: language for language in ranked}
        self._first = {one.script: one.code for one in ranked if one.writing.stands_for_script}

    def __getitem__(self, code: str) -> Language:
        return self._all[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @cached_property
    def written(self) -> dict[str, list[str]]:
        """The languages of each script but Latin, those that use it beside their own among them."""
        found: dict[str, list[str]] = {one.name: [] for one in SCRIPTS}
        for language in self.values():
            for name in language.writing.scripts:
                if name != LATIN:
                    found[name].append(language.code)
        return found

    def script(self, code: str) -> str:
        """Name the script of a language; one that is not known is taken to be written in Latin letters."""
        return self._all[code].script if code in self._all else LATIN

    def is_unspaced(self, code: str) -> bool:
        return code in self._all and self._all[code].is_unspaced

    def spoken(self, text: str, declared: str) -> str:
        """Give the declared language by its code, unless the text is clearly in another script."""
        code = declared.lower().partition("-")[0]
        found = script(text)
        if found is None or found == self.script(code):
            return code
        return self._first.get(found, DEFAULT)


def read(folder: Traversable | Path) -> Languages:
    """Read every language of a folder. Raises `ValueError` with the file's name where one is not right."""
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            try:
                language = msgspec.toml.decode(file.read_bytes(), type=Language)
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{file.name}: {error}") from None
            found.append(msgspec.structs.replace(language, code=file.name.removesuffix(".toml")))
    return Languages(found)


@cache
def packaged() -> Languages:
    """Read the languages that come with the package, once, in some tens of milliseconds."""
    return read(resources.files("gateway.drift").joinpath("languages"))
