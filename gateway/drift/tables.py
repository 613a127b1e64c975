"""The file of a language has these tables; each is data of one kind, and every one may be left out."""

import msgspec

from gateway.drift import counting
from gateway.drift.scripts import LATIN


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is an error, not a default. Lists of words are texts with spaces between the words."""


class Writing(Table, frozen=True):
    """The language's writing."""

    scripts: tuple[str, ...] = (LATIN,)
    """Its own one first; the others are used beside it."""
    stands_for_script: bool = False
    """A text in its script is taken for it where no language is declared that is written so."""
    spaced: bool = True
    """Spaces stand between words."""
    capital_nouns: bool = False
    """Every noun has a capital, which tells no name."""
    capital_places: bool = False
    """Every place, its people and what is theirs have a capital, so that a word without one is another."""
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
    small: str = ""
    """Letters of its small words, by which it is told from a language that borrows its script."""
    alike: tuple[str, ...] = ()
    """Groups of languages that a short text cannot be told apart in; the file `any` has them."""


class Words(Table, frozen=True):
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
    titles: str = ""
    """These stand before a last name: Mrs, Captain."""
    naming: str = ""
    """These stand between somebody and his name: a cat *called* Pudding."""
    lying: str = ""
    """These stand before the name of a place, and hardly before another: *in* Bursa."""
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
    closing: str = ""
    """Letters at the end of a sentence that say nothing: 我三十*了*."""


class Numbers(Table, frozen=True):
    """Numbers as they are spoken."""

    words: str = ""
    """Words that texts of other languages may have; `=` stands before a value that `spelled` lacks."""
    spelled: str = ""
    """The words from nought on, each at its place; `/` parts variants, `-` leaves a place out."""
    one: str = ""
    """Words for one that are numbers only within one: "treinta y *un*"."""
    hundred: str = ""
    """Hundreds are written with this, where number words are written as one: two*hundert*zwölf."""
    digits: dict[str, int] = {}
    """Single letters for one to nine, which stand by themselves before what is counted."""
    few: dict[str, int] = {}
    """More of them, which stand only there."""
    ten: str = ""
    counted: str = ""
    """Letters of what is counted, right behind a number."""
    no_number: str = ""
    """Letters behind ten that make another word of it."""

    @property
    def listed(self) -> dict[str, int]:
        """Give `words` with their values. Raises ValueError for one without."""
        return dict(counting.valued(self.words, counting.spelled(self.spelled)))

    @property
    def every(self) -> dict[str, int]:
        """Every number word of the language."""
        known = self.listed | counting.spelled(self.spelled)
        return dict(counting.hundreds(self.spelled, self.hundred)) | known if self.hundred else known


class Figures(Table, frozen=True):
    """Prices, times and other figures as they are written and spoken; patterns are in lower case."""

    decimal: str = "."
    joins: str = ""
    """Words within a number: "four hundred *and* two"."""
    units: dict[str, str] = {}
    """The words for each unit: `second` to `year`, `percent`, currencies, and parts (`gbp/100`) or multiples
    (`percent*10`) of others; `*` is any ending."""
    signs: dict[str, str] = {}
    """Signs of units, before or behind the number."""
    doses: str = ""
    """What a remedy is counted in; `*` is any ending."""
    hour: str = ""
    """Behind the hour, with the minutes as a group: "10 *h 30*"."""
    oclock: str = ""
    """Behind a number that is a time."""
    late: str = ""
    """Behind an hour of the afternoon, the evening or the night."""
    later: str = ""
    """Words for such a part of the day that stand right before an hour: *晚上*八点."""
    past: dict[str, int] = {}
    """These stand before an hour, each with the minutes that it adds: "half past"."""
    then: dict[str, int] = {}
    """The same behind an hour."""
    minutes: dict[str, int] = {}
    """Between minutes and their hour: 1 behind the hour, -1 before it, as in "twenty *past* three"."""
    at: str = ""
    """Before a bare number that is a time of day where it is told when somebody is there: "*at* six"."""
    amounts: dict[str, float] = {}
    """These count a stretch of time and are no numbers by themselves: "*a* week", "*half an* hour"."""
    shares: dict[str, int] = {}
    """Words for a part of a whole begin so, each with how many parts there are: "a *quarter* of it"."""
    half: str = ""
    """Behind a stretch of time that is half a unit longer: "an hour *and a half*"."""
    bound: str = ""
    """What stands before a number up to which something holds."""
    to: str = ""
    """Between both ends of a range."""
    beside: str = ""
    """Between two figures of one kind: "13:20 *and* 19:40"."""
    weekdays: str = ""
    """From Monday on; `/` stands between variants."""
    months: str = ""
    hours: str = ""
    """Words that ask for the hours in which somebody is there, or tell them."""
    there: str = ""
    """Words that say of a day that somebody is there."""
    closed: str = ""
    """Words that say of a day that nobody is there."""
    numbered: str = ""
    """Before a number that counts nothing: *No.* 12."""
    of_month: str = ""
    """A pattern of what stands between a day and its month: "12 *de* mayo"."""
    worded: str = ""
    """A pattern of prices whose number is written in characters or words: 三百元."""
    no_labels: str = ""
    """Words before a number that are no label of it."""


class Country(Table, frozen=True):
    """The country where most who speak it live."""

    home: str = ""
    """The country, as the value of a place."""
    units: str = ""
    """Letters behind the name of a place that say which kind it is."""


class Names(Table, frozen=True):
    """Names of others are written with these, in texts of whatever language."""

    titles: str = ""
    """Before a name, with a full stop: *Dr.* Ash."""
    within: str = ""
    """Between its words: House *of* Ash."""
    listed: str = ""
    """The same where others are listed by their names; elsewhere these join any nouns: Haus *der* Bücher."""
    articles: str = ""
    """Before a name, and no part of it: *the* Skelder."""
    possessives: str = ""
    """Behind a name and an apostrophe: Skelder’*s*."""
    endings: str = ""
    """A name in Latin letters is inflected by these, without accents: two Skelder*s*."""
    kind_first: bool = False
    """A name in this language begins with what it is: *Osteria* Merlo."""
