"""What an answer adds up, leaves the unit out of, or counts of another life contradicts nothing."""

import pytest

from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score
from tests.drift.test_asides import accused


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right", "wrong"),
    [
        (
            "en",
            "The shop: cord is £12 a metre, a spool £5.50, postage £3.20.",
            "Three metres of cord, two spools, with postage?",
            "Three at £12 is thirty-six, two spools are eleven, and postage £3.20. That makes £50.20.",
            "Cord is £14 a metre.",
        ),
        (
            "de",
            "Das Wasserwerk: Ein Kubikmeter kostet 2,10 Euro, der Zähler 6,50 Euro im Monat.",
            "Was kosten 140 Kubikmeter im Jahr mit dem Zähler?",
            "Das Wasser kommt auf 294 Euro, der Zähler auf 78 Euro, zusammen 372 Euro.",
            "Der Kubikmeter kostet 2,90 Euro.",
        ),
        (
            "fr",
            "Le musée : un adulte paie 12 euros, un enfant 5 euros.",
            "Deux adultes et trois enfants ?",
            "Les adultes font 24 euros, les enfants 15 euros, soit 39 euros.",
            "Un adulte paie 14 euros.",
        ),
        (
            "de",
            "Der Händler: Ein Seil kostet vier Taler, eine Fackel sieben.",
            "Was kostet die Fackel?",
            "Sieben Taler.",
            "Neun Taler.",
        ),
        (
            "es",
            "La academia responde en cuatro días hábiles, nueve para un título.",
            "¿Y un título?",
            "Para un título son nueve días hábiles.",
            "La academia responde en seis días hábiles.",
        ),
        (
            "en",
            "Swim club: a month is £7.50, the year is £64.",
            "What would I save with the year?",
            "Twelve months come to £90, and the year is sixty-four, so you keep £26.",
            "The year is £72.",
        ),
        (
            "de",
            "Der Chor: Im Monat 5,90 Euro, im Jahr 49 Euro.",
            "Lohnt sich das Jahr?",
            "Zwölf Monate wären 70,80 Euro, das Jahr kostet neunundvierzig. Das sind knapp 22 Euro weniger.",
            "Im Jahr kostet der Chor 55 Euro.",
        ),
        (
            "tr",
            "Sigorta: muafiyet 3.000 lira, poliçe 9.500 lira.",
            "Muafiyet nasıl işler?",
            "Diyelim hasar 12.000 lira: 3.000 lira size kalır, 9.000 lira ödenir.",
            "Muafiyet 4.000 liradır.",
        ),
        (
            "it",
            "Il museo: l'intero costa 11 euro, il ridotto 7 euro, dai 12 ai 25 anni.",
            "Due adulti e un ragazzo?",
            "Due interi fanno ventidue, il ragazzo sette. Sono ventinove euro.",
            "Il ridotto costa nove euro, dai dodici ai venticinque anni.",
        ),
        (
            "fr",
            "Le câble : la formule Colza coûte 27,50 € par mois et couvre 80 % des frais.",
            "Et pour deux ans ?",
            "La formule Colza fait 660 € pour vingt-quatre mois.",
            "La formule Colza est à 32 € et couvre 80 % des frais.",
        ),
        (
            "de",
            "Die Fähre kostet 18,60 Euro. Bei Verspätung gibt es ein Viertel zurück.",
            "Die Fähre war zu spät. Was bekomme ich?",
            "Ein Viertel davon, das wären 4,65 Euro.",
            "Die Fähre kostet 16,40 Euro.",
        ),
        (
            "en",
            "Lord Ames died in 1911, at the age of sixty-one.",
            "When was Lord Ames born?",
            "Lord Ames was sixty-one when he died, so in 1850.",
            "Lord Ames died in 1907.",
        ),
        (
            "en",
            "Cancelling with less than 24 hours of notice costs £9.",
            "May I cancel?",
            "There are twenty-five hours of notice to go, and it costs below twenty-four.",
            "Cancelling needs 36 hours of notice.",
        ),
        (
            "en",
            "Beginners run four runs a week.",
            "How many?",
            "Beginners run on four days.",
            "Beginners run five runs a week.",
        ),
        (
            "es",
            "La tienda cierra a las 19:00. Hay que llamar un día antes.",
            "¿Y si voy el sábado?",
            "Llame el viernes.",
            "La tienda cierra a las 21:00.",
        ),
        (
            "en",
            "The farm: a goose is $29, a hen $17.",
            "Two of each, please?",
            "Two geese come to fifty-eight and two hens to thirty-four, so ninety-two dollars.",
            "A goose is $31.",
        ),
        (
            "fr",
            "Le cirque : une place coûte 14 €, un gradin 9 €.",
            "Deux places et trois gradins ?",
            "Deux places font vingt-huit, trois gradins vingt-sept, soit 55 €.",
            "Une place coûte 17 €.",
        ),
        (
            "tr",
            "Kulüp: aylık 145 lira, öğrenciye 115 lira. Kulüp 1962 yılında kuruldu.",
            "Öğrenci senede ne öder?",
            "Kulüpte öğrenci senede 1380 lira öder, öğrenci olmayan 1740 verir.",
            "Kulüp 1971 yılında kuruldu.",
        ),
        (
            "en",
            "The mill: a small sack of flour is £8.40.",
            "And a big sack?",
            "A big sack is two and a half times the small one, so £21.",
            "A small sack is £9.40.",
        ),
        (
            "de",
            "Die Mühle: Ein kleiner Sack Mehl kostet 8,40 Euro.",
            "Und der große?",
            "Der große Sack ist zwei und ein halb mal der kleine, also 21 Euro.",
            "Der kleine Sack kostet 9,40 Euro.",
        ),
    ],
)
def test_what_is_added_up_or_shares_a_unit_is_right(
    language: str, prompt: str, user: str, right: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, right)
    assert accused(language, prompt, user, wrong)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "aside", "wrong"),
    [
        (
            "it",
            "Sei Ines, liutaia. L'abete viene dal bosco e si stagiona nove anni.",
            "Che si fa?",
            "Si impara guardando per dieci anni. Fra cento anni saremo polvere.",
            "L'abete si stagiona dodici anni.",
        ),
        (
            "en",
            "The lighthouse: bathers come back two hours before high water.",
            "What was the worst night?",
            "She struck an hour before dawn.",
            "Come back four hours before high water.",
        ),
    ],
)
def test_small_words_and_years_of_anything_tell_no_field(
    language: str, prompt: str, user: str, aside: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, aside)
    assert accused(language, prompt, user, wrong)


@pytest.mark.parametrize(
    ("language", "prompt", "right", "wrong"),
    [
        ("it", "Sei Bruno, hai 61 anni e fai il fornaio.", "Ho 61 anni.", "Ho 34 anni."),
        ("es", "Eres Marta, tienes 40 años.", "Tengo 40 años.", "Tengo 25 años."),
        ("fr", "Tu es Paul, tu as 52 ans.", "J'ai 52 ans.", "J'ai 30 ans."),
        ("pl", "Jesteś Ewa, masz 45 lat.", "Mam 45 lat.", "Mam 28 lat."),
        ("ru", "Ты Олег, тебе 50 лет.", "Мне 50 лет.", "Мне 33 года."),
    ],
)
def test_an_age_is_told_by_who_has_it(language: str, prompt: str, right: str, wrong: str) -> None:
    assert not accused(language, prompt, "?", right)
    assert accused(language, prompt, "?", wrong)


@pytest.mark.parametrize(
    ("user", "says", "is_right"),
    [
        ("What do a haircut and a shave come to?", "Forty-one pounds for both.", True),
        ("What does a haircut cost?", "Forty-one pounds.", False),
        ("How much is a shave?", "Forty-one pounds, sir.", False),
    ],
)
def test_what_several_named_things_come_to_is_no_other_price(user: str, says: str, is_right: bool) -> None:
    profile = Profile(Character(language="en", prompt="A haircut is £26. A shave is £15. A towel is £3."))
    result, _ = score(profile, BEGINNING, user, says)
    assert ("number-clash" not in {signal.name for signal in result.signals}) is is_right


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "beside"),
    [
        ("en", "Drums: a set takes nine weeks. Skins last 14 days.", "For how long?", "Thirty days.", "Oh!"),
        ("fr", "Un luth demande 14 mois. Une corde, 6 mois.", "Combien de temps ?", "Huit mois.", "Oui ?"),
        ("en", "She leaves the choir £8,000.", "A hundred pounds?", "Twelve thousand pounds.", "Shut up."),
        ("de", "Reklamationen gehen 13 Monate lang.", "Wie lange?", "Nein, 24 Monate.", "Was?"),
    ],
)
def test_a_first_figure_answers_how_much_was_asked(
    language: str, prompt: str, user: str, wrong: str, beside: str
) -> None:
    assert accused(language, prompt, user, wrong)
    assert not accused(language, prompt, beside, wrong)
