"""Personas on the command line: push, list, show, pull, label."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Persona

DEMO = Path("gateway/personas/demo").resolve()
LIBRARIAN = """\
slug: the-librarian
name: Edith [b]Marlowe[/b]
tags: [demo]
prompt: |-
  You keep the lamps lit.
  Answer softly.
"""


@pytest.fixture
def librarian(folder: Path) -> Path:
    path = folder / "librarian.yml"
    path.write_text(LIBRARIAN)
    return path


@pytest.fixture
def pushed(persona: Persona, librarian: Path) -> Path:
    """A persona with two versions; the file holds the second."""
    persona("personas", "push", str(librarian))
    librarian.write_text(LIBRARIAN.replace("softly", "loudly"))
    persona("personas", "push", str(librarian))
    return librarian


def listed(persona: Persona) -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads(persona("personas", "list", "--json").out)
    return records


def test_a_new_file_makes_a_persona(persona: Persona, librarian: Path) -> None:
    assert persona("personas", "push", str(librarian)).out == "the-librarian v1 (created)\n"


def test_an_unchanged_file_makes_no_version(persona: Persona, librarian: Path) -> None:
    persona("personas", "push", str(librarian))
    before = listed(persona)
    assert persona("personas", "push", str(librarian)).out == "the-librarian v1 (unchanged)\n"
    assert listed(persona) == before


def test_a_changed_prompt_makes_a_version_and_shows_the_difference(persona: Persona, librarian: Path) -> None:
    persona("personas", "push", str(librarian))
    librarian.write_text(LIBRARIAN.replace("softly", "loudly"))
    told = persona("personas", "push", str(librarian)).out.splitlines()
    assert told[0] == "the-librarian v2 (new version)"
    assert [line for line in told[1:] if line[0] in "+-"] == ["-  Answer softly.", "+  Answer loudly."]


def test_a_changed_profile_keeps_the_version(persona: Persona, librarian: Path) -> None:
    persona("personas", "push", str(librarian))
    librarian.write_text(LIBRARIAN.replace("[demo]", "[fiction]"))
    told = persona("personas", "push", str(librarian)).out.splitlines()
    assert told[0] == "the-librarian v1 (profile changed, same version)"
    assert {"-- demo", "+- fiction"} <= set(told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "slug: b\nprompt: p\nupstreams: [nowhere/m]",
            "wrong.yml: upstreams: `nowhere/m` names no configured",
        ),
        (
            "slug: b\nprompt: p\npromt: q",
            "wrong.yml: line 3, column 8: there is no key `promt`; did you mean `prompt`?",
        ),
        (
            "slug: B\nprompt: ' '",
            "wrong.yml: line 1, column 7: slug: lower-case letters, digits and single hyphens, at most 64",
        ),
        (
            "slug: the-librarian\nprompt: p",
            "wrong.yml: slug: `the-librarian` is the slug of librarian.yml too",
        ),
        ("slug: a\nprompt: p\nlayers: &x {a: *x}", "wrong.yml: "),
    ],
)
def test_one_mistaken_file_keeps_all_from_being_written(
    persona: Persona, librarian: Path, text: str, message: str
) -> None:
    librarian.with_name("wrong.yml").write_text(text)
    ended = persona("personas", "push", librarian.name, "wrong.yml", code=1)
    assert ended.err.startswith(f"Error: {message}")
    assert ended.out == ""
    assert listed(persona) == []


def test_configured_upstreams_may_be_named(persona: Persona, folder: Path, librarian: Path) -> None:
    (folder / "config.toml").write_text("[upstreams.ollama]\ndefault_model = 'm'")
    librarian.write_text(LIBRARIAN + "upstreams: [ollama, ollama/a/b, local]\n")
    persona("personas", "push", str(librarian))


def test_a_missing_file_is_named(persona: Persona) -> None:
    told = persona("personas", "push", "none.yml", code=1).err
    assert told == "Error: none.yml: No such file or directory\n"


def test_the_list_tells_what_there_is(persona: Persona, pushed: Path) -> None:
    persona("personas", "label", "the-librarian@v1", "production")
    (record,) = listed(persona)
    assert (record["slug"], record["version"], record["labels"]) == ("the-librarian", 2, {"production": 1})
    heading, row = persona("personas", "list").out.splitlines()
    assert heading.split() == ["SLUG", "NAME", "NEWEST", "LABELS", "LANGUAGE", "VISIBILITY", "UPDATED"]
    assert row.startswith(
        "the-librarian  Edith [b]Marlowe[/b]  2       production=v1  en        workspace   2"
    )


@pytest.mark.parametrize("columns", ["40", "200"])
def test_a_terminal_of_any_width_shows_names_whole(
    persona: Persona, pushed: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", columns)
    shown = persona("personas", "list").out
    assert ("─" in shown) == (columns == "200")
    assert "the-librarian" in shown
    assert "Edith [b]Marlowe[/b]" in shown


def test_an_empty_list_says_what_to_do_on_stderr(persona: Persona) -> None:
    assert persona("personas", "list") == (
        0,
        "",
        "there is no persona in the workspace `default`; `persona personas push` stores one\n",
    )


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("the-librarian", 1),
        ("the-librarian@v1", 1),
        ("the-librarian@latest", 2),
        ("the-librarian@production", 1),
        ("persona/the-librarian@production", 1),
    ],
)
def test_a_version_is_shown_by_number_or_label(
    persona: Persona, pushed: Path, ref: str, version: int
) -> None:
    persona("personas", "label", "the-librarian@v1", "production")
    record = json.loads(persona("personas", "show", ref, "--json").out)
    if "@" in ref:
        assert (record["version"], record["labels"]) == (version, ["production"] if version == 1 else [])
        assert record["prompt"].endswith("softly." if version == 1 else "loudly.")
    else:
        # This is the persona, which is shown with its newest version.
        assert (record["version"], record["labels"]) == (2, {"production": 1})
    persona_id = record["persona"] if "@" in ref else record["id"]
    text = persona(
        "personas", "show", persona_id + ref.removeprefix("persona/").removeprefix("the-librarian")
    ).out
    assert f"\nthe-librarian@v{version} (en, overlay append)\n" in text
    assert text.endswith("softly.\n" if version == 1 else "loudly.\n")


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nobody", "there is no persona `nobody` in the workspace `default`"),
        ("psn_0", "there is no persona `psn_0` in the workspace `default`"),
        ("the-librarian@v9", "`the-librarian` has no version v9; the newest is v2"),
        ("the-librarian@beta", "`the-librarian` has no label `beta`; it has: latest"),
    ],
)
def test_what_is_not_there_is_named(persona: Persona, pushed: Path, ref: str, message: str) -> None:
    for command in (["show", ref], ["pull", ref], ["label", ref, "beta"]):
        assert persona("personas", *command, code=1).err == f"Error: {message}\n"


def test_a_malformed_name_is_wrong_usage(persona: Persona) -> None:
    assert "Invalid value for 'REF': `A`: " in persona("personas", "show", "A", code=2).err


def test_another_workspace_has_other_personas(persona: Persona, pushed: Path) -> None:
    persona("workspaces", "create", "acme")
    (record,) = listed(persona)
    for ref in (str(record["slug"]), str(record["id"])):
        persona("personas", "show", ref, "--workspace", "acme", code=1)
    assert (
        persona("personas", "push", str(pushed), "--workspace", "acme").out == "the-librarian v1 (created)\n"
    )


def test_control_characters_do_not_reach_the_terminal(persona: Persona, librarian: Path) -> None:
    librarian.write_text('slug: a\nname: "a\\e[2Jb"\nprompt: "one\\e[31m\\ntwo\\tthree"')
    persona("personas", "push", str(librarian))
    for command in (["list"], ["show", "a"], ["list", "--json"], ["pull", "a"]):
        assert "\x1b" not in persona("personas", *command).out
    assert persona("personas", "show", "a").out.endswith("one\ufffd[31m\ntwo\tthree\n")


def test_a_pulled_persona_pushes_back_unchanged(persona: Persona, folder: Path) -> None:
    demos = [str(path) for path in sorted(DEMO.glob("*.yml"))]
    persona("personas", "push", *demos)
    for record in listed(persona):
        told = persona("personas", "pull", str(record["slug"]), "-o", "pulled.yml").out
        assert told == f"{record['slug']} v1 written to pulled.yml\n"
        assert persona("personas", "push", "pulled.yml").out == f"{record['slug']} v1 (unchanged)\n"
        assert persona("personas", "pull", str(record["id"])).out == (folder / "pulled.yml").read_text(
            "utf-8"
        )


def test_an_older_version_is_pulled_by_its_name(persona: Persona, pushed: Path) -> None:
    assert "softly" in persona("personas", "pull", "the-librarian@v1").out
    assert "loudly" in persona("personas", "pull", "the-librarian", "-o", "-").out


def test_a_file_that_cannot_be_written_is_named(persona: Persona, pushed: Path) -> None:
    told = persona("personas", "pull", "the-librarian", "-o", "none/a.yml", code=1).err
    assert told == "Error: none/a.yml: No such file or directory\n"


def test_a_label_moves(persona: Persona, pushed: Path) -> None:
    assert persona("personas", "label", "the-librarian", "beta").out == "the-librarian@beta is v2\n"
    told = persona("personas", "label", "the-librarian@v1", "beta").out
    assert told == "the-librarian@beta is v1 (was v2)\n"
    assert persona("personas", "label", "the-librarian@beta", "prod").out == "the-librarian@prod is v1\n"
    assert listed(persona)[0]["labels"] == {"beta": 1, "prod": 1}


def test_latest_stays_where_it_is(persona: Persona, pushed: Path) -> None:
    told = persona("personas", "label", "the-librarian@v1", "latest", code=1).err
    assert told == "Error: `latest` always means the newest version and cannot be moved\n"


@pytest.mark.parametrize("label", ["v3", "Production", "", "a b", "a" * 65])
def test_a_label_looks_like_one(persona: Persona, pushed: Path, label: str) -> None:
    assert "Invalid value for 'LABEL'" in persona("personas", "label", "the-librarian", label, code=2).err
