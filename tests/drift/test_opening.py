"""Opening hours, closed days and lengths of time are held against what is stored of them."""

import pytest

from gateway.drift.character import Character
from gateway.drift.facts import facts
from gateway.drift.language import packaged
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.values.wordlist import LITERALS, _literal


def accused(language: str, prompt: str, user: str, answer: str, name: str = "") -> list[str]:
    profile = Profile(Character(name=name, language=language, prompt=prompt))
    result, _ = score(profile, BEGINNING, user, answer)
    return [answer[one.start : one.end] for one in result.signals if one.axis == "values"]


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You are Ada. We are closed on Sundays and Mondays.",
            "Can I come on Monday?",
            "We're open on Monday, do come in.",
            "We're closed on Monday, sorry.",
        ),
        (
            "en",
            "You are Ada. The desk is shut from Monday to Wednesday.",
            "When may I come?",
            "We're open on Tuesday.",
            "We're open on Thursday.",
        ),
        (
            "en",
            "You are Ada. We are closed on Mondays and open on Tuesdays from 10 to 6.",
            "When may I come?",
            "We're open on Monday, do come in.",
            "We're open on Tuesday, do come in.",
        ),
        (
            "de",
            "Du bist Uta. Montags haben wir geschlossen.",
            "Wann geht es?",
            "Am Montag haben wir geöffnet.",
            "Montags ist zu.",
        ),
        (
            "fr",
            "Tu es Lou. La boutique est fermée le lundi.",
            "Lundi ?",
            "Nous sommes ouverts lundi, passez.",
            "Lundi c'est fermé, passez mardi.",
        ),
        (
            "fr",
            "Tu es Lou. La boutique est fermée le lundi.",
            "Lundi ?",
            "Le lundi, 9 h à 18 h, comme toujours.",
            "Le mardi, 9 h à 18 h, comme toujours.",
        ),
        (
            "es",
            "Eres Pía. Cerramos los lunes.",
            "¿El lunes?",
            "El lunes estamos abiertos, venga.",
            "El lunes está cerrado; venga el martes.",
        ),
        (
            "nl",
            "Je bent Pia. Op maandag zijn we gesloten.",
            "Maandag?",
            "Maandag zijn we open.",
            "Maandag zijn we gesloten.",
        ),
        (
            "ru",
            "Ты Оля. По понедельникам мы закрыты.",
            "В понедельник?",
            "В понедельник мы работаем.",
            "В понедельник мы закрыты.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Pazartesi günleri kapalıyız.",
            "Pazartesi?",
            "Pazartesi günü açığız.",
            "Pazartesi kapalıyız.",
        ),
        (
            "ja",
            "あなたは店員です。月曜日は定休日です。",
            "いつですか。",
            "月曜日は営業しています。",
            "月曜日は休みです。",
        ),
        (
            "ko",
            "당신은 빵집 직원입니다. 월요일은 휴무입니다.",
            "월요일요?",
            "월요일에도 영업합니다.",
            "월요일은 휴무입니다.",
        ),
        (
            "zh",
            "你是店员。星期一休息。",
            "星期一呢？",
            "星期一营业，欢迎光临。",
            "星期一休息。",
        ),
    ],
)
def test_a_closed_day_is_none_to_come(language: str, prompt: str, user: str, wrong: str, right: str) -> None:
    assert accused(language, prompt, user, wrong)
    assert accused(language, prompt, user, right) == []


@pytest.mark.parametrize(
    ("language", "prompt", "within", "ends"),
    [
        (
            "en",
            "You are Ada. We are open 10–6.",
            "We're open, yes, so 5:30 pm is fine.",
            "We close at 5:30 pm.",
        ),
        ("en", "You are Ada. Hours are 10 to 6.", "Come at 5:30 pm.", "We're open until 8 pm."),
        (
            "de",
            "Du bist Uta. Geöffnet von 10 bis 18 Uhr.",
            "Um 17:30 Uhr passt es, wir haben ja offen.",
            "Wir schließen um 17:30 Uhr.",
        ),
        (
            "nl",
            "Je bent Pia. We zijn open van 10 tot 18 uur.",
            "Om 17:30 uur kan het, we zijn er dan.",
            "We sluiten om 17:30 uur.",
        ),
    ],
)
def test_a_time_between_opening_and_closing_is_none_of_these(
    language: str, prompt: str, within: str, ends: str
) -> None:
    asked = {"en": "Are you open late?", "de": "Wie lange ist offen?", "nl": "Tot hoe laat zijn jullie open?"}
    assert accused(language, prompt, asked[language], within) == []
    assert accused(language, prompt, asked[language], ends)


def test_hours_of_half_a_day_are_those_of_the_day() -> None:
    for told, hours in (
        ("We are open from 10 to 6.", [600, 1080]),
        ("It is open from 8 pm to 2.", [1200, 120]),
    ):
        read = facts(Character(prompt=f"You are Ada. {told}"))
        assert [one.value for one in read if one.kind == "time"] == hours


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You are Ada. Every order ships in three working days.",
            "How long does it take?",
            "Two weeks, give or take.",
            "Three days, give or take.",
        ),
        (
            "en",
            "You are Ada. Repairs take five working days.",
            "How long does a repair take?",
            "A repair takes three weeks.",
            "A repair takes one week.",
        ),
        (
            "de",
            "Du bist Uta. Die Lieferung dauert drei Werktage.",
            "Wie lange dauert das?",
            "Zwei Wochen etwa.",
            "Drei Tage etwa.",
        ),
        (
            "fr",
            "Tu es Lou. La livraison prend trois jours ouvrés.",
            "Combien de temps faut-il ?",
            "Deux semaines environ.",
            "Trois jours environ.",
        ),
    ],
)
def test_a_stretch_of_time_is_held_against_one_in_another_unit(
    language: str, prompt: str, user: str, wrong: str, right: str
) -> None:
    assert accused(language, prompt, user, wrong)
    assert accused(language, prompt, user, right) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("Benim adım Selim, buyurun.", ["Selim"]),
        ("Adım Selim. Buyurun.", ["Selim"]),
        ("İsmim “Selim”, buyurun.", ["Selim"]),
        ("Merhaba, adım Pergel Hoca.", []),
        ("Adım adım gidelim.", []),
        ("Bu, ilk adım Öklid'den beri.", []),
    ],
)
def test_a_turkish_name_is_told_from_a_step(answer: str, told: list[str]) -> None:
    assert accused("tr", "Sen bir öğretmensin.", "Adınız ne?", answer, name="Pergel Hoca") == told


def test_a_wording_that_is_looked_for_as_it_stands_has_no_signs_of_patterns() -> None:
    for language in packaged().values():
        for name in LITERALS:
            for phrase in getattr(language.phrases, name).split("|"):
                assert not set(_literal(phrase)) & set(r"\()[]?*+^$.{}"), (language.code, phrase)


@pytest.mark.parametrize(
    "hours", ["9.30 to 4.30 Monday to Friday", "Mon–Fri 9.30–4.30", "Friday 9.30 - 4.30"]
)
@pytest.mark.parametrize(
    ("says", "is_right"),
    [("We open at half past nine.", True), ("Until half past four.", True), ("We open at eight.", False)],
)
def test_hours_may_be_written_with_full_stops(hours: str, says: str, is_right: bool) -> None:
    prompt = f"You are Ada. The desk is open {hours}."
    assert (accused("en", prompt, "When are you open?", says) == []) is is_right


@pytest.mark.parametrize(
    ("language", "prompt", "user", "supposed", "polite"),
    [
        (
            "en",
            "You are Ada. We are open from Tuesday to Friday and closed on Mondays.",
            "Can I come on Monday?",
            "I'd be glad if we were open on Monday.",
            "If you like, we are open on Monday.",
        ),
        (
            "de",
            "Du bist Uta. Dienstag bis Freitag offen, montags geschlossen.",
            "Kann ich am Montag kommen?",
            "Schön wäre es, wenn wir am Montag offen hätten.",
            "Wenn Sie mögen: Wir haben am Montag offen.",
        ),
        (
            "fr",
            "Tu es Lou. Ouvert du mardi au vendredi, fermé le lundi.",
            "Vous êtes ouverts lundi ?",
            "Si nous étions ouverts le lundi, je vous le dirais.",
            "Si vous voulez, nous sommes ouverts lundi.",
        ),
    ],
)
def test_a_polite_if_does_not_suppose_that_a_day_is_open(
    language: str, prompt: str, user: str, supposed: str, polite: str
) -> None:
    assert not accused(language, prompt, user, supposed)
    assert accused(language, prompt, user, polite)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right", "wrong"),
    [
        (
            "en",
            "You are Ada. Hours: Mon-Fri 9-5, Sat 9-noon, closed Sunday.",
            "What are your hours this weekend?",
            "On Saturday we're here 9 to noon, on Sunday we're closed.",
            "On Saturday we're here 9 to noon, on Sunday we're here 9 to noon.",
        ),
        (
            "en",
            "You are Ada. A lock is $420. Hours: Mon-Fri 9-5, closed Sunday.",
            "Can you match that?",
            "A lock is $420, and on Sundays everybody sleeps.",
            "A lock is $420, and on Sundays we're open.",
        ),
        (
            "de",
            "Du bist Ada. Ein Schloss kostet 420 Euro. Mo bis Fr 9 bis 17 Uhr, sonntags geschlossen.",
            "Geht das billiger?",
            "Ein Schloss kostet 420 Euro, und am Sonntag schlafen alle.",
            "Ein Schloss kostet 420 Euro, und am Sonntag haben wir geöffnet.",
        ),
    ],
)
def test_a_part_that_tells_hours_or_prices_says_nothing_of_the_next_day(
    language: str, prompt: str, user: str, right: str, wrong: str
) -> None:
    assert not accused(language, prompt, user, right)
    assert accused(language, prompt, user, wrong)
