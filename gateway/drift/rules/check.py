"""An answer held against the rules of its persona."""

import re

from gateway.drift.character import Character
from gateway.drift.language import Languages, primary
from gateway.drift.proper_names import proper_names
from gateway.drift.rule import COMMON, Active, effective
from gateway.drift.rules import (
    answered,
    consent,
    duties,
    duty,
    forbidden,
    form,
    obliging,
    prose,
    tasks,
    topics,
    utterance,
)
from gateway.drift.rules.echoes import unechoed
from gateway.drift.rules.findings import BREAK, NOTHING, TOUCH, Checked, Finding, Kept, belief, distinct
from gateway.drift.rules.leaks import Instructions
from gateway.drift.rules.manners import Manners
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.shelf import empty, phrasebook
from gateway.drift.rules.spoken import Spoken
from gateway.drift.rules.terms import Forms, Terms
from gateway.drift.text import Stretch, Text

LONGEST = 8_000
"""Characters of either text that are read, the first."""
TOLD = 6
"""Words of a declared rule that tell its language."""
READ = 24_000
"""Characters of the fields, and of the example lines, that are read for words, the first."""


OWN = 16
"""Example lines that the rules are tried on, the first."""
TRIED = 200_000
"""Characters of them that all rules together are tried on: many rules are tried on fewer, the first."""
DOUBTED = 0.3
"""The strength of what breaks a rule that the persona's own lines break so, too: it is worth a look."""
PRETENDS = frozenset({"@ai", "@instructions"})
"""A prompt that names one of these keeps its persona from speaking of it."""


class Rules:
    """The rules of a version, made ready to be checked."""

    def __init__(self, persona: Character, stored: str, languages: Languages) -> None:
        """Make them ready; `stored` has names and values of the persona's fields, one to a line."""
        known = prose.told_in(persona.prompt, persona.language, languages)
        read = persona.read
        if read is None:
            read = prose.read(persona.prompt, persona.language, languages)
        self.read = read
        self.active: tuple[Active, ...] = effective(persona.rules, read)
        self._titles = {one.basis: one.title for one in self.active}
        self.warnings = frozenset(one.basis for one in self.active if one.is_warning)
        code = primary(persona.language)
        self.phrasebook = phrasebook(languages, code) or empty(languages, code)
        words = known or self.phrasebook
        names = {one.rule.never_say for one in read}
        ands = dict.fromkeys([*words.ands, *self.phrasebook.ands])
        forms = Forms.of(proper_names(languages), ands, words.cases, words.fleeting)
        self.terms = [
            (one, Terms(terms, forms, are_read=terms in names))
            for one in self.active
            if (terms := one.rule.never_say) is not None
        ]
        self.spoken = Spoken(*self._languages(code), languages)
        self.forbidden, self.duties = [], []
        examples = _within(persona.examples, READ)
        usual = frozenset(self.phrasebook.stems("\n".join(examples)))
        daily = usual | frozenset(self.phrasebook.stems(stored[:READ]))
        told = self._told(persona.prompt[: prose.LONGEST])
        facts = "\n".join([told, stored[:READ], *examples])
        everyday = Marked(words, Stretch(facts))
        prompt = Marked(words, Stretch(persona.prompt[: prose.LONGEST]))
        often = frozenset(stem for stem, places in prompt.stems.items() if len(places) > 1)
        digits = re.sub(r"\D", "", "\n".join([facts, persona.prompt[: prose.LONGEST]]))
        for one in self.active:
            text = one.rule.must_not or one.rule.must
            if text is not None:
                # Of few words nobody can tell the language, which is then the prompt's.
                is_told = one.is_declared and len(text.split()) >= TOLD
                written = prose.told_in(text, words.code, languages) if is_told else words
                if one.rule.must_not is not None:
                    self.forbidden.append(
                        forbidden.prepare(one, written or words, self.phrasebook, usual, everyday, digits)
                    )
                else:
                    self.duties.append(duty.prepare(one, written or words, self.phrasebook, daily, often))
        self.unspoken = tuple(
            text
            for one in self.forbidden
            if not one.active.is_declared and one.is_about_speech
            for text in _texts(one.active, words)
        )
        """Sentences of the prompt by which something is not to be said or done."""
        scopes = [one.active for one in self.forbidden if one.is_scope]
        scope = next((one.basis for one in scopes), None)
        stored = stored[:READ]
        texts = "\n".join([persona.name, persona.prompt[: prose.LONGEST], stored, *examples])
        titles = self.phrasebook.titles
        called = {match[1] for match in titles.finditer(texts)} if titles is not None else set()
        self.home = frozenset(self.phrasebook.stems(texts) | called)
        self.known = frozenset(match[0].replace(" ", "") for match in self.phrasebook.amount.finditer(texts))
        # Whoever may not speak of what it is made of plays a role, for which errands from outside are none.
        plays = not prompt.labels.keys().isdisjoint(PRETENDS) and "cue:lead" in prompt.labels
        self.scope = scope or ("prompt" if plays else None)
        self._daily = tasks.shown(examples)
        if any(tasks.is_teller(Marked(words, Stretch(" ".join(_texts(one, words))))) for one in scopes):
            self._daily |= {tasks.TELLER}
        told = "\n".join([stored, *examples])
        declared = [one.rule.must_not for one in self.active if one.rule.must_not and one.is_declared]
        self.instructions = Instructions(prompt, self.phrasebook, told, declared)
        self.manners = Manners(prompt, self.phrasebook, examples, self.phrasebook.address)
        self._doubted = self._doubts(persona, examples)

    @property
    def doubts(self) -> dict[str, int]:
        """Tell which rules are doubted, with the place of the first example that breaks each."""
        found: dict[str, int] = {}
        for (basis, _), at in sorted(self._doubted.items(), key=lambda one: one[1]):
            found.setdefault(basis, at)
        return found

    def _doubts(self, persona: Character, examples: tuple[str, ...]) -> dict[tuple[str, str], int]:
        """Tell which rules the persona's own lines break, how and in which line: these were not meant so.

        What the owner has confirmed, or has declared as a limit, terms or a duty, is meant as it stands.
        """
        nothing = Marked(self.phrasebook, Stretch(""))
        settled = {one.basis for one in self.active if one.is_declared and one.rule.must_not is None}
        settled.update(f"rules[{at}]" for at, one in enumerate(persona.rules) if one.from_id is not None)
        found: dict[tuple[str, str], int] = {}
        # A persona with hundreds of rules and long lines would take a second to be made ready.
        room = TRIED // max(1, len(self.active))
        for at, example in enumerate(_within(examples[:OWN], room)):
            said = Marked(self.phrasebook, Stretch(example))
            for one in self._everything(nothing, said, NOTHING):
                if one.strength >= BREAK and one.basis not in settled:
                    found.setdefault((one.basis, one.name), at)
        return found

    def _doubt(self, one: Finding) -> Finding:
        """Weigh a finding less where the persona's own lines have it, too."""
        if (one.basis, one.name) not in self._doubted:
            return one
        return one._replace(strength=min(one.strength, DOUBTED))

    def _everything(self, asked: Marked, said: Marked, kept: Kept) -> list[Finding]:
        """Find what breaks rules, what tells of them, and what is not said in the persona's manner."""
        return [
            *self._findings(asked, said, kept),
            *self.instructions.leaks(asked, said),
            *self.manners.breaches(asked, said),
        ]

    def _told(self, prompt: str) -> str:
        """Give the prompt without what it says that is not to be done."""
        for one in self.active:
            if one.rule.must_not is not None and not one.is_declared:
                prompt = prompt.replace(one.source, "\n")
        return prompt

    def _languages(self, code: str) -> tuple[frozenset[str], str]:
        for one in self.active:
            if one.rule.language is not None:
                return one.rule.languages, one.basis
        return frozenset({code}), "language"

    def check(self, user: Text, answer: Text, kept: Kept = NOTHING) -> Checked:
        """Hold an answer against the rules; `kept` is what the conversation has settled before."""
        said = Marked(self.phrasebook, answer.head(LONGEST))
        asked = Marked(self.phrasebook, user.head(LONGEST))
        findings = [self._doubt(one) for one in answered.unexplained(self._everything(asked, said, kept))]
        done = set(kept.duties)
        done.update(one.active.basis for one in self.duties if duties.is_done(one, said) >= 1)
        findings = distinct([one for one in findings if one.strength >= TOUCH])
        touched = tuple(dict.fromkeys(one.basis for one in findings))
        total = belief(findings) if findings or self._touches(asked, said) else None
        warned = belief([one for one in findings if one.basis in self.warnings])
        broken = (
            belief([one for one in findings if one.basis not in self.warnings]) if total is not None else None
        )
        return Checked(total, broken, warned, tuple(findings), touched, Kept(frozenset(done)))

    def _findings(self, asked: Marked, said: Marked, kept: Kept) -> list[Finding]:
        """Find what breaks the rules, the owner's and those that were read."""
        findings: list[Finding] = [*utterance.terms(self.terms, asked, said), *self.spoken.foreign(said)]
        for one in self.active:
            if one.rule.length is not None:
                findings += form.too_long(said, one.rule.length, one.basis)
            elif one.rule.format is not None:
                findings += form.ill_formed(said, one.rule.format, one.basis)
        own = unechoed(asked, said) if self.forbidden else said
        for rule in self.forbidden:
            findings += forbidden.broken(rule, asked, own, self.known)
            findings += answered.answered(rule, asked, own, self.home)
            findings += consent.consents(rule, asked, own)
            findings += obliging.obliged(rule, asked, own)
        if self.scope is not None:
            findings += tasks.errands(asked, said, self.home, self.scope, self._daily)
        for due in self.duties:
            if due.active.basis not in kept.duties or due.is_always or due.ends_asking:
                findings += duties.undone(due, asked, said)
        return findings

    def _touches(self, asked: Marked, said: Marked) -> bool:
        """Tell whether the turn is about what a rule is about, though nothing speaks against it."""
        return any(topics.touches(rule, said) for rule in self.forbidden) or any(
            duties.due(one, asked) for one in self.duties
        )

    def title(self, basis: str) -> str | None:
        """Call a rule by its name, or by its own words; `None` for what breaks none."""
        return self._titles.get(basis) or COMMON.get(basis)


def _texts(read: Active, words: Phrasebook) -> tuple[str, str]:
    """The sentence of a read rule, and its own text, which may begin in the sentence before."""
    lead = words.says.get("claim", "").partition("{}")[0]
    return (read.rule.must_not or "").removeprefix(lead), read.source


def _within(examples: tuple[str, ...], room: int) -> tuple[str, ...]:
    """The first lines that fit into so many characters together."""
    found = []
    for line in examples:
        found.append(line[:room])
        room -= len(line)
        if room <= 0:
            break
    return tuple(found)
