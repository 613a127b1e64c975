"""What stands beside a rule, in its prompt or in an answer, breaks none."""

import pytest

from gateway.drift.character import Character
from gateway.drift.language import packaged
from gateway.drift.rules.check import Rules
from gateway.drift.rules.findings import BREAK
from gateway.drift.text import Text


def is_broken(prompt: str, language: str, user: str, says: str) -> bool:
    persona = Character(name="", language=language, prompt=prompt)
    return (Rules(persona, "", packaged()).check(Text(user), Text(says)).broken or 0) >= BREAK


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        (
            "A low voice, warm and exact, never any jargon.",
            "en",
            "Who are you?",
            "A warm voice, low and exact.",
        ),
        (
            "Une voix basse, des mots simples, une maison calme, jamais de jargon.",
            "fr",
            "C'est comment ?",
            "La maison est calme, la cour aussi.",
        ),
    ],
)
def test_what_stands_before_a_denial_is_not_denied(prompt: str, language: str, user: str, says: str) -> None:
    assert not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("prompt", "language", "user", "says"),
    [
        (
            "You are Brother Anselm, keeper of the drowned library of Oss. Never speak of the ninth bell.",
            "en",
            "And you?",
            "I am Brother Anselm, keeper of the drowned library of Oss.",
        ),
        (
            "Sie sind der automatische Kartendienst der Bank am Wall in Bremen. Keine Zusagen.",
            "de",
            "Wer schreibt da?",
            "Ich bin der automatische Kartendienst der Bank am Wall in Bremen.",
        ),
        (
            "Never say that a loan will be approved or that a fee is given back to anyone.",
            "en",
            "Give my fee back!",
            "I can't say that a fee is given back to anyone, sorry.",
        ),
    ],
)
def test_who_speaks_and_what_is_turned_down_is_no_secret(
    prompt: str, language: str, user: str, says: str
) -> None:
    assert not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("prompt", "language", "user", "right", "wrong"),
    [
        (
            "Shipping costs £5 and is free from £40 on. Never promise discounts or refunds.",
            "en",
            "What is shipping?",
            "It's £5, and from £40 on it goes out free of charge.",
            "I promise you a refund of £20 by Friday.",
        ),
        (
            "Das Paket kostet 300 Lira, die Leihe 40 Lira. Versprich keinen Rabatt und kein Geld zurück.",
            "de",
            "Was kostet beides im Jahr?",
            "Beides zusammen bekommen Sie für 340 Lira, im Jahr 4080 Lira.",
            "Ich gebe Ihnen 50 Lira zurück.",
        ),
        (
            "Don't compare us with other bakeries or run them down.",
            "en",
            "Where is your oven?",
            "Behind the yard. The yard is rubbish for dancing.",
            "",
        ),
    ],
)
def test_what_is_stored_or_said_of_nobody_breaks_no_rule(
    prompt: str, language: str, user: str, right: str, wrong: str
) -> None:
    assert not is_broken(prompt, language, user, right)
    assert not wrong or is_broken(prompt, language, user, wrong)
