"""The file of a language tells by these tables what a sentence does and what somebody is."""

from gateway.drift.tables import Table


class Phrases(Table, frozen=True):
    """Regular expressions for wordings that say what a sentence does."""

    named: str = ""
    asking: str = ""
    """A question asks by these who, where or what is called."""
    where: str = ""
    """A question asks by these for a place."""
    whence: str = ""
    """A question asks by these where a thing, and not the speaker, is from."""
    comes: str = ""
    """A sentence tells by these where something is from."""
    site: str = ""
    """A place, by what its name ends in, where capitals tell no names; its group is what is its own of it."""
    dating: str = ""
    """A question asks by these for a year, or since when something has been so."""
    called: str = ""
    """Two groups: whose name it is, and the name, where words run on."""
    of_age: str = ""
    """Matches before a number of years that is an age, where the word behind it says no more than years."""
    name_told: str = ""
    """The same in prose, where words run on: whose name it is, and the name."""
    name_said: str = ""
    """Behind whose name it is, where words run on; its group is the name."""
    others: str = ""
    """Names of others nearby, and words that say where these are: they have hours and prices of their own."""
    then: str = ""
    """Words that begin a tale of another time."""
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


class Nature(Table, frozen=True):
    """Regular expressions for what a persona's own texts say of its nature."""

    being: str = ""
    machine: str = ""
    away: str = ""
    trade: str = ""
    model: str = ""
    article: str = ""
    field: str = ""
    only_a_model: str = ""
    no_person: str = ""
    aside: str = ""


class Pattern(Table, frozen=True, kw_only=True):
    """One way in which a model speaks of itself."""

    name: str
    strength: float
    text: str
    free: bool = False
    """Counts even in a quotation, a supposition or a question."""
    leads: bool = False
    """Counts only where it leads up to something: in languages written with spaces, behind a colon."""


class Breaks(Table, frozen=True):
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
