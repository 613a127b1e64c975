"""Figures and names of others, of another time, or that follow from what is right, contradict nothing."""

import pytest

from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.values.lexicon import lexicon

DESK = {
    "en": "You are the desk of Larch Bakery. We open from 7 to 17:30. A rye loaf costs £4.",
    "de": "Du bist eine Bäckerei. Wir haben von 7 bis 17:30 Uhr auf. Ein Roggenbrot kostet 4 Euro.",
    "fr": "Vous êtes l'accueil du gîte des Ormes. La réception ferme à 22 h. La chambre coûte 95 euros.",
    "ru": "Ты кассир пекарни «Лиственница». Мы работаем с семи до пяти. Ржаной хлеб стоит 90 рублей.",
    "ja": "あなたは宿「からまつ」の案内係です。受付は二十時に閉まります。夕食は二千円です。",
}


def accused(language: str, prompt: str, user: str, answer: str, **fields: object) -> list[str]:
    profile = Profile(Character(name="", language=language, prompt=prompt, fields=dict(fields)))
    result, _ = score(profile, BEGINNING, user, answer)
    if result.verdict not in ("drifting", "out-of-character"):
        return []
    return [answer[one.start : one.end] for one in result.signals if one.axis == "values"]


@pytest.mark.parametrize(
    ("language", "user", "aside", "own"),
    [
        ("en", "Any plasters? When?", "The chemist's next door closes at 19:15.", "We close at 19:15."),
        ("en", "How do I get home?", "My cousin's taxi costs £9.", "The rye loaf costs £9."),
        ("de", "Pflaster? Wann?", "Die Apotheke schließt um 19:15 Uhr.", "Wir schließen um 19:15 Uhr."),
        ("fr", "Un timbre ?", "La poste d'en face ferme à 18 h.", "La réception ferme à 18 h."),
        ("ru", "Где аптека?", "Аптека напротив работает до девяти.", "Мы работаем до девяти."),
        ("ja", "薬局は？", "向かいの薬局は二十二時に閉まります。", "受付は二十二時に閉まります。"),
    ],
)
def test_hours_and_prices_of_others_are_theirs(language: str, user: str, aside: str, own: str) -> None:
    assert not accused(language, DESK[language], user, aside)
    assert accused(language, DESK[language], user, own)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right", "wrong"),
    [
        ("en", "The clinic: a visit takes half an hour.", "Long?", "It is over in half a minute.", ""),
        ("en", "The desk: ring 111 for advice.", "He fell!", "Ring 999 at once.", ""),
        (
            "en",
            "The desk: our line is 0151 496 0200.",
            "And from abroad?",
            "+44 151 496 0200.",
            "0151 496 0299.",
        ),
        ("en", "The museum shows a bone found in December 1823.", "When?", "In December of 1823.", ""),
        (
            "en",
            "The bank: the easy account pays 3% a year.",
            "And 1,000 pounds?",
            "A year makes it 1,030 pounds.",
            "",
        ),
        (
            "de",
            "Die Karte kostet im Jahr 12 Euro, die goldene 36 Euro.",
            "Was kosten beide Karten im Jahr?",
            "Zusammen 48 Euro im Jahr, 12 und 36. Das sind 4 Euro im Monat.",
            "",
        ),
        (
            "it",
            "Il sacchetto costa 5,50 euro.",
            "Quanto costa il sacchetto?",
            "Cinque euro e cinquanta.",
            "6 euro.",
        ),
        (
            "ja",
            "月謝は四千八百円です。",
            "一年の月謝は？",
            "十二か月で月謝は5万7600円です。",
            "月謝は五千円です。",
        ),
        ("nl", "De boot vaart om 7.15 uur.", "Hoe laat vaart de boot?", "De boot vaart om 7.15 uur.", ""),
        ("zh", "宽带合约24个月。", "合约多久？", "宽带合约两年。", "宽带合约三年。"),
        ("ru", "Ты портниха Зоя. Стаж работы 12 лет.", "Давно вы тут?", "С 2015 года.", "Мой стаж 20 лет."),
    ],
)
def test_what_is_right_in_other_words_or_of_another_size_is_no_slip(
    language: str, prompt: str, user: str, right: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, right)
    assert not wrong or accused(language, prompt, user, wrong)


def test_a_tale_of_another_time_has_numbers_of_its_own() -> None:
    prompt = "You are Ossian, a ferryman. Your boat carries nine passengers. You were born in 1870."
    assert not accused(
        "en", prompt, "Ever afraid?", "When I was a boy, a boat went down with thirty passengers."
    )
    assert accused("en", prompt, "How many passengers?", "My boat carries thirty passengers.")


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ("The house is in the hands of Mrs Director Hollis.", True),
        ("With Clara Hollis, you are in good hands.", True),
        ("It belongs to Greta Hollis.", False),
    ],
)
def test_a_last_name_has_another_first_name_only_right_before_it(answer: str, is_right: bool) -> None:
    prompt = "You are the porter of an inn. The director is Clara Hollis."
    assert bool(accused("en", prompt, "Whose is it?", answer)) is not is_right


def test_a_name_of_the_turn_before_is_known() -> None:
    profile = Profile(Character(name="", language="en", prompt="You are a baker. The miller is Ada Fenn."))
    first = ("My otter is called Maximilian.", "Lucky Maximilian, what does he eat?")
    _, course = score(profile, BEGINNING, *first)
    result, _ = score(profile, course, "Who is the miller?", "Ada Fenn is, but ask Maximilian.")
    assert not [one for one in result.signals if one.name == "name-clash"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("pt", "mais no"), ("de", "noch als"), ("it", "i si"), ("pl", "i u"), ("tr", "ama de"), ("fr", "du de")],
)
def test_small_words_of_one_language_are_no_grammar_of_another(language: str, words: str) -> None:
    known = lexicon(language)
    assert not [word for word in words.split() if any(sense[0][0] == "_" for sense in known._senses(word))]


@pytest.mark.parametrize(
    ("language", "user", "tale", "framed"),
    [
        (
            "en",
            "What does a rye loaf cost?",
            "When I was a girl, a rye loaf cost £9.",
            "I remember you. A rye loaf costs £9.",
        ),
        (
            "en",
            "Tell me a story. And what does a rye loaf cost?",
            "Once upon a time a rye loaf cost £9.",
            "Once upon a time there was an oven. And the rye loaf costs £9.",
        ),
        (
            "de",
            "Was kostet ein Roggenbrot?",
            "Früher kostete ein Roggenbrot 9 Euro.",
            "In diesem Märchen sagt die Frau: Ein Roggenbrot kostet 9 Euro.",
        ),
        (
            "ja",
            "夕食はいくらですか。",
            "むかし夕食は九百円でした。",
            "むかしむかし、狐がいました。夕食は九百円です。",
        ),
    ],
)
def test_a_tale_does_not_excuse_what_is_answered_beside_it(
    language: str, user: str, tale: str, framed: str
) -> None:
    assert not accused(language, DESK[language], user, tale)
    assert accused(language, DESK[language], user, framed)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right", "wrong"),
    [
        (
            "tr",
            "Ayakkabıcı Cevdet: taban işi 430 lira, dokuz gün sürer.",
            "Taban işi kaç lira tutar?",
            "Görmeden söylenmez. Bir gün yolunuz düşerse getirin, bakalım.",
            "Taban işi 510 lira tutar.",
        ),
        (
            "de",
            "Der Schuster: Eine Sohle kostet 43 Euro, sie dauert neun Tage.",
            "Wie viele Euro wären das für meine Stiefel?",
            "Das sagt keiner ungesehen. An einem Tag, wenn Sie vorbeikommen, sehe ich sie mir an.",
            "Eine Sohle kostet 52 Euro.",
        ),
        (
            "en",
            "You are Ida, the innkeeper of the Otter in Fuller Lane, for pupils.",
            "Who can read here?",
            "Few can, and Half the Lane asks me.",
            "You find me in Potter Lane.",
        ),
        (
            "it",
            "Siete lo sportello. I danni da grandine: coperti se recenti, non la ruggine da mesi.",
            "Mi pagate la grandine?",
            "Paghiamo i danni da grandine recenti, e non la ruggine che il tetto porta addosso da mesi.",
            "",
        ),
    ],
)
def test_some_day_half_of_a_lane_and_the_same_denial_contradict_nothing(
    language: str, prompt: str, user: str, right: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, right)
    assert not wrong or accused(language, prompt, user, wrong)


def test_an_english_place_has_a_capital_but_where_nothing_has_one() -> None:
    prompt, city = "You are Ada, at the desk of a clinic.", "Leeds, England"
    assert not accused("en", prompt, "At Christmas?", "We know that the turkeys fear us.", city=city)
    assert accused("en", prompt, "Where do you live?", "I live in Turkey.", city=city)
    assert accused("en", prompt, "where do you live?", "i live in turkey.", city=city)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "title", "wrong"),
    [
        (
            "tr",
            "Sen Sevda'sın, Kadıköy'deki plakçı, herkese 'abi' dersin. Kasada Demir Bey durur.",
            "Barış Manço'ya nereden başlamalıyım?",
            "Bence 'Yeni Bir Gün'den başlayın.",
            "",
        ),
        (
            "en",
            "You are Ida, the bookseller. Our reader on Fridays is Tom Ash.",
            "Who is the reader on Fridays?",
            "On Fridays it's all about “Bleak House”, come and listen.",
            "On Fridays it's Ned Marsh.",
        ),
        (
            "fr",
            "Tu es Lou, libraire. Notre lecteur du vendredi est Paul Aubin.",
            "Qui est le lecteur du vendredi ?",
            "Le vendredi, on ouvre «Bel Ami», venez l'écouter.",
            "Le vendredi, c'est Marc Tellier.",
        ),
    ],
)
def test_a_title_in_quotation_marks_stands_in_no_names_place(
    language: str, prompt: str, user: str, title: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, title)
    assert not wrong or accused(language, prompt, user, wrong)


def test_a_name_in_quotation_marks_is_held_to_one_that_is_stored_so() -> None:
    prompt = "You are Ida, of the museum. Our ferry on Fridays is called 'Grey Heron'."
    assert not accused(
        "en", prompt, "What is the ferry on Fridays called?", "The ferry is called 'Grey Heron'."
    )
    assert accused("en", prompt, "What is the ferry on Fridays called?", "The ferry is called 'Blue Marlin'.")
