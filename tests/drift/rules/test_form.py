"""Length and dress of an answer: what is over a limit, and what only looks like it."""

import pytest

from gateway.drift.language import packaged
from gateway.drift.rule import Format, Length
from gateway.drift.rules.findings import BREAK, belief
from gateway.drift.rules.form import ill_formed, listed, too_long
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.shelf import empty, phrasebook
from gateway.drift.text import Stretch


def reading(text: str, language: str = "en") -> Marked:
    return Marked(phrasebook(packaged(), language) or empty(packaged(), language), Stretch(text))


def is_too_long(text: str, language: str = "en", **limits: int) -> bool:
    return belief(list(too_long(reading(text, language), Length(**limits), "x"))) >= BREAK


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("One. Two! Three?", "en", 3),
        ("Dr. Okoye met Mr. Hale at 5 p.m. by the pier.", "en", 1),
        ("It costs 3.50 in total. Fine.", "en", 2),
        ("Wait... what?", "en", 2),
        ("Am 3. Mai öffnen wir. Bis dann.", "de", 2),
        ("Sie finden es in Saal 3. Dort ist es kühl.", "de", 2),
        ("Das gilt z. B. für Kinder.", "de", 1),
        ("承知しました。お待ちください！", "ja", 2),
        ("Bonjour M. Petit, tout va bien.", "fr", 1),
        ("🙂 …", "en", 0),
    ],
)
def test_sentences_are_counted_as_people_count_them(text: str, language: str, count: int) -> None:
    assert len(reading(text, language).sentences) == count


def test_a_limit_of_sentences_holds() -> None:
    assert not is_too_long("One. Two. Three.", max_sentences=3)
    assert is_too_long("One. Two. Three. Four.", max_sentences=3)
    (found,) = too_long(reading("One. Two. Three."), Length(max_sentences=2), "x")
    assert (found.start, found.end) == (10, 16)


def test_a_limit_of_words_holds() -> None:
    assert not is_too_long("word " * 40, max_words=40)
    assert is_too_long("word " * 45, max_words=40)
    assert not is_too_long("一二三四五" * 8, "zh", max_words=40)
    assert is_too_long("一二三四五" * 9, "zh", max_words=40)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Fine 😀", {"emoji": False}),
        ("Fine ❤️", {"emoji": False}),
        ("Fine :-)", {"emoji": False}),
        ("Oui 🌸🌸", {"emoji": 1}),
        ("Come in!", {"exclamation": False}),
        ("どうぞ！", {"exclamation": False}),
        ("You need:\n- a pen\n- paper", {"lists": False}),
        ("You need:\n1. a pen\n2. paper", {"lists": False}),
        ("You need:\n• a pen", {"lists": False}),
        ("① 紙\n② ペン", {"lists": False}),
        ("# Plan\nWe go.", {"markdown": False}),
        ("That is **very** good.", {"markdown": False}),
        ("Run `make test` now.", {"markdown": False}),
        ("| a | b |\n|---|---|\n| 1 | 2 |", {"markdown": False}),
        ("So:\n- one\n- two", {"markdown": False}),
    ],
)
def test_what_is_ruled_out_is_found(text: str, form: dict[str, bool | int]) -> None:
    assert belief(list(ill_formed(reading(text), Format(**form), "x"))) >= BREAK  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Oui 🌸", {"emoji": 1}),
        ("5 × 3 → 15 ✓ ©", {"emoji": False}),
        ("At 10:30 (or 11:00); fine.", {"emoji": False}),
        ('She said "Stop!" and left.', {"exclamation": False}),
        ("It was 1999. Nobody came.\nThen they did.", {"lists": False}),
        ("– Who is there?\n– Nobody.", {"lists": False}),
        ("2 * 3 * 4 is 24, snake_case_name too.", {"markdown": False}),
        ("No. 5 is #1 for me.", {"markdown": False}),
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str, form: dict[str, bool | int]) -> None:
    assert list(ill_formed(reading(text), Format(**form), "x")) == []  # type: ignore[arg-type]


def test_one_dash_is_no_list() -> None:
    assert listed("It was late.\n- and dark.") == []
