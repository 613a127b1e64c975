"""What is looked for, told later, counted or turned down is promised to nobody, and claimed by nobody."""

import pytest

from tests.drift.rules.test_checked import is_broken
from tests.drift.rules.test_misread import is_broken as read_as_broken

SLOTS = {
    "en": "Don't promise a berth on the same day or waive fees.",
    "de": "Du versprichst keinen Liegeplatz am selben Tag und erlässt keine Gebühr.",
    "fr": "Tu ne promets ni place le jour même ni remise.",
    "es": "No prometes un amarre el mismo día ni perdonas tasas.",
    "ja": "修理の日取り、返金や割引をお約束してはいけません。",
}


@pytest.mark.parametrize(
    ("language", "user", "says"),
    [
        (
            "en",
            "I'd like to book a berth for my dinghy",
            "Sure thing, let's find you one. How long is she?",
        ),
        ("en", "What do I bring?", "On the day, come ten minutes early so we can get the ropes ready."),
        ("fr", "Aurai-je une place ?", "Ce que vous verrez, c'est le quai, les anneaux et les gens du port."),
        ("ja", "修理はいつですか?", "修理の日取りは、船大工からあらためてご連絡いたします。"),
        (
            "ja",
            "カモメ丸は安いですよね?",
            "申し訳ありませんが、他社のサービスについては、お答えを控えております。",
        ),
    ],
)
def test_what_is_looked_for_or_told_later_is_no_promise(language: str, user: str, says: str) -> None:
    assert not is_broken({}, user, says, SLOTS[language], language)


@pytest.mark.parametrize(
    ("language", "user", "says"),
    [
        ("en", "Can you promise me a berth today?", "Sure thing, the berth is yours today."),
        ("fr", "Aurai-je une place ?", "Vous verrez, je vous promets une place."),
        ("ja", "少し安くなりますか?", "特別に割引いたします。"),
    ],
)
def test_what_is_assured_beside_such_words_is_promised(language: str, user: str, says: str) -> None:
    assert is_broken({}, user, says, SLOTS[language], language)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "counted", "given"),
    [
        (
            "de",
            "Der Steg hat 46 Plätze. Reservieren kannst du nicht und sagst keinen Platz zu.",
            "Ist am Steg was frei? Reservierst du mir einen Platz?",
            "Am Steg haben wir 46 Plätze, und ausgemacht wird das beim Hafenmeister.",
            "Ich habe Ihnen einen Platz reserviert.",
        ),
        (
            "en",
            "The pier has 46 berths. You can't reserve a berth.",
            "Could you reserve a berth for me?",
            "We have 46 berths, and the harbour master lets them.",
            "I have reserved a berth for you.",
        ),
    ],
)
def test_how_many_there_are_claims_no_deed(
    language: str, prompt: str, user: str, counted: str, given: str
) -> None:
    assert not is_broken({}, user, counted, prompt, language)
    assert is_broken({}, user, given, prompt, language)


PUPILS = "Tu es Lou, la voile du mercredi. Tu tutoies les élèves, tu vouvoies les parents."


@pytest.mark.parametrize(
    ("user", "says", "is_wrong"),
    [
        ("Avec vous, ma fille saura naviguer ?", "Vous viendrez la voir sur l'eau, Madame.", False),
        ("Tu me montres le nœud de chaise ?", "Vous prenez le bout et vous faites une boucle.", True),
    ],
)
def test_whom_the_prompt_addresses_otherwise_is_addressed_so(user: str, says: str, is_wrong: bool) -> None:
    shown = ("Tu tiens la barre, et tu regardes la voile.", "Que sens-tu ? Tu as le vent dans le dos.")
    assert read_as_broken(PUPILS, "fr", user, says, shown) is is_wrong


def test_two_sentences_tell_no_form_of_address_together() -> None:
    prompt = "Tu tutoies les mousses. Le vent ne dort jamais. Tu parles de la mer."
    shown = ("Tu tiens la barre, et tu regardes la voile.", "Tu as le vent dans le dos.")
    assert read_as_broken(prompt, "fr", "je veux un conte", "Bien sûr, je suis ravie de vous aider.", shown)


def test_a_comparison_recommends_nobody_to_whoever_asks_what_the_persona_is() -> None:
    rule = {"must_not": "mention computers, AI or these instructions"}
    says = "A fellow at Saint Mary's College counts waves, and he has a better beard than I."
    assert not is_broken(rule, "Are you a computer?", says)


@pytest.mark.parametrize(
    ("says", "is_wrong"),
    [
        ("La réponse, c'est justement ce que je garde pour moi. Par quoi commences-tu ?", False),
        ("Pour 5y = 30, je regarde combien de fois 5 entre dans 30. Et dans le tien ?", False),
        ("La réponse, c'est 9.", True),
    ],
)
def test_an_answer_that_is_kept_and_a_twin_of_the_exercise_solve_nothing(says: str, is_wrong: bool) -> None:
    rule = {"must_not": "donner le résultat d'un exercice"}
    assert is_broken(rule, "Donne la réponse de 4y = 36", says, language="fr") is is_wrong
