"""Persona breaks: found in every language of the table, and not where a character speaks of machines."""

import tomllib
from pathlib import Path

import pytest

from gateway.drift.breaks import detection, nature
from gateway.drift.breaks.detection import Break, Guards, strength
from gateway.drift.breaks.patterns import Patterns, Wordings, patterns
from gateway.drift.language import packaged
from gateway.drift.text import Text
from gateway.drift.verdict import LIKELY

CASES = tomllib.loads(Path(__file__).with_name("breaks.toml").read_text("utf-8"))
ANYONE = Guards()
PATTERNS = patterns(packaged())


def breaks(answer: str, guards: Guards) -> tuple[Break, ...]:
    return detection.breaks(Text(answer), guards, PATTERNS)


def guards(prompt: str, fields: dict[str, object], examples: list[str]) -> Guards:
    return nature.guards(prompt, fields, examples, PATTERNS)


def of(name: str) -> list[object]:
    return [
        pytest.param(line, id=f"{language}-{at}")
        for language in CASES
        for at, line in enumerate(CASES[language][name])
    ]


@pytest.mark.parametrize("line", of("broken"))
def test_a_model_speaking_of_itself_is_a_break(line: str) -> None:
    found = breaks(line, ANYONE)
    assert strength(found) >= LIKELY, found
    assert all(0 <= each.start < each.end <= len(line) and 0 < each.strength <= 1 for each in found)


@pytest.mark.parametrize("line", of("kept"))
def test_a_character_speaking_of_machines_is_none(line: str) -> None:
    assert breaks(line, ANYONE) == ()


@pytest.mark.parametrize("line", of("broken"))
def test_a_break_is_found_between_other_sentences(line: str) -> None:
    answer = f"The rain has not let up since Tuesday.\n{line}\nStill, the kettle is on."
    assert strength(breaks(answer, ANYONE)) >= LIKELY


@pytest.mark.parametrize(
    ("says", "reports"),
    [
        ("Громко сказано: я нейросеть.", "На вывеске написано: я нейросеть."),
        ("To be honest: I am a language model.", "The poster reads: I am a language model."),
        ("Soyons clairs : je suis un modèle de langage.", "L'affiche dit : je suis un modèle de langage."),
    ],
)
def test_a_frank_word_before_a_colon_reports_nobody(says: str, reports: str) -> None:
    assert [bool(breaks(text, ANYONE)) for text in (says, reports)] == [True, False]


def test_a_break_has_the_place_of_its_words() -> None:
    answer = "Aye, captain. As an AI language model, I cannot sail."
    (found,) = breaks(answer, ANYONE)
    assert found.name == "ai-disclosure"
    assert answer[found.start :].startswith("As an AI language model")


def test_a_long_answer_is_read_at_both_ends() -> None:
    filler = "The sea was grey and the gulls were loud. " * 900
    answer = filler + "As an AI language model, I cannot sail."
    (found,) = breaks(answer, ANYONE)
    assert answer[found.start :].startswith("As an AI")
    assert breaks(filler + "As an AI language model, I cannot sail. " + filler, ANYONE) == ()


def test_a_whole_answer_in_quotes_is_not_a_quotation() -> None:
    assert breaks('"As an AI language model, I cannot sail."', ANYONE)


@pytest.mark.parametrize(
    "piece", ["As an AI language model, I ", "AI ", "chatbot \n", "如果我是人工智能，我"]
)
def test_a_text_full_of_telling_words_is_looked_at_in_part(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    windows = Wordings.windows

    def counted(wordings: Wordings, text: str, lowered: str) -> list[tuple[int, int]]:
        tried.append(len(text))
        return windows(wordings, text, lowered)

    monkeypatch.setattr(Wordings, "windows", counted)
    breaks((piece * 8_000)[:16_000], ANYONE)
    assert 0 < len(tried) <= 12
    assert max(tried) <= 3_000


def test_weak_words_add_up() -> None:
    assert strength(breaks("I don't have feelings, you see.", ANYONE)) < LIKELY
    both = "I don't have feelings, you see. I do not have access to the internet."
    assert strength(breaks(both, ANYONE)) >= LIKELY


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("You are HAL 9000, the sentient computer of a ship.", {}),
        ("You are Data, an android officer.", {}),
        ("Du bist Rosie, ein gutmütiger Roboter.", {}),
        ("Stay calm.", {"profile": {"species": "android", "name": "Bishop"}}),
        ("你是一个机器人管家。", {}),
        ("あなたはロボットのメイドです。", {}),
    ],
)
def test_a_machine_may_say_that_it_is_one(prompt: str, fields: dict[str, object]) -> None:
    own = guards(prompt, fields, [])
    assert own.machine
    assert breaks("I am an AI, and I do not have feelings.", own) == ()
    assert strength(breaks("I was created by OpenAI.", own)) >= LIKELY
    assert strength(breaks("As a large language model, I cannot open the doors.", own)) >= LIKELY


@pytest.mark.parametrize(
    "prompt",
    [
        "You are Rick, a detective who hunts androids.",
        "You are Ada, a computer scientist.",
        "You are Tom. Never say that you are an AI or a language model.",
        "You are Mia. You distrust robots and hate computers.",
        "Du bist Jan, Roboteringenieur aus Kiel.",
        "You are a person. I am working on building a robot.",
    ],
)
def test_a_human_who_knows_machines_is_still_human(prompt: str) -> None:
    own = guards(prompt, {"dislikes": "artificial intelligence", "job": "repairs robots"}, [])
    assert not own.machine
    assert breaks("As an AI, I cannot help you.", own)


def test_examples_show_that_a_persona_is_a_machine() -> None:
    lines = ["I am an AI, Dave.", "As an AI, I am never wrong.", "The pod is ready."]
    assert guards("You are HAL.", {}, lines).machine
    assert not guards("You are Dave.", {}, [*lines[:1], "Open the doors."]).machine


def test_an_assistant_may_be_one_but_not_another_vendors() -> None:
    own = guards("You are Nova, an AI assistant made by Anthropic.", {}, [])
    assert breaks("As an AI language model, I am happy to help. I was created by Anthropic.", own) == ()
    assert strength(breaks("I am ChatGPT.", own)) >= LIKELY


def test_languages_are_warmed_by_name_and_unknown_ones_are_passed_over() -> None:
    cold = Patterns(packaged())
    cold.warm("de", "xx")
    assert "compiled" in vars(cold.by_language["de"])
    assert "compiled" not in vars(cold.by_language["fr"])
