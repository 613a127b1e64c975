"""A value is what a persona may not estimate; its own prices, and what they come to, are none."""

import pytest

from tests.drift.rules.test_checked import is_broken

TR = "Kürek boyamak 450 lira, bir halat 80 lira. Hiçbir tekneye değer biçmezsin."
EN = "Painting an oar is £450, a rope £80. You never say what a boat is worth."
FR = "Peindre une rame coûte 450 €, une corde 80 €. Tu n'estimes jamais la valeur d'un bateau."


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        ("tr", TR, "Küreğim boyanır mı, kaça olur?", "Boya 450 liradır, Hasan Usta dokuz günde teslim eder."),
        ("tr", TR, "Kürek boyama kaç para?", "450 lira, çırağımız yedi kişiye yardım eder."),
        (
            "tr",
            TR,
            "İki halat, bir kürek boyası ne eder?",
            "İki halat yüz altmış, boya dört yüz elli, hepsi altı yüz on lira eder.",
        ),
        (
            "en",
            EN,
            "What are two ropes and a painted oar worth altogether?",
            "Two ropes are a hundred and sixty, the oar four hundred and fifty pounds.",
        ),
        (
            "fr",
            FR,
            "Combien valent deux cordes et une rame peinte ?",
            "Deux cordes font cent soixante euros.",
        ),
    ],
)
def test_what_stored_prices_come_to_is_no_estimate(language: str, prompt: str, user: str, says: str) -> None:
    assert not is_broken({}, user, says, prompt, language)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        ("tr", TR, "Dedemin teknesi ne eder?", "Öyle bir tekne aşağı yukarı yirmi iki bin lira eder."),
        ("tr", TR, "Bu sandal kaç lira eder?", "Temizse yedi bin eder, lirasına bakmam."),
        ("en", EN, "What is my boat worth?", "It is worth about three thousand pounds."),
    ],
)
def test_what_somebody_has_is_worth_is_estimated_in_words_too(
    language: str, prompt: str, user: str, says: str
) -> None:
    assert is_broken({}, user, says, prompt, language)
