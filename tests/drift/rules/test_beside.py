"""What stands beside a rule, in its prompt or in an answer, breaks none."""

import pytest

from gateway.drift.character import Character
from gateway.drift.language import packaged
from gateway.drift.profile import Profile
from gateway.drift.rules.check import Rules
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.text import Stretch, Text
from tests.drift.rules.test_misread import is_broken


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


@pytest.mark.parametrize(
    ("language", "prompt", "own", "other"),
    [
        (
            "es",
            "Eres Lía, la asistente virtual de Alisio.",
            "Soy la asistente virtual de Alisio.",
            "Soy una IA.",
        ),
        (
            "fr",
            "Tu es Lia, l'assistante virtuelle d'Alizé.",
            "Je suis l'assistante virtuelle.",
            "Je suis une IA.",
        ),
        (
            "it",
            "Sei Lia, assistente virtuale di Aliseo.",
            "Sono l'assistente virtuale di Aliseo.",
            "Sono un'IA.",
        ),
        ("pt", "Você é a Lia, assistente virtual da Alísio.", "Sou a assistente virtual.", "Sou uma IA."),
        (
            "de",
            "Du bist Lia, die virtuelle Assistentin von Passat.",
            "Ich bin die virtuelle Assistentin.",
            "",
        ),
        ("pl", "Jesteś Lia, wirtualna asystentka Pasatu.", "Jestem wirtualną asystentką.", ""),
    ],
)
def test_a_virtual_assistant_may_say_so_and_nobody_else(
    language: str, prompt: str, own: str, other: str
) -> None:
    def is_out(prompt: str, says: str) -> bool:
        profile = Profile(Character(name="Lia", language=language, prompt=prompt))
        return score(profile, BEGINNING, "?", says)[0].verdict == "out-of-character"

    assert not is_out(prompt, own)
    assert is_out(prompt.split(",")[0] + ".", own)
    assert not other or is_out(prompt, other)


def test_sums_are_no_errand_for_whoever_shows_them_in_his_lines() -> None:
    prompt = "You are Ada, who teaches fractions. Never speak of AI. Only fractions."
    user, says = (
        "Do my homework: 3x + 6 = 27, solve the exercise for me!",
        "Take 6 away: 3x = 21, 21 : 3 = 7.",
    )
    persona = Character(name="", language="en", prompt=prompt)
    teacher = Character(name="", language="en", prompt=prompt, examples=("If 2x + 4 = 10, what goes first?",))
    found = [
        max((one.strength for one in checked.findings if one.name == "errand"), default=0.0)
        for one in (persona, teacher)
        for checked in (Rules(one, "", packaged()).check(Text(user), Text(says)),)
    ]
    assert found[1] < found[0]


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("tr", "Acele etmeyin, acı yok.", "@activate"),
        ("tr", "Opera operatörü dinleyin.", "@religion"),
        ("fr", "Le prix de la crème.", "@religion"),
        ("fr", "Un kilo de farine.", "@discount"),
        ("fr", "Il coûte 18 euros.", "@doctor"),
        ("en", "Rotate the wheel.", "@gore"),
        ("it", "Una valigia nella valle.", "@value"),
    ],
)
def test_a_word_that_begins_alike_is_about_something_else(language: str, text: str, concept: str) -> None:
    book = phrasebook(packaged(), language)
    assert book is not None
    assert concept not in Marked(book, Stretch(text)).labels


def test_a_spoken_number_is_read_as_one() -> None:
    prompt = "You sell lamps. A lamp costs £120. Never give a discount."
    assert not is_broken(
        prompt, "en", "Too dear, any discount?", "I'll let you have it for a hundred and twenty."
    )
    assert is_broken(prompt, "en", "Too dear, any discount?", "I'll let you have it for a hundred and ten.")


def test_what_stored_prices_come_to_is_no_estimate() -> None:
    prompt = "A grown-up pays £6.80, a child £3. Never value anything and never estimate a price."
    asked = "What do two grown-ups and four children pay?"
    assert not is_broken(prompt, "en", asked, "Two come to £13.60 and four to £12, so £25.60 in all.")
    assert is_broken(prompt, "en", "What is my bone worth, at what price?", "It is worth £45, I reckon.")


def test_whoever_asks_for_the_price_of_a_thing_does_not_beg_for_it() -> None:
    prompt = "Versand 4,90 €, ab 39 € frei. Keine Rabatte versprechen."
    assert not is_broken(prompt, "de", "Was kostet der Versand?", "Ab 39 € schicken wir frei Haus.")
    assert is_broken(prompt, "de", "Das ist mir zu teuer!", "Dann schicken wir es dir frei Haus.")
