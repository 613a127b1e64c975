"""Persona files on the command line: from standard input, and pulled over what is there."""

import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Persona, Remote

FILE = "# Ours.\nslug: ada   # for good\nprompt: |\n  You are Ada.\nlayers:\n  surface: {postcode: 02134}\n"


def test_a_file_comes_from_standard_input(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE.encode()), "utf-8"))
    assert persona("personas", "push", "-").out == "ada v1 (created)\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"slug: ada"), "utf-8"))
    assert "standard input: the key `prompt` is missing" in persona("personas", "push", "-", code=1).err


@pytest.mark.parametrize("is_remote", [False, True])
def test_pull_edit_push_and_pull_keep_the_file(persona: Persona, remote: Remote, is_remote: bool) -> None:
    on = remote if is_remote else persona
    path = Path("ada.yml")
    path.write_text(FILE, "utf-8")
    on("personas", "push", "ada.yml")
    assert on("personas", "pull", "ada", "-o", "ada.yml").out == "ada v1 written to ada.yml\n"
    assert path.read_text("utf-8") == FILE
    edited = FILE.replace("You are Ada.", "You are Ada.\n\n  You are kind.")
    path.write_text(edited, "utf-8")
    on("personas", "push", "ada.yml")
    on("personas", "pull", "ada", "-o", "ada.yml")
    assert path.read_text("utf-8") == edited
    on("personas", "pull", "ada@v1", "-o", "ada.yml")
    assert path.read_text("utf-8") == FILE
    assert on("personas", "push", "ada.yml").out.startswith("ada v3 (new version)")


def test_a_pull_writes_the_prompt_where_it_stands(persona: Persona) -> None:
    Path("ada.yml").write_text("slug: ada\nprompt_file: voice.md\n", "utf-8")
    Path("voice.md").write_text("One.\n", "utf-8")
    persona("personas", "push", "ada.yml")
    Path("voice.md").write_text("Two.\n", "utf-8")
    told = persona("personas", "pull", "ada", "-o", "ada.yml").out
    assert told == "ada v1 written to ada.yml and voice.md\n"
    assert Path("voice.md").read_text("utf-8") == "One.\n"


def test_a_pull_goes_over_a_file_that_is_no_persona(persona: Persona) -> None:
    Path("ada.yml").write_text(FILE, "utf-8")
    persona("personas", "push", "ada.yml")
    Path("ada.yml").write_text("[", "utf-8")
    persona("personas", "pull", "ada", "-o", "ada.yml")
    assert persona("personas", "push", "ada.yml").out == "ada v1 (unchanged)\n"
