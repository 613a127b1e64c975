"""Words are folded, cut and written in one form, of which every database makes the same."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.storage.words import (
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_SIZE,
    MOST_WORDS,
    asked_for,
    tag_of,
    words_of,
)


def finds(asked: str, text: str) -> bool:
    """Tell whether a database finds the text: each word that is asked for begins one of its words."""
    words = words_of(text).split()
    sought = (asked_for(asked) or "").split()
    return bool(sought) and all(any(word.startswith(each[:-1]) for word in words) for each in sought)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("BOOK", "a bookseller's books"),
        ("zeb", "Zebra"),
        ("wool shop 100%", "Guard the 100% wool_shop."),
        ("cafe", "CAFÉ"),
        ("café", "cafe\u0301"),
        ("ısparta", "ISPARTA"),
        ("istanbul", "İstanbul"),
        ("strasse", "Straße"),
        ("ωδη", "Ὠδή"),
        ("fiancee", "ﬁancée"),
        ("東京都", "私は東京都に住む"),
        ("猫", "黒猫"),
        ("がく", "文学がくしゅう"),
        ("국어", "한국어 텍스트"),
        ("हिन्दी", "मैं हिन्दी बोलता हूँ"),
        ("ไทย", "ภาษาไทย"),
    ],
)
def test_a_text_is_found_by_words_however_they_are_written(asked: str, text: str) -> None:
    assert finds(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("seller", "bookseller"),
        ("book lamp", "a book"),
        ("京東", "東京都"),
        ("かく", "がく"),
        ("नह", "हिन्दी"),
        ("café", "caf"),
        ("...", "..."),
    ],
)
def test_another_text_is_not_found(asked: str, text: str) -> None:
    assert not finds(asked, text)


@given(st.text(max_size=200))
def test_a_text_is_found_by_itself_and_its_words_are_plain(text: str) -> None:
    words = words_of(text)
    assert words.replace(" ", "").isalnum() or not words
    assert words.isascii()
    assert words == words.lower()
    assert finds(text, text) is bool(words)
    assert len(set(words.split())) == len(words.split())


def test_words_of_our_own_are_nobody_s() -> None:
    assert tag_of(" North Wind ") == tag_of("NORTH WIND")
    assert tag_of("north") not in words_of("north zt ztnorth zt north").split()


def test_texts_words_and_their_number_have_bounds() -> None:
    assert words_of("a" * 1000) == "a" * LONGEST_WORD
    assert finds("b" * 1000, "b" * 900)
    assert not finds("late", "x " * (LONGEST_TEXT // 2) + "late")
    numbers = words_of(" ".join(f"{number:x}" for number in range(20_000)))
    assert len(numbers.split()) == MOST_WORDS


def test_what_grows_as_it_is_folded_is_no_longer_than_a_store_takes() -> None:
    ligatures = "\ufdf2\ufdf3\ufdf4\ufdf6\ufdf7\ufdf8"
    words = ("".join(word) + ligatures[0] * 9 for word in itertools.product(ligatures, repeat=6))
    text = " ".join(itertools.islice(words, 4_000))
    assert MOST_SIZE // 8 < len(words_of(text)) <= MOST_SIZE
    wide = " ".join(f"{chr(0x0400 + number % 32) * 8}{number}" for number in range(6_000))
    assert MOST_SIZE // 8 < len(words_of(wide.upper())) <= MOST_SIZE
    assert not finds("late", "\ufdfa " * (LONGEST_TEXT // 4) + "late")
