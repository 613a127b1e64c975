"""What is measured of a text."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.drift.text import LONGEST
from gateway.drift.voice import stylometry
from gateway.drift.voice.stylometry import BUCKETS

TEXTS = st.text(max_size=300)


@given(TEXTS, st.booleans())
def test_tokens_are_buckets_each_once_and_ascending(text: str, unspaced: bool) -> None:
    read = stylometry.measure(text, unspaced=unspaced)
    assert (np.diff(read.tokens.astype(np.int64)) > 0).all()
    assert len(read.tokens) == len(read.counts)
    assert not len(read.tokens) or read.tokens.max() < BUCKETS
    assert np.isfinite(read.marks).all()
    assert read.length == len(text)


@given(st.lists(st.sampled_from(["sea", "lamp", "the", "tide", "dear"]), min_size=1, max_size=20))
def test_a_text_has_its_words_and_their_pairs(words: list[str]) -> None:
    read = stylometry.measure(" ".join(words), unspaced=False)
    assert read.counts.sum() == 2 * len(words)


def test_a_word_is_the_same_wherever_it_stands() -> None:
    one = stylometry.measure("the lamp burns", unspaced=False)
    other = stylometry.measure("Burns, he said: «the lamp»!", unspaced=False)
    assert len(np.intersect1d(one.tokens, other.tokens)) >= 4


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    text = "alpha " * 2_000 + "middle " * 100 + "omega " * 2_000
    shown = stylometry.window(text)
    assert len(shown) == LONGEST
    assert "middle" not in shown
    assert shown.startswith("alpha")
    assert shown.endswith("omega ")


def test_marks_are_rates() -> None:
    few, many = (stylometry.measure("A word." * number, unspaced=False).marks for number in (5, 50))
    assert np.allclose(few, many, rtol=0.2, atol=0.3)
    listed = stylometry.measure("- one\n- two\n- three", unspaced=False).marks
    assert listed.max() > stylometry.measure("one two three", unspaced=False).marks.max()


def test_code_points_that_are_passed_over_are_what_they_are_taken_for() -> None:
    passed_over = set(range(0x10000)) - set(chain(*stylometry.LETTERED))
    for code in passed_over:
        character = chr(code)
        assert character.lower() == character
        assert not character.isupper()
        assert not character.isspace()
        assert character.isalnum() is (code not in stylometry.UNASSIGNED)
