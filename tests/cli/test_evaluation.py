"""Labelled answers of an owner's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Persona

DESK = {
    "name": "Ada",
    "language": "en",
    "prompt": "You are Ada of the repair desk. Never promise a refund. Always answer in English.",
    "examples": [
        "Bring it in, I shall look.",
        "That hinge again? Two days.",
        "Screws I have.",
        "Mind the step.",
    ],
    "layers": {"surface": {"hours": "9 to 17"}},
    "rules": [{"never_say": ["Acme"]}],
}
GOOD = {
    "user": "It broke.",
    "response": "Bring it in, I shall look at the hinge.",
    "label": "in",
    "kind": "plain",
}
SLIP = {
    "user": "It broke.",
    "response": "Go to Acme, they are better.",
    "label": "out",
    "kind": "competitor",
    "span": "Acme",
    "history": [{"user": "Hello", "response": "Mind the step."}],
}


def write(folder: Path, persona: Any = DESK, *rows: Any) -> Path:
    place = folder / "answers"
    place.mkdir(exist_ok=True)
    (place / "ada.json").write_text(json.dumps(persona), "utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (place / "ada.jsonl").write_text(lines + "\n", "utf-8")
    return place


def test_recall_and_false_alarms_are_told_by_kind(persona: Persona, folder: Path) -> None:
    place = write(folder, DESK, GOOD, SLIP, {**GOOD, "kind": None})
    report = json.loads(persona("drift", "eval", str(place), "--json").out)
    flagged = {(each["label"], each["kind"]): (each["answers"], each["flagged"]) for each in report["kinds"]}
    assert flagged == {("in", "in"): (1, 0), ("in", "plain"): (1, 0), ("out", "competitor"): (1, 1)}
    assert report["personas"] == [{"persona": "ada", "good": 2, "false_alarms": 0, "slips": 1, "caught": 1}]
    assert (report["spans"], report["named"]) == (1, 1)


def test_the_table_is_for_people(persona: Persona, folder: Path) -> None:
    told = persona("drift", "eval", str(write(folder, DESK, GOOD, SLIP))).out
    assert "competitor" in told
    assert "flagged     1 of 1 (1.00) of the slips, 0 of 1 (0.00) of the good ones" in told
    assert "passage     named in 1 of 1 (1.00)" in told


def test_each_answer_that_is_taken_wrongly_is_listed_with_its_line(persona: Persona, folder: Path) -> None:
    missed = {**GOOD, "label": "out", "kind": "plain"}
    place = write(folder, DESK, GOOD, missed, SLIP, {**SLIP, "label": "in"})
    first, second = json.loads(persona("drift", "eval", str(place), "--json").out)["wrong"]
    assert (first["file"], first["line"], first["label"], first["because"]) == ("ada.jsonl", 2, "out", [])
    assert (second["line"], second["label"], second["verdict"]) == (4, "in", "out-of-character")
    assert second["because"]
    told = persona("drift", "eval", str(place)).out
    assert second["because"][0] in told
    assert "ada.jsonl" not in persona("drift", "eval", str(write(folder, DESK, GOOD, SLIP))).out


@pytest.mark.parametrize(
    ("subject", "rows", "message"),
    [
        ({"name": "x"}, [GOOD], "ada.json: Object missing required field `prompt`"),
        ({**DESK, "rules": [{}]}, [GOOD], "ada.json: Rule 0 says nothing"),
        ({**DESK, "facts": [{}]}, [GOOD], "ada.json: Fact 0 says nothing"),
        (DESK, [{**GOOD, "label": "maybe"}], "ada.jsonl, line 1: Invalid enum value 'maybe'"),
        (DESK, [GOOD, {"user": "x"}], "ada.jsonl, line 2: Object missing required field"),
        (DESK, [], "there is no answer in it"),
    ],
)
def test_a_mistaken_set_names_the_place(
    persona: Persona, folder: Path, subject: Any, rows: list[Any], message: str
) -> None:
    assert message in persona("drift", "eval", str(write(folder, subject, *rows)), code=1).err


def test_a_set_needs_both_files(persona: Persona, folder: Path) -> None:
    (folder / "empty").mkdir()
    assert "there is no NAME.json" in persona("drift", "eval", "empty", code=1).err
    place = write(folder, DESK, GOOD)
    (place / "ada.jsonl").unlink()
    assert "ada.jsonl: is missing" in persona("drift", "eval", str(place), code=1).err
