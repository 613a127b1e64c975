"""What is measured of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drift import features
from gateway.drift.features import BUCKETS, LONGEST

TEXTS = st.text(max_size=300)


@given(TEXTS, st.booleans())
def test_tokens_are_buckets_each_once_and_ascending(text: str, unspaced: bool) -> None:
    read = features.read(text, unspaced=unspaced)
    assert (np.diff(read.tokens.astype(np.int64)) > 0).all()
    assert len(read.tokens) == len(read.counts)
    assert not len(read.tokens) or read.tokens.max() < BUCKETS
    assert np.isfinite(read.marks).all()
    assert read.length == len(text)


@given(st.lists(st.sampled_from(["sea", "lamp", "the", "tide", "dear"]), min_size=1, max_size=20))
def test_a_text_has_its_words_and_their_pairs(words: list[str]) -> None:
    read = features.read(" ".join(words), unspaced=False)
    assert read.counts.sum() == 2 * len(words)


def test_a_word_is_the_same_wherever_it_stands() -> None:
    one = features.read("the lamp burns", unspaced=False)
    other = features.read("Burns, he said: «the lamp»!", unspaced=False)
    assert len(np.intersect1d(one.tokens, other.tokens)) >= 4


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    text = "alpha " * 2_000 + "middle " * 100 + "omega " * 2_000
    shown = features.window(text)
    assert len(shown) == LONGEST
    assert "middle" not in shown
    assert shown.startswith("alpha")
    assert shown.endswith("omega ")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good evening", None),
        ("Добрый вечер", "ru"),
        ("今晩は、いい夜ですね", "ja"),
        ("今晚的月亮很圆", "zh"),
        ("좋은 저녁입니다", "ko"),
        ("สวัสดีตอนเย็น", "th"),
        ("καλησπέρα σας", "el"),
        ("Grüß Gott, schön", None),
        ("42 + 1 = 43 …", None),
        ("", None),
    ],
)
def test_a_script_tells_a_language(text: str, language: str | None) -> None:
    assert features.script(text) == language


def test_marks_are_rates() -> None:
    few, many = (features.read("A word." * number, unspaced=False).marks for number in (5, 50))
    assert np.allclose(few, many, rtol=0.2, atol=0.3)
    listed = features.read("- one\n- two\n- three", unspaced=False).marks
    assert listed.max() > features.read("one two three", unspaced=False).marks.max()
