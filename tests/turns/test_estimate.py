"""Estimates follow a text's bytes and script; the counts beside them are those of a real vocabulary."""

import pytest

from gateway.turns.estimate import READ, estimate, of_bytes

# The counts are those of OpenAI's vocabulary o200k.
COUNTED = [
    ("The library closes at nine, and the reading room is kept warm until the last guest has left.", 20),
    ("Die Bibliothek schließt um neun, und der Lesesaal bleibt warm, bis der letzte Gast gegangen ist.", 23),
    ("Kütüphane dokuzda kapanır, okuma salonu son misafir gidene kadar sıcak tutulur.", 25),
    ("Библиотека закрывается в девять, а читальный зал держат тёплым до последнего гостя.", 26),
    ("المكتبة تغلق في التاسعة، وتبقى قاعة القراءة دافئة حتى يغادر آخر ضيف.", 25),
    ("図書館は九時に閉まり、閲覧室は最後のお客様が帰るまで暖かく保たれています。", 29),
    ("图书馆九点关门，阅览室一直保持温暖，直到最后一位客人离开。", 25),
    ("도서관은 아홉 시에 문을 닫고, 열람실은 마지막 손님이 떠날 때까지 따뜻하게 유지됩니다.", 33),
    ("पुस्तकालय नौ बजे बंद होता है, और पढ़ने का कमरा अंतिम अतिथि के जाने तक गर्म रहता है।", 27),
    ("ห้องสมุดปิดเวลาเก้าโมงและห้องอ่านหนังสือยังอบอุ่นจนแขกคนสุดท้ายกลับไป", 29),
]


@pytest.mark.parametrize(("text", "tokens"), COUNTED)
def test_an_estimate_is_near_the_count(text: str, tokens: int) -> None:
    assert estimate(text) == pytest.approx(tokens, rel=0.25)


def test_nothing_is_no_token_and_anything_is_one() -> None:
    assert (estimate(""), of_bytes(b""), estimate("a"), estimate(" ")) == (0, 0, 1, 1)


def test_of_a_long_text_the_beginning_stands_for_all() -> None:
    text = "The night librarian waits. " * 10_000
    assert estimate(text) == pytest.approx(len(text) / 4.2, rel=0.01)
    assert of_bytes(text.encode()) == pytest.approx(len(text) / 4.2, rel=0.01)
    assert len(text) > READ


def test_half_a_character_is_estimated_too() -> None:
    assert estimate("\ud83d" * 10) > 0
    assert of_bytes("é".encode()[:1]) > 0
