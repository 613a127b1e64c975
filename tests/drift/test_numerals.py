"""Numbers are read from digits, whatever marks part them, and shares from the words of a language."""

import pytest

from gateway.drift import numerals
from gateway.drift.values.lexicon import lexicon


@pytest.mark.parametrize(
    ("digits", "decimal", "value"),
    [
        ("1.234.567,89", ",", 1_234_567.89),
        ("2.000,500", ".", 2_000_500),
        ("2.000,500", ",", 2_000.5),
        ("2.000 500", ",", 2_000_500),
        ("2,000\u202f500", ",", 2_000_500),
        ("2.000’500", ".", 2_000_500),
    ],
)
def test_digits_are_read_with_any_marks_between_their_groups(digits: str, decimal: str, value: float) -> None:
    assert numerals.value(digits, decimal) == value


@pytest.mark.parametrize(
    ("language", "text", "shares"),
    [
        ("en", "I gave a third of it on his behalf.", {100 / 3}),
        ("de", "Deshalb kostet es die Hälfte.", {50}),
        ("fr", "Un quart du quartier.", {25}),
        ("pl", "W piątek jedną piątą z pięćdziesięciu.", {20}),
        ("ru", "В пятницу к десяти: пятую часть.", {20}),
        ("tr", "Yarın yarısı.", {50}),
        ("ar", "خمس تفاحات بنصف الثمن", {50}),
        ("zh", "今天打一半。", {50}),
    ],
)
def test_a_share_is_a_word_and_no_part_of_one(language: str, text: str, shares: set[float]) -> None:
    assert lexicon(language).reader.shares(text.lower()) == shares
