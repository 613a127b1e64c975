"""Workspaces on the command line."""

import json

import pytest

from tests.cli.conftest import Persona


def test_a_store_starts_with_the_default_workspace(persona: Persona) -> None:
    (only,) = json.loads(persona("workspaces", "list", "--json").out)
    assert (only["name"], only["mode"]) == ("default", "live")
    assert list(only) == ["id", "name", "mode", "created_at"]


def test_a_workspace_is_made_in_its_mode(persona: Persona) -> None:
    persona("workspaces", "create", "acme.test-1_b", "--mode", "test")
    assert "acme.test-1_b" in persona("workspaces", "list").out
    first, _ = json.loads(persona("workspaces", "list", "--json").out)
    assert (first["name"], first["mode"]) == ("acme.test-1_b", "test")


def test_a_taken_name_is_refused(persona: Persona) -> None:
    persona("workspaces", "create", "acme")
    told = persona("workspaces", "create", "acme", "--mode", "test", code=1).err
    assert told == "Error: there is a workspace `acme` already\n"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a" * 65, "a\n"])
def test_a_name_is_letters_digits_and_little_more(persona: Persona, name: str) -> None:
    assert "1 to 64 letters, digits" in persona("workspaces", "create", name, code=2).err


def test_a_workspace_is_given_a_plan(persona: Persona) -> None:
    assert persona("workspaces", "plan", "default").out == "no plan, and so no limits\n"
    assert persona("workspaces", "plan", "default", "pro").out == "pro\n"
    assert persona("workspaces", "plan", "default").out == "pro\n"
    told = persona("workspaces", "plan", "default", "gold", code=1).err
    assert told == "Error: there is no plan `gold`; there are: free, pro, team\n"
    assert "there is no workspace `nowhere`" in persona("workspaces", "plan", "nowhere", code=1).err
    assert persona("workspaces", "plan", "default", "--none").out == "no plan, and so no limits\n"
