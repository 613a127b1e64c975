"""A text is read once, and what is read of it is the same wherever somebody looks."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.drift.text import LONGEST, Stretch, Text

LETTERS = "ab zZ'-’_.,ß Ж9٣²日本ー々가ไทยมหिक़İ\n!"
TEXTS = st.text(max_size=200) | st.text(LETTERS, max_size=60)


@pytest.mark.parametrize(
    ("text", "words", "tokens"),
    [
        ("Don't go!", ["don't", "go"], ["don", "t", "go"]),
        ("my mother-in-law, 34", ["my", "mother-in-law", "34"], ["my", "mother", "in", "law", "34"]),
        ("the 3rd of B2B", ["the", "3", "rd", "of", "b", "2", "b"], ["the", "3rd", "of", "b2b"]),
        ("'tis -- it's", ["tis", "it's"], ["tis", "it", "s"]),
        ("Straße nach Köln", ["straße", "nach", "köln"], ["straße", "nach", "köln"]),
        ("我有2只猫，喜欢它们。", ["我有", "2", "只猫", "喜欢它们"], ["我有", "2", "只猫", "喜欢它们。"]),
        ("고양이를 AI가", ["고양이를", "ai", "가"], ["고양이를", "ai가"]),
        ("", [], []),
    ],
)
def test_words_and_tokens(text: str, words: list[str], tokens: list[str]) -> None:
    stretch = Stretch(text)
    assert stretch.worded(elides=False)[0] == words
    assert stretch.tokens == tokens
    assert Stretch(text).tokens == tokens


def test_an_apostrophe_parts_words_where_the_language_elides() -> None:
    words = Stretch("l'ami de Saint-Malo, d’ici").worded(elides=True).words
    assert words == ["l", "ami", "de", "saint-malo", "d", "ici"]


@given(TEXTS, st.booleans())
@example("İstanbul'da", False)
def test_words_keep_their_places(text: str, elides: bool) -> None:
    words, borders, _ = Stretch(text).worded(elides=elides)
    assert borders == sorted(borders)
    for word, start, end in zip(words, borders[::2], borders[1::2], strict=True):
        assert word
        assert text[start:end].replace("İ", "i").lower() == word.lower()


@given(TEXTS, st.booleans())
@example("㇀", False)
def test_tokens_are_the_same_whether_or_not_words_were_read_before(text: str, elides: bool) -> None:
    first, later = Stretch(text), Stretch(text)
    later.worded(elides=elides)
    assert later.tokens == first.tokens
    assert all(
        re.search(r"\w|[\u0900-\u0963\u0e00-\u0e7f\u2e80-\u31ff\U00020000-\U0002ffff]", token)
        for token in first.tokens
    )


def test_of_a_long_text_both_ends_are_read() -> None:
    text = Text("a" * LONGEST + "b" * LONGEST)
    first, last = text.ends
    assert (first.text, first.offset) == ("a" * (LONGEST // 2), 0)
    assert (last.text, last.offset) == ("b" * (LONGEST // 2), 2 * LONGEST - LONGEST // 2)
    assert text.lowered(LONGEST + 1)[-1] == "b"


def test_a_short_text_is_read_once_for_all() -> None:
    text = Text("The lamp is lit.")
    assert text.stretch(0, len(text)) is text.ends[0]
    part = text.stretch(4, 8)
    assert (part.text, part.offset) == ("lamp", 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One, two: it's 3!",
        "Größe_naïve İstanbul",
        "добрый 今晩は、x",
        "\n\n«Guten Abend»",
        "a-b c’d",
        "".join(chr(code) for code in range(0x2000, 0x2100)),
    ],
)
def test_runs_are_letters_and_digits_in_a_row_and_borders_are_where_they_stand(text: str) -> None:
    part = Stretch(text)
    assert part.runs == re.findall(r"[^\W_]+", part.lower)
    places = zip(part.borders[::2], part.borders[1::2], strict=True)
    assert [part.lower[start:end] for start, end in places] == part.runs


@given(TEXTS)
def test_what_is_neither_a_letter_nor_a_digit_is_a_blank_where_a_text_is_bare(text: str) -> None:
    part = Stretch(text)
    assert part.bare == re.sub(r"[\W_]", " ", part.lower)


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
@example("ΟΔΟΣ ΟΔΟΣ", 0, 3)
@example("one two", 1, 6)
@example("one", 1, 2)
@example("one two", 3, 4)
def test_a_part_of_what_was_read_is_as_if_it_was_read_by_itself(text: str, start: int, end: int) -> None:
    whole = Stretch(text, 7)
    assert isinstance(whole.runs, list)
    assert isinstance(whole.runs_on, bool)
    part, alone = whole.part(start, end), Stretch(text[start:end], 7 + start)
    assert (part.text, part.offset, part.lower) == (alone.text, alone.offset, alone.lower)
    assert (part.runs, part.borders, part.tokens) == (alone.runs, alone.borders, alone.tokens)
    assert part.worded(elides=False) == alone.worded(elides=False)


@given(TEXTS)
def test_what_is_not_of_ascii_is_given_in_its_order(text: str) -> None:
    assert Stretch(text).beyond_ascii == "".join(letter for letter in text if letter > "\x7f")
