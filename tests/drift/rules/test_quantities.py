"""A limit is the whole number that stands before what it counts, however it is written."""

import pytest

from gateway.drift.rule import Length
from tests.drift.rules.test_misread import limits


@pytest.mark.parametrize(
    ("prompt", "language", "most"),
    [
        ("No more than one hundred and ten words in each reply.", "en", 110),
        ("At most twenty-five words in each reply.", "en", 25),
        ("Réponds en soixante-quinze mots au plus.", "fr", 75),
        ("Responde en menos de ciento quince palabras.", "es", 115),
        ("Responda com no máximo cento e vinte palavras.", "pt", 120),
        ("Rispondi con al massimo centoventi parole.", "it", 120),
        ("Antworte mit höchstens fünfundachtzig Wörtern.", "de", 85),
        ("Antwoord met maximaal honderdtwintig woorden.", "nl", 120),
        ("Odpowiadaj w maksymalnie stu dwudziestu pięciu słowach, czyli do 125 słów.", "pl", 125),
        ("Твой ответ — не больше ста двадцати слов.", "ru", 120),
        ("En fazla yüz yirmi kelimeyle cevap ver.", "tr", 120),
        ("百二十文字以内で答えます。", "ja", 120),
        ("回答不超过一百二十字。", "zh", 120),
    ],
)
def test_a_limit_of_several_words_is_read_whole(prompt: str, language: str, most: int) -> None:
    assert limits(prompt, language) == [Length(max_words=most)]


@pytest.mark.parametrize(
    ("prompt", "language", "most"),
    [("Answer in two to five sentences.", "en", 5), ("Réponds en une à trois phrases.", "fr", 3)],
)
def test_two_numbers_side_by_side_are_still_a_range(prompt: str, language: str, most: int) -> None:
    assert limits(prompt, language) == [Length(max_sentences=most)]
