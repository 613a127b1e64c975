"""A biography is what the texts of a persona tell of it, one by one and as its owner has settled it."""

import re
from collections.abc import Iterable, Mapping

from gateway.drift.text import Stretch
from gateway.drift.values import keyed
from gateway.drift.values.figures import NOUN, has_unit, with_unit
from gateway.drift.values.ledger import Ledger
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.naming import Naming
from gateway.drift.values.settlement import Settlement
from gateway.drift.values.source import LONGEST, Source, Span
from gateway.drift.values.stated import NAME, PLACE, TEXT, Claim, Stated

READ, _READ_IN_ALL = 20_000, 60_000
"""Characters read of one stored text and of all of them."""
_ITEMS, _VERBATIM = 400, 400
"""Stored statements that a turn is held against, and short fields that are looked for as such."""
Limit = frozenset[int]
"""Numbers of sentences or words."""


class Biography:
    """What is stored of a persona, by the kinds of what answers are held against."""

    def __init__(self, lexicon: Lexicon, settlement: Settlement, name: str) -> None:
        self.lexicon, self.settlement, self.name = lexicon, settlement, name
        self.stored: dict[str, dict[str, str]] = {}
        self.keyed: set[str] = set()
        self.verbatim: dict[str, str] = {}
        self.age: tuple[float, str] | None = None
        self.items: list[Claim] = []
        self.attitudes: dict[str, tuple[int, str]] = {}
        self.ledger = Ledger(lexicon.reader)
        self._naming = Naming(lexicon)
        self.names, self.answers = self._naming.names, self._naming.answers
        self.sources: dict[str, str] = {"prompt": ""}
        """The texts by where they stand, without what their owner takes back."""
        self._left = _READ_IN_ALL
        """Characters that may still be read; the prompt is read whatever is left."""

    @property
    def text(self) -> str:
        """Give all texts, and what is right wherever it is said, in lower case."""
        right = [one.said for one in self.settlement.off]
        return " ".join([*right, *self.sources.values()])[:_READ_IN_ALL].lower()

    def take_example(self, at: int, example: str) -> None:
        """Take a line of the persona's, whose figures are right wherever they are said."""
        if self._left > 0 and len(self.items) < _ITEMS:
            source = Source(self.lexicon, f"examples[{at}]", example[:READ])
            self._take_text(source)
            for figure in source.part.reading.figures:
                self.ledger.acquit(figure)

    def take_prompt(self, prompt: str, forbidden: Iterable[str], limits: Mapping[str, Limit]) -> None:
        """Take the prompt; `forbidden` and `limits` are sentences of it as `Facts` has them."""
        source = Source(self.lexicon, "prompt", prompt)
        source = source.without(self._limited(source, limits))
        names = self._naming.told(source)
        figures = list(source.figures())
        others = [*source.named_in(names, figures)]
        places = [(one.figure.start, one.figure.end) for one in others]
        others += source.values(keyed.categories(self.lexicon), places)
        left = self.settlement.settle(source, figures, others)
        if left is not source:
            names = self._naming.told(left)
        self._add_figures(left, figures)
        for one in names:
            start, end = one.spans[0]
            self._naming.keep(one._replace(basis=self.settlement.called(start, end, left.text[start:end])))
        for shape in ("line", "field"):
            for line in self.lexicon.patterns[shape].finditer(left.text):
                self._take_key(line[1].lower().split(), line[2].lower(), "prompt")
        self._take_text(left.without(left.spans_of(forbidden), "\n"))
        self.sources["prompt"] = left.text
        self._call(left)

    def _limited(self, source: Source, limits: Mapping[str, Limit]) -> list[Span]:
        """Find what says how long an answer may be."""
        figures = source.part.reading.figures
        spans = [(one.start, one.end) for one in figures if self.lexicon.reader.counts_sentences(one)]
        for told, most in limits.items():
            at = source.text.find(told)
            inside = (
                [one for one in figures if at <= one.start and one.end <= at + len(told)] if at >= 0 else []
            )
            counted = {one.kind for one in inside if one.value in most and one.kind.startswith(NOUN)}
            spans += [(one.start, one.end) for one in inside if one.kind in counted]
        return spans

    def _call(self, prompt: Source) -> None:
        """Name the values of the prompt by the ids of the facts that they are."""
        first: dict[tuple[str, str], str] = {}
        for mention in prompt.part.reading.mentions:
            if mention[:2] not in first:
                first[mention[:2]] = self.settlement.called(mention.start, mention.end)
        for category, values in self.stored.items():
            for value, basis in values.items():
                if basis == "prompt":
                    near = (category, value), (category, value.rpartition("/")[0])
                    values[value] = next((first[one] for one in near if one in first), basis)
        if self.age is not None and self.age[1] == "prompt":
            told = [
                one for one in self.ledger.stated if one.basis == "prompt" and one.figure.value == self.age[0]
            ]
            self.age = self.age[0], told[0].id if told else "prompt"

    def take_field(self, path: str, value: str) -> None:
        """Take the value of a field, as far as there is room for more."""
        self.sources[f"layers.{path}"] = value
        if self._left <= 0:
            return
        self._left -= len(path)
        words = re.split(r"[._\s\[\]]+", path.lower())
        key = words[-1] if not words[-1].isdigit() else words[0]
        named = " ".join(word for word in words if not word.isdigit())
        source = Source(self.lexicon, f"layers.{path}", value, named)
        names = self._naming.within(source, key)
        figures = list(source.figures())
        kind = keyed.kind(self.lexicon, source, words, has_figures=bool(figures))
        others = [] if kind else [*source.named_in(names, figures)]
        if len(value) <= LONGEST and (kind or not (figures or others)):
            others.append(source.whole(kind or TEXT))
        left = self.settlement.settle(source, figures, others)
        self.sources[source.basis] = left.text
        if left.is_empty:
            return
        if left is not source:
            names = self._naming.within(left, key)
        self._take_value(left, words, key)
        self._add_figures(left, figures)
        for one in names:
            self._naming.keep(one)

    def _take_value(self, source: Source, words: list[str], key: str) -> None:
        """Take what the name of a field makes of its value."""
        basis, value = source.basis, source.text
        self._take_key(words, value.lower(), basis)
        if len(value) <= 24:
            for word in re.split(r"[,，、/;；]|(?<=[^\x00-\x7f])\s+", value.lower()):
                is_telling = len(word.strip()) >= 2 and (word[0] > "\u3000" or len(word) > 4)
                if is_telling and len(self.verbatim) < _VERBATIM:
                    self.verbatim.setdefault(word.strip(), basis)
        is_number = re.fullmatch(r"\d+", value)
        self._take_text(Source(self.lexicon, basis, f"{value} {key}") if is_number else source)
        self._take_feeling(source)

    def take_declared(self, basis: str, text: str, corrected: Stated | None) -> None:
        """Take a sentence of the owner's, in place of what it corrects and with what that belongs to."""
        layered = corrected is not None and corrected.basis.startswith("layers.")
        source = Source(self.lexicon, basis, text, corrected.about if corrected and layered else "")
        if corrected is not None:
            left = source.without(source.denials(corrected))
            source = source if left.is_empty else left
            if corrected.basis == NAME:
                self.name = left.text
        if layered:
            self._take_key(source.named.split(), source.text.lower(), basis)
            self._take_feeling(source)
        keys: frozenset[str] = frozenset()
        names = self._naming.told(source)
        if corrected is not None and corrected.figure.kind in (NAME, PLACE, TEXT):
            named = self.lexicon.read(Stretch(source.named)).stems
            keys = corrected.keys | {stem for stem, *_ in named}
            names = names or self._naming.instead(source, corrected, source.named.rpartition(" ")[2])
        for one in names:
            self._naming.keep(one._replace(keys=one.keys | keys))
        figures = list(source.figures())
        self._add_figures(source, figures)
        self._take_text(source)
        self.sources[basis] = source.text

    def _add_figures(self, source: Source, figures: Iterable[Stated]) -> None:
        """Keep the figures that are left in a text.

        A number without a unit may have that of the one before it in its sentence: "a pick three florins, a
        rope five". As such it is right, and accuses nothing.
        """
        before: Stated | None = None
        for one in figures:
            start, end = one.figure.start, one.figure.end
            if source.text[start:end] != source.written[start:end]:
                continue
            self.ledger.add(one)
            if has_unit(one.figure):
                before = one
            elif before is not None and before.source == one.source:
                meant = with_unit(one.figure, before.figure.kind)
                if meant is not None:
                    self.ledger.acquit(meant)

    def _take_feeling(self, source: Source) -> None:
        if sign := keyed.feeling(self.lexicon, source):
            for stem, *_ in source.stems:
                self.attitudes.setdefault(stem, (sign, source.basis))

    def _take_key(self, words: list[str], value: str, basis: str) -> None:
        """Store the value of a field whose name says what it is, such as its age or its city."""
        kinds = keyed.kinds(self.lexicon, words)
        if kinds and kinds[-1] == "age" and (digits := re.search(r"\d{1,4}", value)):
            self.age = self.age or (int(digits.group()), basis)
        for kind in kinds[-1:]:
            for held in keyed.values(self.lexicon, kind, value):
                self.stored.setdefault(kind, {}).setdefault(held, basis)
                self.keyed.add(kind)

    def _take_text(self, source: Source) -> None:
        self._left -= len(source.text)
        basis = source.basis
        is_said = basis.startswith("examples[")
        for clause in source.clauses(_ITEMS):
            if len(self.items) < _ITEMS:
                self.items.append(Claim(basis, clause, 0.0, is_said))
            if is_said:
                continue
            for thing, (sign, _) in clause.attitudes(self.lexicon.puts_objects_first).items():
                self.attitudes.setdefault(thing, (sign, basis))
            if clause.age is not None and self.age is None:
                self.age = (clause.age, basis)
            for mention in clause.values:
                if mention.category not in self.keyed:
                    self.stored.setdefault(mention.category, {}).setdefault(mention.value, basis)

    def close(self) -> None:
        """Weigh what was read once all of it is there.

        A gender that prose gives is kept only where it gives one; its pronouns say it where no word does.
        """
        self.ledger.close()
        if "gender" in self.keyed:
            return
        if len(self.stored.get("gender", ())) > 1:
            del self.stored["gender"]
        text = self.text
        he, she = (len(self.lexicon.patterns[word].findall(text)) for word in ("he", "she"))
        if "gender" not in self.stored and max(he, she) >= 3 and max(he, she) >= 4 * min(he, she):
            self.stored["gender"] = {"male" if he > she else "female": "prompt"}
