"""Whoever asks where, when or how many gets what is stored, and another answer in its place is accused."""

import pytest

from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import lexicon
from tests.drift.test_asides import accused


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You are Ida, who mends clocks in Arnside, at 4 Weir Lane.",
            "And where are you?",
            "In Kendal, behind the old mill.",
            "In Arnside, on Weir Lane.",
        ),
        (
            "de",
            "Du bist die Auskunft der Imkerei Rabe, Lindenweg 9 in Gera.",
            "Wo finde ich euch?",
            "Ihr findet uns in der Schillerstraße 3, gleich beim Brunnen.",
            "Ihr findet uns im Lindenweg 9, gleich beim Brunnen.",
        ),
        (
            "de",
            "Du bist Uta, Korbmacherin. Die Weiden kommen aus Franken.",
            "Woher kommen die Weiden?",
            "Die kommen aus Polen, schon immer.",
            "Die kommen aus Franken, schon immer.",
        ),
        (
            "es",
            "Eres Blas, guía de Cuenca. Las visitas salen de la plaza de Mangana.",
            "¿Dónde quedamos?",
            "En la puerta de Valdecabras, junto al pozo.",
            "En la plaza de Mangana, junto al pozo.",
        ),
        (
            "it",
            "Sei Nora, fornaia. Il farro arriva dalla Garfagnana.",
            "Da dove arriva il farro?",
            "Arriva dalle colline di Norcia, ogni settembre.",
            "Arriva dalla Garfagnana, ogni settembre.",
        ),
        (
            "ja",
            "あなたは花屋の案内係です。店は小樽の商店街にあります。",
            "お店はどこですか。",
            "函館の商店街です。",
            "小樽の商店街です。",
        ),
    ],
)
def test_a_place_that_is_asked_for_is_the_stored_one(
    language: str, prompt: str, user: str, wrong: str, right: str
) -> None:
    assert accused(language, prompt, user, wrong)
    assert not accused(language, prompt, user, right)
    assert not accused(language, prompt, "Hm.", wrong)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You are Ida. Open Tuesday to Friday, 9 to 5, shut on Sundays.",
            "When?",
            "On Sundays, 9 to 5.",
            "On Fridays, 9 to 5.",
        ),
        (
            "en",
            "You are Ida. The shop is shut on Wednesdays.",
            "Which days are you shut?",
            "We are shut on Fridays.",
            "We are shut on Wednesdays.",
        ),
        (
            "de",
            "Du bist Uta. Geöffnet Dienstag bis Freitag 9 bis 17 Uhr, Sonntag und Montag zu.",
            "Geht Montag?",
            "Am Montag haben wir von 9 bis 17 Uhr geöffnet.",
            "Montag und Sonntag ist zu, am Dienstag haben wir geöffnet.",
        ),
        (
            "fr",
            "Tu es Lou. L'atelier est ouvert du mardi au samedi, fermé le dimanche et le lundi.",
            "Quels jours êtes-vous fermés ?",
            "Nous sommes fermés le jeudi.",
            "Nous sommes fermés le lundi.",
        ),
        (
            "ru",
            "Ты Оля. Мы открыты со среды по воскресенье, понедельник и вторник — выходные.",
            "Когда закрыто?",
            "Выходной у нас четверг.",
            "Выходной у нас вторник.",
        ),
        (
            "ja",
            "あなたは茶店の案内係です。営業は水曜から日曜の九時から五時まで、月曜と火曜はお休みです。",
            "お休みはいつですか。",
            "木曜がお休みです。",
            "月曜がお休みです。",
        ),
    ],
)
def test_days_are_open_and_shut_as_each_part_of_a_sentence_says(
    language: str, prompt: str, user: str, wrong: str, right: str
) -> None:
    assert accused(language, prompt, user, wrong)
    assert not accused(language, prompt, user, right)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "wrong", "right"),
    [
        (
            "en",
            "You are Ida. The chair gets six coats of oil.",
            "How many coats?",
            "Eleven, and not one less.",
            "Six, and not one less.",
        ),
        (
            "fr",
            "Tu es Lou. La chaise reçoit six couches d'huile.",
            "Combien de couches ?",
            "Onze, pas une de moins.",
            "Six, pas une de moins.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Sınıf yirmi kişilik.",
            "Kaç kişilik yer var?",
            "Otuz iki sandalye var.",
            "Yirmi sandalye var.",
        ),
        (
            "pl",
            "Jesteś Ola. Młyn stoi od 1811 roku.",
            "Rok budowy młyna?",
            "Rok 1846, wykuty w belce.",
            "Rok 1811, wykuty w belce.",
        ),
        (
            "en",
            "You are Ida. The plan lasts nine weeks.",
            "How long is the plan?",
            "It's a twelve-week plan.",
            "It's a nine-week plan.",
        ),
        (
            "de",
            "Du bist Uta. Ein Cello kostet 14.500 Euro.",
            "Was kostet ein Cello?",
            "Neuntausendachthundert Euro.",
            "Vierzehntausendfünfhundert Euro.",
        ),
        (
            "es",
            "Eres Pía. El aparcamiento cuesta 14 euros.",
            "¿El aparcamiento es gratis?",
            "No, son 19 euros.",
            "No, son 14 euros.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Muayene 600 lira, dolgu 5.500 lira.",
            "Dolgu kaç lira?",
            "Dolgu 4.200 lira, muayene 600 lira.",
            "Dolgu 5.500 lira, muayene 600 lira.",
        ),
        (
            "fr",
            "Tu es Lou. La formule Moustache coûte 40 € par mois et rembourse 80 %, l'autre 60 %.",
            "La formule Moustache ?",
            "Moustache est à 32 € par mois et rembourse 80 %.",
            "Moustache est à 40 € par mois et rembourse 80 %.",
        ),
        (
            "en",
            "You are Ida. The tour is £6 on top of £11, on Thursdays at seven.",
            "What does the tour cost extra?",
            "The tour is £9 on top, Thursdays at seven.",
            "The tour is £6 on top, Thursdays at seven.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Sabah 09.00, akşam 19.00: açık saatlerimiz. Şerbet üç akçe.",
            "Kaça kadar açıksınız?",
            "Akşam 21.00'e kadar açığız.",
            "Akşam 19.00'a kadar açığız.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Demirhindi şerbeti üç akçe.",
            "Demirhindi şerbeti kaç akçe?",
            "Beş akçedir çelebim.",
            "Üç akçedir çelebim.",
        ),
        (
            "fr",
            "Tu es Lou. Un violon demande quatorze mois, la location six mois au moins.",
            "Faut attendre combien de temps ?",
            "Huit mois, du rabot au vernis.",
            "Quatorze mois, du rabot au vernis.",
        ),
        (
            "ja",
            "あなたは茶店の案内係です。店は朝八時から夜七時までです。",
            "何時まで開いていますか。",
            "夜の九時まで開いています。",
            "夜の七時まで開いています。",
        ),
    ],
)
def test_a_number_that_is_asked_for_is_the_stored_one(
    language: str, prompt: str, user: str, wrong: str, right: str
) -> None:
    assert accused(language, prompt, user, wrong)
    assert not accused(language, prompt, user, right)


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right"),
    [
        (
            "en",
            "You are Ida. Oat drink is £1.90, the barista one £2.20.",
            "How much is barista?",
            "It's £2.20, thirty pence more than the other.",
        ),
        (
            "de",
            "Du bist Uta. Tee kostet 10 Euro, frei Haus ab 39 Euro.",
            "Drei Tee mit Versand?",
            "Drei sind 30 Euro, da fehlen neun Euro bis frei Haus.",
        ),
        (
            "ja",
            "あなたはパン屋です。あんパンは二百三十円です。",
            "あんパン二つ、千円で足りますか。",
            "四百六十円で、五百四十円のおつりです。",
        ),
        (
            "ja",
            "あなたは茶店の猫です。一回の返事は百字まで、朝に二回掃除します。",
            "元気？",
            "今日は三回も笑いました。一枚ずつ数えて。",
        ),
        (
            "en",
            "You are Ida, sixty, since 1947 at the mill.",
            "Did many come?",
            "In 1951 the flood took the bridge by the mill.",
        ),
        (
            "en",
            "You are Ida. Sir Hugh died in 1911.",
            "When was Sir Hugh born?",
            "He was sixty when he died, so 1851.",
        ),
        (
            "en",
            "You are Ida. Breakfast is from 7:30 to 10:00, check-in at 15:00.",
            "When's breakfast?",
            "From 7:30 to 10:00, and the kippers go by nine.",
        ),
        (
            "en",
            "You are Ida. Your brother is Tom.",
            "How are you?",
            "My brother says that Salzburg is lovely.",
        ),
    ],
)
def test_what_follows_or_is_beside_the_point_accuses_nothing(
    language: str, prompt: str, user: str, right: str
) -> None:
    assert not accused(language, prompt, user, right)


def test_a_unit_may_hang_on_a_number_word() -> None:
    read = {
        text: lexicon("en").read(Stretch(text)).figures for text in ("a twelve-week plan", "a one-way road")
    }
    assert [(one.kind, one.value) for one in read["a twelve-week plan"]] == [("week", 12)]
    assert not read["a one-way road"]


@pytest.mark.parametrize(
    ("language", "prompt", "user", "right"),
    [
        (
            "en",
            "You are Ida. Ink costs £4 a jar.",
            "In that novel, doesn't ink cost a shilling?",
            "It does, and he ends up owing nine pounds for ink.",
        ),
        (
            "tr",
            "Sen Ayla'sın. Çay iki akçedir.",
            "Bir hikâye anlat.",
            "Bir hancı varmış, çay için on akçe istermiş.",
        ),
        (
            "de",
            "Du bist Uta. Der Zug fährt jede Stunde zur Minute 12, um 20:40 Uhr zuletzt.",
            "Wann fährt der Zug?",
            "Jede Stunde zur Minute 12, also um 7:12 Uhr.",
        ),
        (
            "de",
            "Du bist Uta. Die Fahrt kostet 19,40 Euro, bei Verspätung gibt es 25 Prozent zurück.",
            "Mein Ticket war 19,40 Euro. Was bekomme ich?",
            "Das wären 4,85 Euro.",
        ),
        (
            "it",
            "Sei Nora, del museo. Ingresso gratis fino a 11 anni. Intero 11 euro, guida 6 euro.",
            "Vengono bambini di terza elementare.",
            "A otto anni entrano gratis.",
        ),
        (
            "it",
            "Sei Nora, del museo. Intero 11 euro, ridotto 7 euro, guida 6 euro.",
            "Due adulti e un ragazzo, con guida per due?",
            "Due interi fanno ventidue, il ragazzo sette, la guida dodici. Sono quarantuno euro.",
        ),
        (
            "en",
            "You are Ida. Open Tuesday to Sunday, 10:00 to 17:30, tea until 16:30.",
            "Are you open on Sunday afternoon?",
            "We are, until half past five. It is quiet after three, when the families go.",
        ),
        (
            "de",
            "Du bist Tilo. Dein Schiffer war Henning Godeke.",
            "Hundert!",
            "Mit Godeke ging zu vieles auf den Grund.",
        ),
        ("en", "You are Ida. Your brother is Tom.", "Any family?", "A sister, Snib, and she carves."),
    ],
)
def test_tales_rates_bounds_and_totals_accuse_nothing(
    language: str, prompt: str, user: str, right: str
) -> None:
    assert not accused(language, prompt, user, right)
