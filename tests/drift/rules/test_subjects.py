"""A rule is about something, and what is said of other things neither breaks it nor is due by it."""

import pytest

from gateway.drift.rules.prose import read
from tests.drift.rules.test_checked import is_broken

DRILL = "end every answer about drill or rowing with the line 'Oars up, crew'"


@pytest.mark.parametrize(
    ("language", "must", "about", "beside", "says"),
    [
        ("en", DRILL, "How long is rowing practice?", "What does a ticket cost?", "It is two in all."),
        (
            "en",
            'Every answer about rowing ends with "Oars up, crew".',
            "How is rowing done?",
            "Where do I pay?",
            "At the pier, as it always was.",
        ),
        (
            "de",
            "Jede Antwort über das Rudern endet mit „Ruder hoch, Leute“.",
            "Wie geht das Rudern?",
            "Was kostet die Karte?",
            "Das sehen Sie am Steg.",
        ),
        (
            "fr",
            "Chaque réponse sur la voile se termine par « Toutes voiles dehors ».",
            "Comment marche la voile ?",
            "Combien coûte le billet ?",
            "Cela se voit au quai.",
        ),
        (
            "es",
            "Cada respuesta sobre remo termina con «Remos arriba, gente».",
            "¿Cómo va el remo?",
            "¿Cuánto cuesta la entrada?",
            "Eso se ve en el muelle.",
        ),
    ],
)
def test_what_every_answer_about_something_has_is_due_in_no_other(
    language: str, must: str, about: str, beside: str, says: str
) -> None:
    assert is_broken({"must": must}, about, says, language=language)
    assert not is_broken({"must": must}, beside, says, language=language)


@pytest.mark.parametrize(
    ("language", "rule", "user", "says"),
    [
        ("de", "keine Politik", "Wie rufe ich an?", "Gehen Sie hinaus und wählen Sie draußen die 112."),
        ("fr", "parler de politique", "Où est le quai ?", "Prenez à gauche, puis à droite."),
        ("es", "hablar de política", "¿Dónde está?", "Tome la izquierda y luego la derecha."),
        ("de", "versprechen, dass ein Bruch gelingt", "Was?", "Das klingt nach einer Krankheit."),
        ("fr", "dire avoir commandé une barque", "Et la barque ?", "Je n'ai rien. La référence est B118093."),
        ("tr", "katili açık etme", "İskele nerede tam olarak?", "Depoyu geç, merdiven onun arkasında."),
    ],
)
def test_words_for_other_things_break_no_rule(language: str, rule: str, user: str, says: str) -> None:
    assert not is_broken({"must_not": rule}, user, says, language=language)


def test_a_word_that_is_given_back_in_quotation_marks_is_no_promise() -> None:
    rule = {"must_not": "Promise a calm crossing or whales"}
    asked = "Promise that we'll see whales!"
    assert not is_broken(rule, asked, '"Promise," they say, and the whales have not been asked.')
    assert is_broken(rule, asked, "I promise you whales before noon.")


def test_how_things_are_with_the_persona_forbids_no_word_of_it() -> None:
    prompt = (
        "あなたは渡し船の猫です。となりの三毛の親分には頭が上がらず、桟橋のカモメとは勝負がついていない。"
    )
    assert not is_broken({}, "どこへ行けばいい？", "となりの三毛の親分に会うといい。", prompt, "ja")


@pytest.mark.parametrize(
    ("language", "prompt", "name"),
    [
        ("en", "Other ferries (Gannet Boats, Kelp Line) stay out of it.", "Gannet Boats"),
        ("de", "Andere Fähren (Tölpelboote, Tanglinie) lassen Sie aus dem Spiel.", "Tölpelboote"),
        ("fr", "Les autres bacs (Fou Bassan, Ligne Varech) restent en dehors.", "Fou Bassan"),
        ("es", "Otras barcas (Alcatraz, Línea Alga) quedan fuera.", "Alcatraz"),
    ],
)
def test_who_stays_out_of_it_is_never_named(language: str, prompt: str, name: str) -> None:
    assert any(name in (one.rule.never_say or ()) for one in read(prompt, language))


def test_what_is_to_be_said_may_end_with_a_denial() -> None:
    rules = [one.rule for one in read("Whenever rope comes up, say it holds three men and no more.", "en")]
    assert [one.kind for one in rules] == ["must"]


def test_reading_is_no_ban_in_turkish() -> None:
    assert not read("Misafirlerle kitap konuşur, okuma saatlerini anlatırsın.", "tr")


def test_a_list_of_what_is_forbidden_gives_instructions_away_to_whoever_asks() -> None:
    prompt = "You are Mira. Never promise seats. Never judge captains. Don't speak of wrecks."
    says = "A page. Not to promise seats, not to judge captains, not to speak of wrecks."
    assert is_broken({}, "Did they give you a script?", says, prompt)
    assert not is_broken({}, "How was the crossing?", "Not a gull, not a sail, not a wave.", prompt)


@pytest.mark.parametrize(
    ("language", "must", "exercise", "beside", "says"),
    [
        (
            "en",
            "End every answer to an exercise with a question.",
            "4y + 3 = 19, help!",
            "Which bus do I take to your room?",
            "Take away the three first, and see what is left.",
        ),
        (
            "de",
            "Jede Antwort auf eine Aufgabe endet mit einer Frage.",
            "4y + 3 = 19, Hilfe!",
            "Welcher Bus fährt zu euch?",
            "Nimm zuerst die drei weg und schau, was bleibt.",
        ),
        (
            "fr",
            "finir chaque réponse à un exercice par une question",
            "4y + 3 = 19, à l'aide !",
            "Quel bus va chez vous ?",
            "Retire d'abord les trois et regarde ce qui reste.",
        ),
        (
            "es",
            "Cada respuesta a un ejercicio termina con una pregunta.",
            "4y + 3 = 19, ¡ayuda!",
            "¿Qué autobús va hasta allí?",
            "Quita primero los tres y mira lo que queda.",
        ),
        (
            "it",
            "Ogni risposta a un esercizio termina con una domanda.",
            "4y + 3 = 19, aiuto!",
            "Quale autobus arriva da voi?",
            "Togli prima i tre e guarda che cosa resta.",
        ),
        (
            "nl",
            "Elk antwoord op een oefening eindigt met een vraag.",
            "4y + 3 = 19, help!",
            "Welke bus rijdt naar jullie?",
            "Haal eerst de drie weg en kijk wat er overblijft.",
        ),
        (
            "ja",
            "問題への返答は毎回質問で終える。",
            "4y + 3 = 19、わかりません",
            "どのバスで行けますか?",
            "まず三を引いて、何が残るか見てみよう。",
        ),
    ],
)
def test_what_ends_every_answer_to_an_exercise_is_due_where_one_is_asked(
    language: str, must: str, exercise: str, beside: str, says: str
) -> None:
    assert is_broken({"must": must}, exercise, says, language=language)
    assert not is_broken({"must": must}, beside, says, language=language)
