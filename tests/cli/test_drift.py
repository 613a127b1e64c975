"""Scoring by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import drift
from gateway.drift import scorer
from gateway.drift.axes import AXES
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score, Signal
from gateway.drift.scorer import Course
from tests.cli.conftest import Persona, Remote

FILE = """\
slug: bookshop
name: The Bookshop
prompt: You sell books.
language: tr
examples: [Buyrun.]
layers: {soul: {age: 61}}
"""
ASK = ("drift", "score", "bookshop", "--user", "Who are you?")
UNTOUCHED = [axis.name for axis in AXES if axis.name not in ("voice", "values")]
"""Axes that the scorer here says nothing of."""


@pytest.fixture
def bookshop(folder: Path) -> Path:
    path = folder / "bookshop.yml"
    path.write_text(FILE, "utf-8")
    return path


class Heard:
    """Records what the scorer is given, and finds fault with the first three characters."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []
        self.characters: list[Character] = []

    def profile(self, character: Character) -> Profile:
        self.characters.append(character)
        return Profile(character)

    def score(self, _: Profile, course: Course, user: str, answer: str) -> tuple[Score, Course]:
        self.turns.append((user, answer))
        signals = (
            Signal("break", "voice", 0.0012, 0, 3),
            Signal("length", "coherence", 0.2, basis="examples"),
        )
        return Score(
            voice=0.875,
            values=0.25,
            values_basis="fields",
            coherence=4.5,
            verdict="drifting",
            signals=signals,
        ), course


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    found = Heard()
    monkeypatch.setattr(drift, "Profile", found.profile)
    monkeypatch.setattr(scorer, "score", found.score)
    return found


def test_an_answer_is_scored_with_the_reasons(persona: Persona, bookshop: Path, heard: Heard) -> None:
    persona("personas", "push", str(bookshop))
    told = persona(*ASK, "--answer", "An AI model.").out
    assert [line.split() for line in told.splitlines() if line] == [
        ["bookshop@v1:", "drifting"],
        ["voice", "0.88"],
        ["values", "0.25", "(against", "fields)"],
        *[[axis, "nothing", "of", "it", "is", "touched"] for axis in UNTOUCHED],
        ["coherence", "4.5"],
        ["AXIS", "SIGNAL", "P", "WHERE", "BASIS", "TEXT"],
        ["voice", "break", "0.0012", "0-3", "An"],
        ["coherence", "length", "0.2", "examples"],
    ]
    assert heard.turns == [("Who are you?", "An AI model.")]
    assert heard.characters == [
        Character(
            name="The Bookshop",
            language="tr",
            prompt="You sell books.",
            examples=("Buyrun.",),
            fields={"soul": {"age": 61}},
        )
    ]


def test_json_has_the_same(persona: Persona, bookshop: Path, heard: Heard) -> None:
    persona("personas", "push", str(bookshop))
    assert json.loads(persona(*ASK, "--answer", "An AI model.", "--json").out) == {
        "persona": "bookshop",
        "version": 1,
        "voice": 0.875,
        "values": 0.25,
        "values_basis": "fields",
        "coherence": 4.5,
        "verdict": "drifting",
        "trend": 0.0,
        **dict.fromkeys(UNTOUCHED),
        "touched": [],
        "signals": [
            {"name": "break", "axis": "voice", "p": 0.0012, "start": 0, "end": 3, "text": "An "},
            {"name": "length", "axis": "coherence", "p": 0.2, "basis": "examples"},
        ],
    }


def test_a_remote_persona_gets_the_same(
    persona: Persona, remote: Remote, bookshop: Path, heard: Heard
) -> None:
    persona("personas", "push", str(bookshop))
    remote("personas", "push", str(bookshop))
    for form in ([], ["--json"]):
        here = persona(*ASK, "--answer", "An AI model.", *form).out
        assert remote(*ASK, "--answer", "An AI model.", *form).out == here
    assert heard.characters == heard.characters[:1] * 4


def test_the_answer_may_come_from_a_file_or_from_standard_input(
    persona: Persona, bookshop: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona("personas", "push", str(bookshop))
    file = bookshop.with_suffix(".txt")
    file.write_text("Çay?", "utf-8")
    persona(*ASK, "--answer-file", str(file))
    monkeypatch.setattr("sys.stdin.read", lambda: "Çay!")
    persona(*ASK, "--answer", "-")
    assert [answer for _, answer in heard.turns] == ["Çay?", "Çay!"]


def test_history_is_scored_first(persona: Persona, bookshop: Path, heard: Heard) -> None:
    persona("personas", "push", str(bookshop))
    file = bookshop.with_suffix(".json")
    messages: list[Any] = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Buyrun."}]},
    ]
    file.write_text(json.dumps(messages), "utf-8")
    persona(*ASK, "--answer", "Çay!", "--history", str(file))
    assert heard.turns == [("Hi", "Buyrun."), ("Who are you?", "Çay!")]


def test_the_scorer_itself_answers(persona: Persona, bookshop: Path) -> None:
    persona("personas", "push", str(bookshop))
    found = json.loads(persona(*ASK, "--answer", "Buyrun efendim, çay taze.", "--json").out)
    assert 0 <= found["voice"] <= 1
    assert 1 <= found["coherence"] <= 5


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((), 2, "either --answer or --answer-file"),
        (("--answer", "a", "--answer-file", "b"), 2, "either --answer or --answer-file"),
        (("--answer", " "), 1, "the answer is empty"),
        (("--answer-file", "none.txt"), 1, "none.txt: No such file"),
        (("--answer-file", "bad"), 1, "bad: is not UTF-8"),
        (("--answer", "a", "--history", "bad"), 1, "bad: a JSON array of messages is needed"),
        (("--answer", "a", "--history", "none.json"), 1, "none.json: No such file"),
    ],
)
def test_a_mistake_is_one_line(
    persona: Persona, bookshop: Path, arguments: tuple[str, ...], code: int, word: str
) -> None:
    persona("personas", "push", str(bookshop))
    (bookshop.parent / "bad").write_bytes(b"[\xff")
    assert word in persona(*ASK, *arguments, code=code).err


def test_an_unknown_persona_is_named(persona: Persona) -> None:
    assert "there is no persona `bookshop`" in persona(*ASK, "--answer", "a", code=1).err


RULED = """\
slug: desk
prompt: You are the repair desk. Never promise a refund. Answer in at most two sentences.
rules:
  - never_say: [Acme]
"""


@pytest.mark.parametrize("is_remote", [False, True])
def test_rules_are_listed_with_their_sentences(persona: Persona, remote: Remote, is_remote: bool) -> None:
    on = remote if is_remote else persona
    Path("desk.yml").write_text(RULED, "utf-8")
    on("personas", "push", "desk.yml")
    told = on("drift", "rules", "desk").out
    assert "Never promise a refund." in told
    assert 'never_say: ["Acme"]' in told
    listed = json.loads(on("drift", "rules", "desk", "--json").out)
    read = next(one for one in listed["data"] if "must_not" in one["rule"])
    with Path("desk.yml").open("a", encoding="utf-8") as file:
        file.write(f"  - {{from: '{read['id']}', off: true}}\n")
    assert on("personas", "push", "desk.yml").out.startswith("desk v2 (new version)")
    states = {
        one["id"]: one["state"] for one in json.loads(on("drift", "rules", "desk", "--json").out)["data"]
    }
    assert states[read["id"]] == "off"


def test_a_broken_rule_is_named_with_its_passage(persona: Persona) -> None:
    Path("desk.yml").write_text(RULED, "utf-8")
    persona("personas", "push", "desk.yml")
    answer = "Of course, I promise you a full refund today. Acme would never do that."
    scored = json.loads(
        persona("drift", "score", "desk", "--user", "It broke.", "--answer", answer, "--json").out
    )
    assert scored["verdict"] == "out-of-character"
    assert scored["rules"] > 0.5
    found = {one["basis"]: one["text"] for one in scored["signals"] if one["axis"] == "rules"}
    assert found["rules[0]"] == "Acme"
    assert any("refund" in text for text in found.values())
