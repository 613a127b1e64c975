"""A script is told by most of a text's letters, and what is written in it by any of them."""

import pytest

from gateway.drift.scripts import leading, script, written


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Good evening, captain", "latin"),
        ("Grüß Gott, schöne Frau", "latin"),
        ("Добрый вечер, капитан", "cyrillic"),
        ("今晩は、いい夜ですね、船長さん", "kana"),
        ("今晚的月亮很圆，船长你看看吧", "han"),
        ("좋은 저녁입니다, 선장님, 어서 오세요", "hangul"),
        ("สวัสดีตอนเย็นกัปตัน", "thai"),
        ("καλησπέρα σας καπετάνιε", "greek"),
        ("שלום וברכה רב חובל", "hebrew"),
        ("مساء الخير أيها القبطان", "arabic"),
        ("शुभ संध्या, कप्तान साहब", "devanagari"),
        ("საღამო მშვიდობისა, კაპიტანო", "georgian"),
        ("Добрый captain, good вечер", None),
        ("42 + 1 = 43 …", None),
        ("Ха!", None),
        ("", None),
    ],
)
def test_the_script_of_most_letters_is_told(text: str, name: str | None) -> None:
    assert script(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Добрый day", "cyrillic"),
        ("Good evening день", "latin"),
        ("はい、船長", "kana"),
        ("Ха!", None),
        ("42 + 1", None),
    ],
)
def test_the_leading_script_of_a_few_words_is_told(text: str, name: str | None) -> None:
    assert leading(text) == name


def test_every_script_of_which_a_letter_stands_in_a_text_is_in_it() -> None:
    assert written("Добрый captain, 今晩は") == ["cyrillic", "han", "kana"]
    assert written("Grüß Gott") == []
    assert written("a" * 100_000 + "я" * 1_000) == ["cyrillic"]
