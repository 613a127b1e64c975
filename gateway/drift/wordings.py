"""The file of a language has regular expressions for what a sentence does, and for what a persona is."""

from gateway.drift.tables import Table


class Phrases(Table, frozen=True):
    """Regular expressions for wordings that say what a sentence does."""

    named: str = ""
    asking: str = ""
    """A question asks by these who, where or what is called."""
    called: str = ""
    """Two groups: whose name it is, and the name, where words run on."""
    name_told: str = ""
    """The same in prose, where words run on: whose name it is, and the name."""
    name_said: str = ""
    """Behind whose name it is, where words run on; its group is the name."""
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
