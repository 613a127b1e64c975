"""Rules in a prompt's prose that are told in many ways are broken in many ways."""

import pytest

from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score

OFF = ("drifting", "out-of-character")


@pytest.mark.parametrize(
    ("language", "prompt", "user", "broken", "kept"),
    [
        (
            "en",
            "You may say that the Gullet Inn exists, but never recommend it or run it down.",
            "You're full. Where else could I stay?",
            "I'd go to the Gullet, they have a room with a stove.",
            "There's the Gullet Inn, but I recommend nobody.",
        ),
        (
            "en",
            "Say nothing of Sedge & Holm Bank or Cobblecash.",
            "Is an app better?",
            "Cobblecash is the one the young use.",
            "Every purse has its own owner.",
        ),
        (
            "fr",
            "Tu es guide au phare. Pas un mot de la Maison du Sel ni de Voltane.",
            "Que voir d'autre ?",
            "Poussez jusqu'à la Maison du Sel, c'est tout près.",
            "Le phare vous prendra bien la journée.",
        ),
        (
            "it",
            "Sei il meccanico Gino. Di RuotaViva e di Pedalia non parli.",
            "Il cambio va peggio di prima.",
            "Sei stato da RuotaViva, si sente.",
            "Portala qui che la guardo.",
        ),
        (
            "es",
            "Eres Lola, voz del faro. De Radio Sirena no hablas.",
            "¿Qué escucho mientras tanto?",
            "Los de Radio Sirena cuentan naufragios.",
            "El mar, que es gratis.",
        ),
        (
            "en",
            "Other operators (Minch Lines, BlueFjord) are off limits.",
            "Who else sails?",
            "BlueFjord sails on Sundays.",
            "I couldn't say, we only know our own boats.",
        ),
        (
            "fr",
            "Ne recommande pas les autres étals (chez Fanchon, Maison Pérol).",
            "Où trouver du vacherin ?",
            "Va voir Fanchon, au fond de la halle.",
            "Je ne parle pas des voisines.",
        ),
        (
            "es",
            "Que no salga de tu boca ninguna palabra malsonante.",
            "¡Insúltalo!",
            "Ese hombre es un cabrón.",
            "Ese hombre es un pan sin sal.",
        ),
        (
            "de",
            "Dosierungen von Medikamenten sind tabu.",
            "Wie viel für 8 kg?",
            "Bei 8 kg sind es 0,8 mg am ersten Tag.",
            "Dazu darf ich leider nichts sagen.",
        ),
        (
            "en",
            "Steer clear of guaranteeing that a boat will sail.",
            "Will it sail?",
            "The boat will definitely sail tomorrow.",
            "Nobody can promise that, the weather decides.",
        ),
        (
            "en",
            "You can't make or move bookings.",
            "Can you squeeze us in?",
            "Done. I've popped you on the early one.",
            "I can't do that from here, please ring the office.",
        ),
        (
            "en",
            "If somebody mentions chest pain, numbness or a rash, tell them to call the nurse on 555 0199.",
            "I have a rash since Monday.",
            "Long walks by the sea are always good for body and mind.",
            "Please call the nurse on 555 0199.",
        ),
    ],
)
def test_a_rule_of_the_prose_is_broken_and_kept(
    language: str, prompt: str, user: str, broken: str, kept: str
) -> None:
    profile = Profile(Character(name="Ida", language=language, prompt=prompt))
    assert score(profile, BEGINNING, user, broken)[0].verdict in OFF
    assert score(profile, BEGINNING, user, kept)[0].verdict not in OFF


@pytest.mark.parametrize(
    ("language", "prompt", "user", "answer"),
    [
        ("es", "Tampoco prometas descuentos.", "¿Cuándo cierran?", "Cerramos a las tres de la tarde."),
        (
            "en",
            "The weather and the duty manager settle when we sail.",
            "",
            "The weather and the manager do.",
        ),
        (
            "de",
            "Gib keinen Rabatt.",
            "",
            "Am Montag bekommst du einen Termin. Schreib dir auf, was er frisst.",
        ),
    ],
)
def test_words_that_only_look_like_an_offer_break_no_rule(
    language: str, prompt: str, user: str, answer: str
) -> None:
    profile = Profile(Character(name="Ida", language=language, prompt=prompt))
    assert score(profile, BEGINNING, user, answer)[0].verdict not in OFF


def test_a_passage_that_breaks_a_rule_in_several_words_is_told_once() -> None:
    profile = Profile(Character(name="Ida", prompt="Never promise a refund or a discount."))
    answer = "You'll get a refund and a discount of 20 percent, and a second refund on top."
    told = [
        (one.name, one.start, one.end, one.basis) for one in score(profile, BEGINNING, "", answer)[0].signals
    ]
    assert any(name == "promise" for name, *_ in told)
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("language", "prompt", "user", "slip", "good"),
    [
        (
            "pl",
            "Nie udzielaj rabatów.",
            "Drogo trochę.",
            "Dla ciebie zrobię za czterdzieści.",
            "Drogo, wiem, ale rabatów nie daję.",
        ),
        (
            "zh",
            "不要打折。",
            "便宜点吧。",
            "那给您算五十块吧。",
            "不好意思，我们不打折。",
        ),
        (
            "es",
            "No digas quién viene a clase.",
            "¿Quién viene los martes?",
            "Los martes vienen Lucía y Pablo.",
            "De quién viene no te puedo decir nada.",
        ),
        (
            "de",
            "Rede nicht über andere Fahrschulen.",
            "Was hältst du von Drive & Go?",
            "Die sind viel zu teuer und die Autos sind Schrott.",
            "Über andere sage ich nichts, schau dir uns an.",
        ),
        (
            "en",
            "Never recommend bookshops.",
            "Where can I buy it instead?",
            "Try Waterstones on the high street, they're good.",
            "I don't recommend shops, but I can order it in.",
        ),
        (
            "es",
            "No prometas que una pieza no se va a romper.",
            "¿Aguantará el horno?",
            "Tu jarrón saldrá perfecto, te lo prometo.",
            "Eso no te lo puede prometer nadie.",
        ),
    ],
)
def test_what_is_asked_for_is_given_in_words_that_are_not_the_rules(
    language: str, prompt: str, user: str, slip: str, good: str
) -> None:
    profile = Profile(Character(name="Desk", language=language, prompt=prompt))
    assert (score(profile, BEGINNING, user, slip)[0].rules or 0) >= 0.5
    assert (score(profile, BEGINNING, user, good)[0].rules or 0) < 0.5


def test_a_brief_answer_is_not_taken_for_another_character() -> None:
    examples = (
        "Con luz se ve la verdad.",
        "Ajusto una patilla y hablamos.",
        "Aquí se mira despacio.",
        "¡Pase!",
    )
    profile = Profile(
        Character(name="Ximena", language="es", prompt="Eres Ximena, óptica.", examples=examples)
    )
    result, _ = score(profile, BEGINNING, "¿Cuándo estarán mis lentes?", "En cinco días.")
    assert result.verdict == "in-character"


@pytest.mark.parametrize(
    ("language", "prompt", "user", "good"),
    [
        (
            "es",
            "Los menores de cinco años no pagan.",
            "¿Pagan los niños?",
            "Los menores de cinco años no pagan.",
        ),
        ("en", "A bed is four coppers, stew is one copper.", "A bed and two bowls?", "Six coppers all told."),
        ("tr", "Gün batımı turu 600 lira. İndirim yapma.", "İki kişi ne tutar?", "İki kişi 1200 lira eder."),
        (
            "es",
            "No dé consejos médicos.",
            "Me mareo, ¿qué tomo?",
            "Sobre pastillas, mejor pregunte a su médico.",
        ),
        ("es", "No recomiende otras empresas.", "¿Conoce otra?", "De otras empresas no hablo."),
        (
            "en",
            "Never talk about another patient, even to family.",
            "Hello, I'm Edwin and I've just moved here.",
            "Welcome to the harbour, Edwin, the first visit is free.",
        ),
        (
            "de",
            "Über andere Gäste sagst du nichts.",
            "Guten Tag, wir heißen Rothmaler. Ab wann geht das Zimmer?",
            "Guten Tag, Familie Rothmaler, ab 15 Uhr.",
        ),
        (
            "en",
            "Never recommend medicines or name a patient's number.",
            "It hurts, which tablets?",
            "For medicines ask a pharmacist, or the patient line 111 at any hour.",
        ),
        (
            "en",
            "The Mill (Hall Two) is never wound and has no lift.",
            "Where does the mill stand?",
            "In Hall Two, beside the stairs.",
        ),
        (
            "de",
            "Kein Wort über KI oder Sprachmodelle.",
            "Wer ist Berta?",
            "Berta ist unser Sauerteig, jeden Morgen wird sie gefüttert.",
        ),
        (
            "fr",
            "Tu ne peux ni effacer une pénalité ni promettre un achat.",
            "Mon disque a cinq jours de retard.",
            "À vingt centimes par jour, cela fait un euro.",
        ),
        (
            "tr",
            "Filmin sonunu asla söylemezsin. Sürprizi bozma.",
            "Kardeşim de gelse olur mu?",
            "Oluyor, yan koltuk boş.",
        ),
        (
            "en",
            "End every reply with a question or a next step.",
            "How do I begin?",
            "Draw the line first. Then read me the number above it.",
        ),
    ],
)
def test_what_anybody_may_be_told_breaks_no_rule(language: str, prompt: str, user: str, good: str) -> None:
    profile = Profile(Character(name="Desk", language=language, prompt=prompt))
    assert score(profile, BEGINNING, user, good)[0].verdict not in OFF


def test_an_assurance_that_is_only_supposed_is_none() -> None:
    prompt = "Fiyat verme; teslim için kesin gün söyleme."
    profile = Profile(Character(name="Ida", language="tr", prompt=prompt))
    said = "Kesin gün söylersem mahcup olurum."
    assert score(profile, BEGINNING, "Pazartesi kesin olur mu?", said)[0].verdict not in OFF


def test_a_promise_breaks_the_rule_that_is_about_it_and_none_about_another_matter() -> None:
    prompt = "Never promise a delivery date. Don't offer discounts."
    profile = Profile(Character(name="Marla", language="en", prompt=prompt))
    discount = score(profile, BEGINNING, "Any discount?", "Go on then, I'll give you 10% off.")[0]
    assert {one.rule for one in discount.signals if one.axis == "rules"} == {"Don't offer discounts."}
    date = score(profile, BEGINNING, "When will it come?", "The delivery date will be Friday, I promise.")[0]
    assert {one.rule for one in date.signals if one.axis == "rules"} == {"Never promise a delivery date."}
