"""`persona import` and `persona export`, on the store here and on a gateway."""

import json
from pathlib import Path

import pytest

from gateway.importing import pictures
from tests.cli.conftest import Persona
from tests.fakes.process import Gateway

CARD = {"data": {"name": "Edith", "description": "Keeps the library.", "first_mes": "Shut the door."}}


def test_a_card_comes_in_and_goes_out_as_a_picture(persona: Persona, folder: Path) -> None:
    (folder / "edith.json").write_text(json.dumps(CARD), "utf-8")
    told = persona("import", "card", "edith.json").out
    assert told.startswith("edith v1 (created)\n")
    assert persona("export", "card-png", "edith", "-o", "edith.png").out == "edith v1 written to edith.png\n"
    card = json.loads(pictures.card((folder / "edith.png").read_bytes()))
    assert (card["spec"], card["data"]["description"]) == ("chara_card_v3", "Keeps the library.")
    assert persona("import", "card", "edith.png").out.startswith("edith v1 (unchanged)\n")
    persona("export", "card-png", "edith", "--picture", "edith.png", "-o", "b.png")
    assert (folder / "b.png").read_bytes() == (folder / "edith.png").read_bytes()


def test_every_text_of_a_folder_is_a_persona(persona: Persona, folder: Path) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "desk.md").write_text("# The Desk\n\nBe brief.", "utf-8")
    (folder / "prompts" / "night.txt").write_text("Be quiet.", "utf-8")
    (folder / "prompts" / "other.pdf").write_bytes(b"%")
    found = json.loads(persona("import", "text", "prompts", "--json").out)
    assert [each["slug"] for each in found] == ["the-desk", "night"]


def test_what_is_left_out_is_listed(persona: Persona, folder: Path) -> None:
    (folder / "edith.json").write_text(json.dumps(CARD), "utf-8")
    persona("import", "card", "edith.json", "--slug", "the-night-librarian")
    ended = persona("export", "langfuse", "the-night-librarian")
    assert json.loads(ended.out)["name"] == "the-night-librarian"
    assert "not carried: `examples` has no place in a prompt there.\n" in ended.err
    assert persona("export", "yaml", "the-night-librarian").out.startswith("slug: the-night-librarian\n")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("card", "none.json"), "none.json: No such file"),
        (("card", "bad.json"), "bad.json: The document is no JSON"),
        (("text", "empty"), "holds no file that ends in .md or .txt"),
        (("card", "dash.json"), "dash.json: slug:"),
    ],
)
def test_a_mistake_is_one_line(persona: Persona, folder: Path, args: tuple[str, str], problem: str) -> None:
    (folder / "empty").mkdir()
    (folder / "bad.json").write_text("{", "utf-8")
    (folder / "dash.json").write_text('{"name": "—", "description": "x"}', "utf-8")
    assert problem in persona("import", *args, code=1).err


def test_a_gateway_takes_the_same_documents(persona: Persona, folder: Path, served: Gateway) -> None:
    (folder / "edith.json").write_text(json.dumps(CARD), "utf-8")
    there = ("--url", served.root, "--key", served.key)
    told = persona("import", "card", "edith.json", "--slug", "edith-there", *there).out
    assert told.startswith("edith-there v1 (created)\n")
    assert json.loads(persona("export", "card", "edith-there", *there).out)["data"]["name"] == "Edith"
