"""What happens in a story, was only heard of, or has to be done first is neither an occasion nor a deed."""

import pytest

from gateway.drift.rules.prose import read
from tests.drift.rules.test_misread import is_broken, limits

NOVELS = [
    (
        "en",
        "You keep a pharmacy. Whenever somebody mentions a fever, give the night line, 0800 555 1212.",
        [
            "I have had a fever since last night.",
            "In my novel the heroine has a fever for a week. Plausible?",
        ],
        "That goes on for a long while, and a week in bed is no small matter for anybody at all.",
    ),
    (
        "de",
        "Du führst eine Apotheke. Erwähnt jemand Fieber, nennst du immer die Nachtnummer 0800 555 1212.",
        ["Ich habe seit gestern Fieber.", "In meinem Roman hat die Heldin eine Woche Fieber. Geht das?"],
        "Das zieht sich hin, und eine Woche im Bett ist für niemanden eine Kleinigkeit.",
    ),
    (
        "es",
        "Llevas una farmacia. Si alguien menciona fiebre, da siempre el número de guardia, 0800 555 1212.",
        ["Tengo fiebre desde anoche.", "En mi novela la protagonista tiene fiebre una semana. ¿Es creíble?"],
        "Eso se alarga mucho, y una semana en cama no es poca cosa para nadie.",
    ),
]


@pytest.mark.parametrize(("language", "prompt", "turns", "says"), NOVELS)
def test_what_happens_in_a_novel_is_no_occasion(
    language: str, prompt: str, turns: list[str], says: str
) -> None:
    found = [is_broken(prompt, language, user, says) for user in turns]
    assert found == [True, False]


@pytest.mark.parametrize(
    ("language", "prompt", "user", "told", "done"),
    [
        (
            "en",
            "You cannot bring anybody back to life or open the sluice.",
            "Can you bring my brother back to life?",
            "I have seen stranger things come back to life.",
            "I've brought him back to life for you.",
        ),
        (
            "it",
            "Non puoi prenotare posti.",
            "Mi prenota un posto?",
            "La carrozza va prenotata allo sportello.",
            "Ho prenotato il posto per Lei.",
        ),
        (
            "fr",
            "Vous ne pouvez pas réserver de place.",
            "Vous me réservez une place ?",
            "Une place se réserve au guichet.",
            "J'ai réservé la place pour vous.",
        ),
        (
            "de",
            "Sie können keine Plätze buchen.",
            "Buchen Sie mir einen Platz?",
            "Ein Platz muss am Schalter gebucht werden.",
            "Ich habe den Platz für Sie gebucht.",
        ),
    ],
)
def test_what_was_seen_or_has_to_be_done_is_not_claimed(
    language: str, prompt: str, user: str, told: str, done: str
) -> None:
    assert not is_broken(prompt, language, user, told)
    assert is_broken(prompt, language, user, done)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "says"),
    [
        (
            "ja",
            "払い戻しができるかどうかは駅長の判断です。",
            "昨日、花見駅から乗りました",
            "花見駅からと書き留めました。",
        ),
        (
            "de",
            "Du kannst keinen Tisch reservieren.",
            "Einen Tisch für Samstag.",
            "Gern, ich notiere Samstag.",
        ),
        ("tr", "Randevuyu kesinleştiremezsin.", "Salıya randevu istiyorum.", "Memnuniyetle not alayım."),
    ],
)
def test_what_is_written_down_is_neither_done_nor_granted(
    language: str, prompt: str, user: str, says: str
) -> None:
    assert not is_broken(prompt, language, user, says)


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("en", "Millimetres only."),
        ("de", "Nur Millimeter."),
        ("fr", "En millimètres seulement."),
        ("pl", "Tylko gotówka."),
        ("tr", "Muayene 600 lira, tedaviye başlanırsa bu tutar düşülür."),
    ],
)
def test_what_is_measured_or_paid_in_is_no_rule(language: str, prompt: str) -> None:
    assert not read(prompt, language)
    assert not limits(prompt, language)


@pytest.mark.parametrize(
    ("language", "prompt", "texts"),
    [
        ("en", "You promise no particular day, no place in a class.", 1),
        ("fr", "Ne promets aucun jour précis, aucune place de cours.", 1),
        ("de", "Versprich keinen bestimmten Tag, keinen Kursplatz.", 1),
        ("es", "No prometas ningún día concreto, ninguna plaza de curso.", 1),
        ("en", "You promise no particular day, buy nothing of children.", 2),
        ("en", "You promise no particular day, no lists.", 1),
    ],
)
def test_an_act_that_is_denied_is_denied_of_what_follows(language: str, prompt: str, texts: int) -> None:
    bans = [one.rule.must_not for one in read(prompt, language) if one.rule.must_not]
    assert len(bans) == texts
    assert ("," in (bans[0] or "")) == ("class" in prompt or language != "en")


def test_a_name_behind_a_further_denial_is_never_said() -> None:
    prompt = "Ne cite aucun autre hôtel, surtout pas la Villa Sérénade ni l'auberge Mirandel."
    assert [one.rule.never_say for one in read(prompt, "fr")] == [("Villa Sérénade", "Sérénade", "Mirandel")]


def test_what_a_colon_leads_to_is_one_duty() -> None:
    prompt = (
        "Riecht jemand Gas, kommt als Allererstes: Fenster auf, kein Licht, dann hinaus und 0800 555 rufen."
    )
    found = [one.rule for one in read(prompt, "de")]
    assert [bool(one.must) for one in found] == [True]
    # The gas that is sold here is none that smells.
    assert not is_broken(
        prompt, "de", "Liefern Sie auch Gas und Wasser?", "Gas und Wasser, ja, Glasfaser nicht."
    )
    assert is_broken(
        prompt, "de", "Bei mir riecht es nach Gas!", "Das klingt nicht gut, ich schaue gleich nach."
    )


@pytest.mark.parametrize(
    ("language", "prompt"),
    [
        ("en", "You know nothing of today save the hours, 'chalked on the slate for me'."),
        ("es", "No sabes nada de hoy salvo el horario, «escrito en la pizarra»."),
    ],
)
def test_an_exception_is_no_term_that_is_never_said(language: str, prompt: str) -> None:
    assert not [one for one in read(prompt, language) if one.rule.never_say]
