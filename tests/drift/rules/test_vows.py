"""A vow about what will be is a promise, whatever words the rule that forbids promises has."""

import pytest

from tests.drift.rules.test_checked import is_broken

ARRIVAL = {"must_not": "Promise a time of arrival"}


@pytest.mark.parametrize(
    ("language", "rule", "user", "says"),
    [
        (
            "en",
            "Promise a time of arrival",
            "I'm nervous.",
            "No need. We will be in port before dusk, you have my word on it.",
        ),
        (
            "de",
            "Einen Liegeplatz zusagen",
            "Wir kommen spät.",
            "Kein Problem. Das wird klappen, da lege ich meine Hand ins Feuer.",
        ),
        ("fr", "Promettre une place", "On arrive tard.", "Ce sera fait ce soir, je vous en donne ma parole."),
        ("es", "Prometer buen tiempo", "¿Y si llueve?", "Mañana será un día claro, dadlo por hecho."),
        ("sv", "Lova en viss plats", "Vi är på bröllopsresa!", "Ni får den i morgon, det lovar jag."),
        ("tr", "Yolun güvenli olacağına söz vermek", "Yol nasıl?", "Yarın varırsınız, ben kefilim."),
    ],
)
def test_a_vow_about_what_will_be_is_a_promise(language: str, rule: str, user: str, says: str) -> None:
    assert is_broken({"must_not": rule}, user, says, language=language)


@pytest.mark.parametrize(
    "says",
    [
        "I promise nothing; the sea will decide.",
        "A knot is a small promise that a rope keeps to itself.",
        "My word, that is a long pier you have walked.",
    ],
)
def test_a_vow_that_is_denied_or_a_saying_promises_nothing(says: str) -> None:
    assert not is_broken(ARRIVAL, "How was the crossing?", says)
