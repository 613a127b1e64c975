"""The file of a language says in one table, `[rules]`, how rules are put, kept and broken in it."""

from gateway.drift.tables import Table


class RuleWords(Table, frozen=True):
    """The words of rules; every list of entries is a text with commas, unless a key says otherwise."""

    glyphs: bool = False
    """Written without blanks, or with particles at each word: entries are looked for anywhere."""
    behind: bool = False
    """A clause says at its end whether it denies or forbids."""
    compounds: bool = False
    """Words are joined to longer ones: a word may be the end of another."""
    endings: str = ""
    """Endings of inflection, which a stem is without."""
    cases: str = ""
    """Endings of the cases that a prompt may name others in, who are told of in another one."""
    fleeting: str = ""
    """Vowels before the last consonant of a name that some cases are without: Lis*e*k, o Lisku."""
    quoting: str = ""
    """Words behind what somebody says, which is no rule then: できない*と*も言わず."""
    apostrophes: bool = False
    """Endings are written onto a name behind an apostrophe: `Skelder’den`."""
    exceptions: str = ""
    """Words that end so by chance, to which endings do not count."""
    articles: str = ""
    """Words behind which a noun means any of its kind, and no name: `ein Kompass`."""
    copulas: str = ""
    """Words behind what a sentence is about, which say what or where it is."""
    accented: str = ""
    """Words that mean something else without their accent, as which they are not to be read: `sí`."""
    stop: str = ""
    """Words that say nothing of a topic."""
    light: str = ""
    """Words that any duty may have, of asking, wanting and bringing: they show none to be due or done."""
    abbreviations: str = ""
    titles: str = ""
    """A pattern of somebody's name, its group, with what stands beside it, where capitals tell nothing."""
    ordinals: bool = False
    """A number with a full stop counts something; no sentence ends there."""
    marks: dict[str, str] = {}
    """Words show how a thing is said: denied, promised, claimed to be done."""
    concepts: dict[str, str] = {}
    """Words show what it is about; the names are the same in every language."""
    occasions: dict[str, str] = {}
    """Words that tell the same occasion of a duty; the names are the same in every language."""
    acts: dict[str, str] = {}
    """A rule forbids or demands to do these with it."""
    cues: dict[str, str] = {}
    """A prompt says by these that something is a rule."""
    tasks: dict[str, str] = {}
    """An assistant is asked for these, which most personas are not there for."""
    register: dict[str, str] = {}
    """Somebody is spoken to so."""
    address: dict[str, str] = {}
    """Patterns of the forms of address, capitals counting."""
    names: dict[str, str] = {}
    """Words that names are made of, and what leads up to one."""
    says: dict[str, str] = {}
    """A rule that was read is put so."""
    numbers: str = ""
    """Number words that count in rules; those that are none elsewhere have their values: `ein=1`."""
    languages: dict[str, str] = {}
    """Names of languages."""
