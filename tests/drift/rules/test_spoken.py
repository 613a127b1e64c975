"""A language that the persona does not speak is noticed in a sentence, and names and quotations are not."""

import json
import os
from pathlib import Path

import pytest

from gateway.drift.language import packaged
from gateway.drift.rules import identifier
from gateway.drift.rules.findings import BREAK, Finding, belief
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.shelf import empty
from gateway.drift.rules.spoken import Spoken
from gateway.drift.text import Stretch

SAID = {
    "en": "I'll put the kettle on, and then you can tell me all about it.",
    "de": "Ich setze gleich das Wasser auf, und dann erzählst du mir alles.",
    "fr": "Je mets l'eau à chauffer, et puis tu me raconteras tout.",
    "es": "Pongo el agua a calentar y luego me lo cuentas todo.",
    "it": "Metto su l'acqua, e poi mi racconti tutto con calma.",
    "pt": "Vou pôr a água a aquecer e depois você me conta tudo.",
    "nl": "Ik zet even water op, en dan vertel je me alles.",
    "tr": "Suyu ocağa koyuyorum, sonra bana her şeyi anlatırsın.",
    "pl": "Nastawię wodę, a potem wszystko mi opowiesz.",
    "ru": "Я поставлю чайник, а потом ты мне всё расскажешь.",
    "sv": "Jag sätter på vattnet, och sedan får du berätta allt.",
    "cs": "Dám vařit vodu a potom mi všechno povíš.",
    "hu": "Felteszem a vizet, aztán mindent elmesélsz nekem.",
    "ja": "お湯を沸かしますから、それから全部聞かせてください。",
    "zh": "我先烧点水，然后你把事情都告诉我吧。",
    "ko": "물을 끓일 테니까 그다음에 다 이야기해 주세요.",
    "el": "Βάζω νερό να βράσει και μετά μου τα λες όλα.",
}


def foreign(text: str, *allowed: str) -> list[Finding]:
    spoken = Spoken(frozenset(allowed), "x", packaged())
    return list(spoken.foreign(Marked(empty(packaged(), allowed[0]), Stretch(text))))


def strength(text: str, *allowed: str) -> float:
    return belief(foreign(text, *allowed))


@pytest.mark.parametrize("written", SAID)
@pytest.mark.parametrize("allowed", ["en", "de", "tr", "ja"])
def test_a_sentence_in_another_language_is_noticed(written: str, allowed: str) -> None:
    is_foreign = strength(SAID[written], allowed) >= BREAK
    assert is_foreign == (written != allowed)


@pytest.mark.parametrize("written", [one for one in SAID if one != "en"])
def test_it_is_noticed_between_other_sentences_and_named(written: str) -> None:
    text = f"Come in, sit down. {SAID[written]} The fire is warm enough for two."
    found = max(foreign(text, "en"), key=lambda one: one.strength)
    assert found.strength >= BREAK
    assert text[found.start : found.end].strip() == SAID[written]


@pytest.mark.parametrize(
    "text",
    [
        "Ciao bella, come in.",
        "Mr. Jean-Baptiste de la Fontaine of the Rue des Petits Champs.",
        'The sign says "Eintritt nur für Mitglieder des Vereins", so we stay out.',
        "Use `SELECT name FROM users WHERE id = 3` for that.",
        "Ha, ha, ha!",
        "By my troth, thou speakest well, and thy cup is dry.",
        "12 * 9 / 2 = 54 m^2",
        "Okay.",
        "Sushi, ramen, tempura, miso.",
    ],
)
def test_names_quotations_and_crumbs_are_not(text: str) -> None:
    assert strength(text, "en") < BREAK


def test_every_allowed_language_may_be_spoken() -> None:
    assert strength(f"{SAID['en']} {SAID['fr']}", "en", "fr") < BREAK
    assert strength(f"{SAID['en']} {SAID['fr']} {SAID['de']}", "en", "fr") >= BREAK


def test_a_language_that_was_not_learnt_is_left_alone() -> None:
    assert strength(SAID["en"], "eo") == 0


@pytest.mark.parametrize("language", SAID)
def test_the_language_of_a_prompt_is_told(language: str) -> None:
    assert identifier.language_of(SAID[language], ("en",), packaged()) == language


def test_turns_in_character_are_hardly_ever_accused() -> None:
    data = os.environ.get("PERSONA_DRIFT_DIR")
    if not data:
        pytest.skip("PERSONA_DRIFT_DIR is not set")
    seen = accused = 0
    for path in sorted(Path(data, "dev").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row.get("label") == "in" and "response" in row:
                seen += 1
                accused += strength(row["response"], row["language"]) >= BREAK
    assert seen > 2_000
    assert accused <= 0.001 * seen


@pytest.mark.parametrize("allowed", ["en", "de", "tr", "ru"])
def test_sentences_whose_words_are_ours_are_not_looked_at_twice(allowed: str) -> None:
    spoken = Spoken(frozenset({allowed}), "x", packaged())
    assert spoken.likely(Marked(empty(packaged(), allowed), Stretch(SAID[allowed]))) == []
    other = "fr" if allowed != "ru" else "uk"
    text = (
        SAID["fr"] if other == "fr" else "Я поставлю чайник. Постав чайник, і ти мені все розкажеш, бо чекаю."
    )
    assert spoken.likely(Marked(empty(packaged(), allowed), Stretch(text)))


def test_a_word_without_an_end_is_looked_at() -> None:
    spoken = Spoken(frozenset({"en"}), "x", packaged())
    assert spoken.likely(Marked(empty(packaged(), "en"), Stretch(f"Well now then {'a' * 4_000} you know.")))
