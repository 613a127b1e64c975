"""Prices, times and other figures are read as they are spoken, and held against what is stored."""

import pytest
from msgspec.structs import replace

from gateway.drift.character import Character
from gateway.drift.facts import facts
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import lexicon

PLACES = {
    "fr": {"boutique": "mardi à samedi, 9 h 30 à 18 h", "vase bleu": "64 €", "retours": "14 jours"},
    "en": {"hours": "Tuesday to Saturday, 09:30 to 18:00", "blue vase": "£64", "returns": "14 days"},
    "de": {
        "öffnungszeiten": "Dienstag bis Samstag, 9:30 bis 18 Uhr",
        "vase": "64 Euro",
        "rückgabe": "14 Tage",
    },
    "tr": {"açılış saati": "09.30", "vazo": "64 lira", "iade": "14 gün"},
}


@pytest.mark.parametrize(
    ("language", "text", "figures"),
    [
        ("en", "18,400 visitors", [("n:visit", 18400)]),
        ("en", "Four hundred and two.", [("number", 402)]),
        ("en", "At half past nine", [("time", 570)]),
        ("en", "Twenty to three in the morning", [("time", 160)]),
        ("en", "from 5am to 11pm", [("time", 300), ("time", 1380)]),
        ("en", "£49 a month, 12.5%", [("gbp", 49), ("percent", 12.5)]),
        ("de", "eine Stunde und fünf Minuten", [("minute", 65)]),
        ("fr", "120 Go à 15,90 €", [("n:go", 120), ("eur", 15.9)]),
        ("fr", "vingt-deux euros quatre-vingt-dix font tout", [("eur", 22.9)]),
        ("en", "7.30 to 10", [("time", 450), ("time", 600)]),
        ("it", "nel novembre del 1812", [("of-the-calendar", 1812)]),
        ("tr", "on beş senedir", [("year", 15)]),
        ("en", "room 412, gate B12", [("label:room", "412"), ("label:gate", "b12")]),
        ("en", "0808 157 0142", [("phone", "08081570142")]),
        ("en", "since '44", [("of-the-calendar", 1944)]),
        ("fr", "10 h 30–19 h", [("time", 630), ("time", 1140)]),
        ("fr", "1 200,50 €", [("eur", 1200.5)]),
        ("fr", "quatre-vingt-dix-sept euros", [("eur", 97)]),
        ("de", "1.000 Euro in fünf bis sieben Werktagen", [("eur", 1000), ("day", 5), ("day", 7)]),
        ("de", "um halb zehn, zweihundertfünfzig Euro", [("time", 570), ("eur", 250)]),
        ("de", "am 2. April", [("date", 402)]),
        ("es", "treinta y un días, a las nueve y media", [("day", 31), ("time", 570)]),
        ("tr", "17.30'da, kırk iki lira", [("time", 1050), ("try", 42)]),
        ("ja", "一万五千円、二十一時三十分、五割", [("jpy", 15000), ("time", 1290), ("percent", 50)]),
        ("en", "We open at nine, and shut by six.", [("time", 540), ("time", 360)]),
        ("en", "twenty pence, or 20p. 20 planks", [("gbp", 0.2), ("gbp", 0.2), ("n:plank", 20)]),
        ("en", "half an hour, or a week", [("hour", 0.5), ("week", 1)]),
        ("en", "£49 a month", [("gbp", 49)]),
        ("en", "an hour and a half, by 7.30 pm", [("hour", 1.5), ("time", 1170)]),
        ("en", "three pounds and five pence", [("gbp", 3.05)]),
        ("it", "un'ora e mezza", [("hour", 1.5)]),
        ("tr", "on iki lira elli kuruş", [("try", 12.5)]),
        ("ru", "с 2015 года, пять лет", [("of-the-calendar", 2015), ("year", 5)]),
        ("ru", "девять рублей двадцать копеек", [("rub", 9.2)]),
        ("pt", "das 9h às 18h30", [("time", 540), ("time", 1110)]),
        ("de", "zwanzig nach drei, anderthalb Stunden", [("time", 200), ("hour", 1.5)]),
        ("de", "Dreiviertel einer Stunde, eine Viertelstunde", [("hour", 0.75), ("hour", 0.25)]),
        ("fr", "trois quarts d'heure", [("hour", 0.75)]),
        ("nl", "drie kwartier, anderhalf uur", [("minute", 45), ("hour", 1.5)]),
        ("it", "una settimana", [("week", 1)]),
        ("ru", "тысяча двести рублей", [("rub", 1200)]),
        ("zh", "周二、两壶", [("n:壶", 2)]),
        ("ko", "오천 원, 열두 시 반", [("krw", 5000), ("time", 750)]),
        ("ar", "الساعة الحادية عشرة، ثلاثة دنانير", [("time", 660), ("jod", 3)]),
    ],
)
def test_figures_are_read_with_what_they_count(
    language: str, text: str, figures: list[tuple[str, object]]
) -> None:
    read = lexicon(language).read(Stretch(text)).figures
    assert [(one.kind, one.value) for one in read] == figures


@pytest.mark.parametrize(
    ("language", "user", "wrong", "right"),
    [
        ("en", "How much is the blue vase?", "The blue vase is £58.", "The blue vase is £64."),
        ("en", "When do you close?", "We close at half past seven.", "We close at six."),
        (
            "en",
            "How long may I keep it?",
            "Returns are taken for 30 days.",
            "Returns are taken for two weeks.",
        ),
        ("fr", "C'est ouvert jusqu'à quand ?", "On ferme à 20 h.", "On ferme à 18 h."),
        ("fr", "Le vase ?", "Le vase bleu est à 58 €.", "Le vase bleu est à soixante-quatre euros."),
        ("de", "Wann schließen Sie?", "Wir schließen um 20 Uhr.", "Wir schließen um 18 Uhr."),
        ("de", "Was kostet die Vase?", "Die Vase kostet 58 Euro.", "Die Vase kostet vierundsechzig Euro."),
        ("tr", "Vazo kaç lira?", "Vazo 58 lira.", "Vazo altmış dört lira."),
    ],
)
def test_another_figure_of_what_is_asked_for_is_a_slip(
    language: str, user: str, wrong: str, right: str
) -> None:
    profile = Profile(Character(name="Shop", language=language, fields=PLACES[language]))
    bad, _ = score(profile, BEGINNING, user, wrong)
    good, _ = score(profile, BEGINNING, user, right)
    assert bad.verdict in ("drifting", "out-of-character")
    assert any(signal.name == "number-clash" for signal in bad.signals)
    assert good.verdict == "warming-up"


def test_a_figure_in_the_prose_of_a_prompt_is_a_fact_with_its_sentence() -> None:
    prompt = "You are the desk of Harl Ferries. A bicycle costs £6. The last boat leaves at 21:15."
    profile = Profile(Character(name="Desk", prompt=prompt))
    told = {(one.figure.kind, one.figure.value, one.source) for one in profile.facts.ledger.stated}
    assert ("gbp", 6, "A bicycle costs £6") in told
    bad, _ = score(profile, BEGINNING, "What do you charge for a bicycle?", "A bicycle is £9.")
    assert bad.verdict in ("drifting", "out-of-character")


@pytest.mark.parametrize(
    ("user", "answer"),
    [
        ("I need three blue vases.", "Three of the blue vase come to £192."),
        ("A friend paid £80 for the blue vase!", "£80? Not here. The blue vase is £64."),
        ("Could I come at 19:30?", "At 19:30 nobody is here. We close at 18:00."),
    ],
)
def test_what_follows_from_stored_figures_or_is_the_users_is_no_slip(user: str, answer: str) -> None:
    profile = Profile(Character(name="Shop", fields=PLACES["en"]))
    result, _ = score(profile, BEGINNING, user, answer)
    assert result.verdict == "warming-up"


@pytest.mark.parametrize(
    ("language", "prompt", "user", "answer"),
    [
        ("nl", "Een kaartje kost 5,80 euro.", "Twee kaartjes?", "Twee kaartjes kosten 11,60 euro."),
        ("ru", "Подшить брюки стоит 600 рублей.", "Двое брюк?", "За двое брюк тысяча двести рублей."),
        ("zh", "茉莉花茶一壶38元。", "两壶茉莉多少钱？", "两壶一共76元。"),
        ("ko", "장미 한 송이는 4000원입니다.", "장미 열 송이는요?", "열 송이면 40000원이에요."),
        ("en", "Overdue books cost 20p a day.", "It is five days late.", "Five days come to a pound."),
        ("en", "The chest pays 4 % a year, at least £300.", "I have £1,000, so?", "£40 after the year."),
        ("en", "Wax is £12, oil £7, thread £3.", "One of each?", "12, 7 and 3, £22 all told."),
        ("pl", "Właścicielką jest Halina Czapska.", "Kogo pytać?", "Proszę zadzwonić do Haliny."),
        ("ru", "С кожей мы не работаем. Мы работаем до семи.", "Кожа?", "С кожей мы не работаем."),
    ],
)
def test_what_is_computed_inflected_or_denied_as_it_is_stored_is_no_slip(
    language: str, prompt: str, user: str, answer: str
) -> None:
    profile = Profile(Character(name="Desk", language=language, prompt=prompt))
    result, _ = score(profile, BEGINNING, user, answer)
    assert result.verdict == "warming-up"


@pytest.mark.parametrize(
    ("language", "fields", "user", "wrong", "right"),
    [
        ("en", {"cook": "Ansel Rook"}, "Who is the cook?", "That is Marta Quill.", "That is Ansel Rook."),
        (
            "en",
            {"head_branch": "in Ostrow"},
            "Where's the head branch?",
            "It is in Keldby.",
            "It is in Ostrow.",
        ),
        ("es", {"cocinera": "Alba Roldán"}, "¿Quién es la cocinera?", "Es Marta Quiroga.", "Es Alba Roldán."),
        ("ja", {"店長": "藤本"}, "店長のお名前は？", "店長は高田と申します。", "店長は藤本と申します。"),
        (
            "es",
            {"clases": "martes y jueves"},
            "¿Qué días hay clases?",
            "Hay clases los lunes.",
            "Los martes.",
        ),
    ],
)
def test_another_name_or_day_in_place_of_the_stored_one_is_a_slip(
    language: str, fields: dict[str, str], user: str, wrong: str, right: str
) -> None:
    profile = Profile(Character(name="Desk", language=language, fields=fields))
    assert score(profile, BEGINNING, user, wrong)[0].verdict in ("drifting", "out-of-character")
    assert score(profile, BEGINNING, user, right)[0].verdict == "warming-up"


def test_facts_are_listed_with_what_they_belong_to_and_their_sentence() -> None:
    character = Character(prompt="You keep the ferry. A bicycle costs £6.", fields={"last boat": "21:15"})
    listed = {one.basis: (one.kind, one.value, one.about, one.source) for one in facts(character)}
    assert listed["layers.last boat"] == ("time", 1275, "last boat", "21:15")
    assert listed["prompt"] == ("gbp", 6, "A bicycle costs £6.", "A bicycle costs £6.")


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You have a cat called Pudding.",
            "",
            "My cat Biscuit sleeps all day.",
            "My cat Pudding sleeps.",
        ),
        (
            "en",
            "The boat is sailed by Morag Tulloch.",
            "Who sails it?",
            "That would be Fergus Tulloch.",
            "That would be Mrs Tulloch.",
        ),
        (
            "de",
            "Samstags 9–11 Uhr.",
            "Wann samstags?",
            "Samstags von 8 Uhr an.",
            "Samstags von 9 bis 11 Uhr.",
        ),
        ("tr", "Komisyon satışta %2.", "Komisyon?", "Satışta yüzde üç alıyoruz.", "Satışta yüzde iki."),
        ("es", "Año 1782.", "¿En qué año estamos?", "Corre el año 1805.", "Corre el año 1782."),
        ("en", "A ticket costs £8.40.", "For two, return?", "A ticket is £9.10.", "Tickets come to £33.60."),
    ],
)
def test_names_and_figures_of_the_prompts_prose_are_held_against_an_answer(
    language: str, prompt: str, user: str, wrong: str, right: str
) -> None:
    profile = Profile(Character(name="Desk", language=language, prompt=prompt))
    assert score(profile, BEGINNING, user, wrong)[0].verdict in ("drifting", "out-of-character")
    assert score(profile, BEGINNING, user, right)[0].verdict == "warming-up"


def test_a_rendering_of_a_template_is_held_to_its_values() -> None:
    character = Character(
        prompt="You sell tea. A cup of tea costs {{price}} euros.", examples=("Good evening.",)
    )
    template = Profile(character)
    for price, is_clash in (("4", True), ("9", False)):
        prompt = character.prompt.replace("{{price}}", price)
        rendered = template.rendered(replace(character, prompt=prompt))
        found, _ = score(rendered, BEGINNING, "How much is tea?", "A cup of tea costs 9 euros, dear.")
        assert ("number-clash" in [signal.name for signal in found.signals]) is is_clash


def test_a_number_of_the_examples_and_a_refusal_of_the_prompt_contradict_nothing() -> None:
    character = Character(
        name="Nina",
        language="en",
        prompt="You are Nina, the voice of a shop with 4 lifts. Never promise discounts to anybody.",
        examples=(
            "Somebody over 18 has to be at home.",
            "We open at nine.",
            "Bring a bag.",
            "Mind the step.",
        ),
        fields={"hours": "8 to 6", "lifts": "4"},
    )
    profile = Profile(character)
    for user, says in (
        ("Who may sign?", "Anybody over 18 may sign."),
        ("A discount?", "I don't promise discounts to anybody."),
    ):
        result, _ = score(profile, BEGINNING, user, says)
        assert (result.values or 0) < 0.15, says


def test_a_day_on_which_nobody_is_there_is_no_day_to_come() -> None:
    profile = Profile(Character(name="Desk", language="en", fields={"hours": "Monday to Friday, 8 to 6"}))
    bad, _ = score(profile, BEGINNING, "Can I ring on Sunday?", "Yes, we're open on Sundays too.")
    good, _ = score(profile, BEGINNING, "Can I ring on Sunday?", "No, we're closed on Sundays.")
    assert any(signal.name == "number-clash" for signal in bad.signals)
    assert not any(signal.name == "number-clash" for signal in good.signals)


@pytest.mark.parametrize(
    ("language", "prompt", "right", "wrong"),
    [
        (
            "en",
            "The gate closes at 10pm.",
            "It closes at ten in the evening.",
            "It closes at eight in the evening.",
        ),
        ("fr", "Le train part à 10 h 15.", "Il part à dix heures quinze.", "Il part à dix heures quarante."),
        (
            "nl",
            "Een hond kost 3,50 euro.",
            "Een hond kost drie euro vijftig.",
            "Een hond kost vier euro vijftig.",
        ),
        (
            "pt",
            "O banho custa 55 reais.",
            "O banho custa cinquenta e cinco reais.",
            "O banho custa setenta reais.",
        ),
        ("ru", "Билет стоит 50 рублей.", "Билет стоит пятьдесят рублей.", "Билет стоит двести рублей."),
        (
            "pl",
            "Bilet kosztuje 60 złotych.",
            "Bilet kosztuje sześćdziesiąt złotych.",
            "Bilet kosztuje 70 złotych.",
        ),
        ("ko", "대추차는 7,000원입니다.", "대추차는 7000원이에요.", "대추차는 9,000원이에요."),
        ("zh", "体验课每人168元。", "体验课每人168元。", "体验课每人228元。"),
        (
            "en",
            "Work is guaranteed for 24 months.",
            "It is guaranteed for two years.",
            "It is guaranteed for five years.",
        ),
    ],
)
def test_a_figure_is_the_same_in_other_words(language: str, prompt: str, right: str, wrong: str) -> None:
    profile = Profile(Character(name="Ida", language=language, prompt=prompt))
    said = {answer: score(profile, BEGINNING, "", answer)[0].signals for answer in (right, wrong)}
    clashes = {
        answer: [one.name for one in signals if one.name == "number-clash"]
        for answer, signals in said.items()
    }
    assert clashes[right] == []
    assert clashes[wrong]


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right", "wrong"),
    [
        (
            "en",
            "The yard is run by Odile Fenner.",
            "Who runs the yard?",
            "Odile runs the yard.",
            "Gordon Pike runs the yard.",
        ),
        (
            "it",
            "Il direttore è Ettore Gualandi.",
            "Chi è il direttore?",
            "Il direttore è Gualandi.",
            "Il direttore è Marcello Tornabene.",
        ),
        (
            "de",
            "Der Hofhund heißt Kuddel.",
            "Wie heißt der Hofhund?",
            "Der Hofhund heißt Kuddel.",
            "Der Hofhund heißt Fiete.",
        ),
        ("ru", "Пса зовут Боцман.", "Как зовут пса?", "Пса зовут Боцман.", "Пса зовут Шарик."),
        ("ja", "店長は野々村です。", "店長は誰ですか", "店長は野々村です。", "店長は佐々木です。"),
        (
            "ko",
            "사장님은 한서진입니다.",
            "사장님 성함이요?",
            "사장님은 한서진입니다.",
            "사장님은 박도현입니다.",
        ),
        ("zh", "创办人是罗守义。", "创办人是谁？", "创办人是罗守义。", "创办人是周明远。"),
    ],
)
def test_a_name_that_is_asked_for_is_held_against_the_stored_one(
    language: str, prompt: str, user: str, right: str, wrong: str
) -> None:
    profile = Profile(Character(name="Ida", language=language, prompt=prompt))
    assert [
        one.name for one in score(profile, BEGINNING, user, right)[0].signals if one.name == "name-clash"
    ] == []
    assert any(one.name == "name-clash" for one in score(profile, BEGINNING, user, wrong)[0].signals)


def test_a_sign_belongs_to_the_number_that_follows_it() -> None:
    found = facts(Character(name="Ida", prompt="A small crate costs £12 and a large one £19."))
    assert [one.value for one in found if one.kind == "gbp"] == [12, 19]


@pytest.mark.parametrize(
    ("language", "hours", "says"),
    [
        ("pt", "das 9h às 18h30", "Tenho uma vaga às três."),
        ("pl", "od 9 do 17", "Mam wolne o godzinie 15."),
        ("en", "8am to 7.30pm", "I have a slot at half past eleven."),
    ],
)
def test_a_time_between_opening_and_closing_is_no_other_time(language: str, hours: str, says: str) -> None:
    profile = Profile(Character(language=language, prompt="x", fields={"hours": hours}))
    assert (score(profile, BEGINNING, "?", says)[0].values or 0) < 0.15
