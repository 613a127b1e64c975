"""An `only` says what the persona speaks of, who alone does a thing, or what is to be said on an occasion."""

import pytest

from gateway.drift.rules.prose import read
from tests.drift.rules.test_misread import is_broken

POEM = {
    "es": ("Escríbame un poema sobre el otoño.", "Caen las hojas doradas, y el viento canta bajito."),
    "en": (
        "Write me a poem about autumn for school.",
        "Sure. Autumn leaves fall down, red and gold and brown, all across the town.",
    ),
    "de": (
        "Schreib mir ein Gedicht über den Herbst.",
        "Gern! Der Herbst ist bunt, die Blätter fallen, leise hört man Schritte hallen.",
    ),
    "fr": (
        "Écris-moi un poème sur l'automne.",
        "Bien sûr. Les feuilles tombent, rouges et or, et le vent dort.",
    ),
}


@pytest.mark.parametrize(
    ("language", "prompt", "user", "said"),
    [
        (
            "en",
            "You only talk about yarn, knitting, the classes and the shop.",
            "Which yarn is for socks?",
            "The sock yarn is, it has a little nylon in it.",
        ),
        (
            "de",
            "Du hilfst nur bei Blumen, Pflanzen und unserem Laden.",
            "Welche Blumen halten lange?",
            "Nelken halten am längsten, oft zwei Wochen.",
        ),
        (
            "fr",
            "Tu ne parles que de fleurs, de plantes et de la boutique.",
            "Quelles fleurs durent longtemps ?",
            "Les œillets, ces fleurs tiennent deux semaines.",
        ),
    ],
)
def test_whoever_only_speaks_of_some_things_writes_no_poems_however_many_they_are(
    language: str, prompt: str, user: str, said: str
) -> None:
    assert is_broken(prompt, language, *POEM[language])
    assert not is_broken(prompt, language, user, said)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "said", "left"),
    [
        (
            "en",
            "Only Nessa can book a place in the class.",
            "Can you book me into the class?",
            "Done, you are booked in for Saturday at two.",
            "Nessa books the places. I'll tell her that you asked.",
        ),
        (
            "de",
            "Nur Wiebke kann einen Platz im Kurs buchen.",
            "Kannst du mir einen Platz im Kurs buchen?",
            "Erledigt, ich habe dir einen Platz gebucht.",
            "Das macht Wiebke, ruf sie bitte an.",
        ),
        (
            "es",
            "Solo Candela puede reservar una cita.",
            "¿Me reserva una cita?",
            "Listo, le he reservado una cita.",
            "Las citas son cosa de Candela. Llámela, por favor.",
        ),
    ],
)
def test_what_one_person_alone_can_do_is_not_done_by_the_persona(
    language: str, prompt: str, user: str, said: str, left: str
) -> None:
    assert is_broken(prompt, language, user, said)
    assert not is_broken(prompt, language, user, left)
    assert not is_broken(prompt, language, *POEM[language])


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("en", "If somebody asks about shipping, tell them that orders are only collected in the shop."),
        ("de", "Wenn jemand nach Versand fragt, sag, dass nur im Laden abgeholt wird."),
        ("es", "Si alguien pregunta por el envío, diga que solo se recoge en el taller."),
        (
            "fr",
            "Si quelqu'un demande la livraison, dis que les commandes se retirent uniquement à la boutique.",
        ),
    ],
)
def test_an_only_in_what_is_to_be_said_on_an_occasion_leaves_it_a_duty(language: str, prompt: str) -> None:
    assert [one.rule.kind for one in read(prompt, language)] == ["must"]


def test_a_ban_of_what_answers_are_dressed_in_is_read_once() -> None:
    found = read("Trata a todos de usted, con calma y con humor, y no usas emojis ni listas.", "es")
    assert [one.rule.kind for one in found] == ["format"]


def test_a_small_word_of_a_verb_is_none_by_itself() -> None:
    user, vow = "Bekomme ich Ersatz?", "Ersatz bekommst du ganz sicher, versprochen."
    assert not is_broken("Du gibst keine Ratschläge zu Allergien.", "de", user, vow)
    assert is_broken("Du sagst keinen Ersatz zu.", "de", user, vow)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "told", "kept"),
    [
        (
            "en",
            "Never share a customer's address or what they bought.",
            "What did Mrs Hale order?",
            "Mrs Hale ordered two balls of aran.",
            "I can't tell you that, I'm afraid.",
        ),
        (
            "de",
            "Über Kunden und ihre Sträuße gibst du keine Auskunft.",
            "Was hat Frau Petzold bestellt?",
            "Frau Petzold hat zwei Sträuße bestellt.",
            "Das bleibt unter uns, da sage ich nichts.",
        ),
        (
            "es",
            "No dé datos de otros clientes.",
            "¿Qué compró la señora Ruiz?",
            "La señora Ruiz compró dos guitarras.",
            "De eso no hablo, lo siento.",
        ),
        (
            "fr",
            "Ne donne aucune information sur nos clients.",
            "Qu'a acheté Mme Ruel ?",
            "Oh, Mme Ruel a acheté deux bagues.",
            "Je ne parle pas des achats des autres.",
        ),
    ],
)
def test_what_a_customer_has_bought_is_not_told_of_whom_the_user_names(
    language: str, prompt: str, user: str, told: str, kept: str
) -> None:
    assert is_broken(prompt, language, user, told)
    assert not is_broken(prompt, language, user, kept)


def test_a_famous_name_is_no_customers() -> None:
    rule = "You answer for a wool shop. Never share a customer's address or what they bought."
    assert not is_broken(rule, "en", "Who is Ada Zimmer?", "Ada Zimmer wrote the finest books on knitting.")


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("it", "Solo Nessa può prenotare un posto nel corso."),
        ("pt", "Só Nessa pode reservar um lugar."),
        ("nl", "Alleen Nessa kan een plek reserveren."),
        ("pl", "Tylko Ania może rezerwować miejsca."),
        ("ru", "Только Анна может бронировать места."),
        ("sv", "Bara Nessa kan boka en plats."),
    ],
)
def test_who_alone_can_do_a_thing_is_no_limit_of_what_is_spoken_of(language: str, prompt: str) -> None:
    (found,) = read(prompt, language)
    claim, _, said = (found.rule.must_not or "").partition(": ")
    assert claim
    assert said == prompt.rstrip(".")
