"""An answer held against the rules of its persona."""

from typing import NamedTuple

from gateway.drift.rule import Active, Read, Rule, effective
from gateway.drift.rules import duties, forbidden, form, prose, tasks, topics
from gateway.drift.rules.findings import TOUCH, Finding, belief
from gateway.drift.rules.languages import bare, table
from gateway.drift.rules.leaks import Instructions
from gateway.drift.rules.manners import Manners
from gateway.drift.rules.reading import LONGEST, Reading
from gateway.drift.rules.spoken import Spoken
from gateway.drift.rules.terms import Terms, folded, skeleton

READ = 24_000
"""Characters of the fields, and of the example lines, that are read for words, the first."""


class Persona(NamedTuple):
    """What a version says, as far as rules are read from it."""

    name: str = ""
    language: str = "en"
    prompt: str = ""
    examples: tuple[str, ...] = ()
    stored: str = ""
    """Names and values of its fields."""
    rules: tuple[Rule, ...] = ()
    read: tuple[Read, ...] | None = None
    """What was read from the prompt before; `None`: it is read now."""


class Kept(NamedTuple):
    """What a conversation has settled already."""

    duties: frozenset[str] = frozenset()
    """Duties that were done, and need not be again."""


NOTHING = Kept()


class Checked(NamedTuple):
    """What one answer gave."""

    belief: float | None
    """That a rule is broken; `None` where the turn touches none."""
    broken: float | None
    """The same, but for rules of which the owner wants a warning only."""
    warned: float
    """That one of those is broken."""
    findings: tuple[Finding, ...]
    touched: tuple[str, ...]
    """Rules that are worth a look by somebody who understands what is said."""
    kept: Kept


class Rules:
    """The rules of a version, made ready to be checked."""

    def __init__(self, persona: Persona) -> None:
        self.persona = persona
        self.read = prose.read(persona.prompt, persona.language) if persona.read is None else persona.read
        self.active: tuple[Active, ...] = effective(persona.rules, self.read)
        self._titles = {one.basis: one.title for one in self.active}
        self.warnings = frozenset(one.basis for one in self.active if one.is_warning)
        self.language = table(persona.language) or bare(persona.language)
        words = prose.told_in(persona.prompt, persona.language) or self.language
        self.terms = [
            (one, Terms(one.rule.never_say)) for one in self.active if one.rule.never_say is not None
        ]
        self.spoken = Spoken(*self._languages())
        self.forbidden, self.duties = [], []
        examples = _within(persona.examples)
        usual = frozenset(self.language.stems("\n".join(examples)))
        for one in self.active:
            text = one.rule.must_not or one.rule.must
            if text is not None:
                written = prose.told_in(text, words.code) if one.is_declared else words
                if one.rule.must_not is not None:
                    self.forbidden.append(forbidden.prepare(one, written or words, self.language, usual))
                else:
                    self.duties.append(duties.prepare(one, written or words, self.language))
        self.scope = next((one for one in self.forbidden if one.is_scope), None)
        stored = persona.stored[:READ]
        texts = "\n".join([persona.name, persona.prompt[: prose.LONGEST], stored, *examples])
        self.home = frozenset(self.language.stems(texts))
        self.known = frozenset(match[0].replace(" ", "") for match in forbidden._AMOUNT.finditer(texts))
        prompt = Reading(words, persona.prompt[: prose.LONGEST])
        told = "\n".join([stored, *examples])
        self.instructions = Instructions(prompt, self.language, told)
        self.manners = Manners(prompt, self.language, examples, self.language.address)

    def _languages(self) -> tuple[frozenset[str], str]:
        for one in self.active:
            if one.rule.language is not None:
                return one.rule.languages, one.basis
        return frozenset({self.persona.language.lower().partition("-")[0]}), "language"

    def check(self, user: str, answer: str, kept: Kept = NOTHING) -> Checked:
        """Hold an answer against the rules; `kept` is what the conversation has settled before."""
        answer, user = answer[:LONGEST], user[:LONGEST]
        said, asked = Reading(self.language, answer), Reading(self.language, user)
        findings: list[Finding] = [*self._terms(asked, said), *self.spoken.foreign(said)]
        for one in self.active:
            if one.rule.length is not None:
                findings += form.too_long(said, one.rule.length, one.basis)
            elif one.rule.format is not None:
                findings += form.ill_formed(said, one.rule.format, one.basis)
        for rule in self.forbidden:
            findings += forbidden.broken(rule, asked, said, self.known)
        if self.scope is not None:
            findings += tasks.errands(asked, said, self.home, self.scope.active.basis)
        done = set(kept.duties)
        for duty in self.duties:
            if duty.active.basis not in kept.duties or duty.is_always or duty.ends_asking:
                findings += duties.undone(duty, asked, said)
            if duties.is_done(duty, said) >= 1:
                done.add(duty.active.basis)
        findings += self.instructions.leaks(said)
        findings += self.manners.breaches(said)
        findings = [one for one in findings if one.strength >= TOUCH]
        findings.sort(key=lambda one: -one.strength)
        touched = tuple(dict.fromkeys(one.basis for one in findings))
        total = belief(findings) if findings or self._touches(asked, said) else None
        warned = belief([one for one in findings if one.basis in self.warnings])
        broken = (
            belief([one for one in findings if one.basis not in self.warnings]) if total is not None else None
        )
        return Checked(total, broken, warned, tuple(findings), touched, Kept(frozenset(done)))

    def _touches(self, asked: Reading, said: Reading) -> bool:
        """Whether the turn is about what a rule is about, though nothing speaks against it."""
        return any(topics.touches(rule, said) for rule in self.forbidden) or any(
            duties.due(duty, asked) for duty in self.duties
        )

    def title(self, basis: str) -> str | None:
        """What to call a rule: its name, or its own words; `None` for what holds for every persona."""
        return self._titles.get(basis)

    def _terms(self, asked: Reading, said: Reading) -> list[Finding]:
        """Terms that are never said, but for those of the user that are turned down."""
        if not self.terms:
            return []
        rough = folded(said.text)
        likely = [one for one in self.terms if rough in one[1]]
        if not likely:
            return []
        seen, places = skeleton(said.text)
        found = []
        for active, terms in likely:
            for start, end in terms.find(seen, places):
                low, high = said.clause(start)
                refused = said.has(low, high, "unable", "negation") or any(
                    a <= start < b for a, b in said.quotes
                )
                was_said = said.text[start:end].lower()[:4] in asked.text.lower()
                strength = 0.2 if refused and was_said else 0.95
                found.append(Finding("never-say", strength, start, end, active.basis))
        return found


def _within(examples: tuple[str, ...]) -> tuple[str, ...]:
    """The first lines that fit into what is read of them together."""
    found, room = [], READ
    for line in examples:
        found.append(line[:room])
        room -= len(line)
        if room <= 0:
            break
    return tuple(found)
