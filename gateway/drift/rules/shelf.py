"""A shelf keeps the phrasebook of each language ready."""

from functools import lru_cache

from gateway.drift import counting, language
from gateway.drift.language import Language, Languages
from gateway.drift.lazily import lazily
from gateway.drift.numerals import Numerals
from gateway.drift.proper_names import proper_names
from gateway.drift.rule_words import RuleWords
from gateway.drift.rules import units
from gateway.drift.rules.phrasebook import KINDS, Phrasebook
from gateway.drift.rules.shapes import Shapes
from gateway.drift.rules.words import entries, fold

PREPARED = 64
"""Phrasebooks that are kept ready."""


@lru_cache(maxsize=PREPARED)
def phrasebook(languages: Languages, code: str, *, prompts: bool = False) -> Phrasebook | None:
    """Prepare what a language knows of rules, with what prompts are read for or without; `None`: nothing."""
    code = language.primary(code)
    words = languages[code].rules if code in languages else None
    if words is None:
        return None
    if prompts:
        plain = phrasebook(languages, code)
        return None if plain is None else plain.for_prompts(words)
    book = _book(languages, languages[code], words)
    book.kinds = Phrasebook(code, _occasions(words), languages[code].writing)
    known = languages[code].numbers.every
    book.numerals = Numerals(languages[code])
    book.counts = {fold(word): value for word, value in known.items()}
    book.numbers = {fold(word): value for word, value in counting.valued(words.numbers, known)}
    return book


def _occasions(words: RuleWords) -> RuleWords:
    """Give the words of occasions alone, spelled as the language is."""
    marks = {KINDS + name: text for name, text in words.occasions.items()}
    return RuleWords(glyphs=words.glyphs, accented=words.accented, exceptions=words.exceptions, marks=marks)


@lru_cache(maxsize=PREPARED)
def empty(languages: Languages, code: str) -> Phrasebook:
    """Make the phrasebook of a language of whose rules nothing is known."""
    code = language.primary(code)
    return _book(languages, languages.get(code, Language(code=code, name=code)), RuleWords())


def _book(languages: Languages, language: Language, words: RuleWords) -> Phrasebook:
    """Make a phrasebook with the patterns that are put together from the files of all languages."""
    book = Phrasebook(language.code, words, language.writing)
    book.amount, book.dose = units.amount(languages), units.dose(languages)
    book.clock, book.year = units.clock(languages), units.year(languages)
    dated = f"{language.figures.weekdays} {language.figures.months}".replace("/", " ")
    book.dates = frozenset(map(fold, dated.split()))
    book.worded = lazily(language.figures.worded or "(?!)")
    joints = [*book.ands, *book.ors, *entries(words.cues.get("nor", ""))]
    book.shapes = Shapes(proper_names(languages), joints, kind_first=language.names.kind_first)
    return book
