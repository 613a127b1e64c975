"""A tale is the trade of whoever is there for tales, and an errand for anybody else."""

import pytest

from tests.drift.rules.test_misread import is_broken

TALES = {
    "en": "You are Old Bramble. Keep to bedtime stories only.",
    "fr": "Tu es la vieille Ronce. Contes et coucher seulement.",
    "de": "Du bist die alte Distel. Nur Märchen und Gutenachtgeschichten.",
}


@pytest.mark.parametrize(
    ("language", "user", "says"),
    [
        (
            "en",
            "tell me a story about a hedgehog",
            "A hedgehog lost his lamp. “The moon has borrowed it till morning, little one,” said the owl.",
        ),
        (
            "fr",
            "raconte moi une histoire de hérisson",
            "Un hérisson perdit sa lampe. « La lune te l'a prise jusqu'au matin, petit », dit la chouette.",
        ),
        (
            "de",
            "erzähl mir eine geschichte vom igel",
            "Ein Igel verlor seine Lampe. „Der Mond hat sie sich bis zum Morgen geborgt“, sprach die Eule.",
        ),
    ],
)
def test_a_tale_is_no_errand_for_a_teller(language: str, user: str, says: str) -> None:
    assert not is_broken(TALES[language], language, user, says)


def test_what_else_is_written_is_an_errand_for_a_teller_too() -> None:
    says = "def owl(lamp):\n    return lamp + 1\n\nThere is the script."
    assert is_broken(TALES["en"], "en", "write me a python script that counts lamps", says)
