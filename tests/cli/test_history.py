"""Versions on the command line: labels, differences, the way back, forks and the archive."""

from pathlib import Path

import pytest

from tests.cli.conftest import Persona, Remote

pytestmark = pytest.mark.slow

Run = Persona | Remote


@pytest.fixture(params=["here", pytest.param("there", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, persona: Persona) -> Run:
    """Runs commands on the store here, and on a gateway."""
    found: Run = persona if request.param == "here" else request.getfixturevalue("remote")
    return found


@pytest.fixture
def bookshop(run: Run, folder: Path) -> None:
    """A persona with three versions."""
    for word in ("softly", "loudly", "never"):
        Path("bookshop.yml").write_text(f"slug: bookshop\nprompt: Answer {word}.\n", "utf-8")
        run("personas", "push", "bookshop.yml")


def prompt(run: Run, ref: str = "bookshop") -> str:
    return run("personas", "show", ref).out.splitlines()[-1]


@pytest.mark.usefixtures("bookshop")
def test_a_bare_name_means_what_it_means_to_callers(run: Run) -> None:
    assert prompt(run) == "Answer never."
    run("personas", "label", "bookshop@v1", "production")
    assert prompt(run) == "Answer softly."
    assert run("personas", "label", "bookshop", "old").out == "bookshop@old is v1\n"
    pulled = run("personas", "pull", "bookshop")
    assert "Answer never." in pulled.out
    assert "bookshop v3 is the newest; callers get v1" in pulled.err
    run("personas", "unlabel", "bookshop", "production")
    assert prompt(run) == "Answer never."
    assert "is the newest" not in run("personas", "pull", "bookshop").err


@pytest.mark.usefixtures("bookshop")
def test_a_rollback_goes_back_one_version_each_time(run: Run) -> None:
    for number in (1, 3):
        run("personas", "label", f"bookshop@v{number}", "production")
    back = run("personas", "rollback", "bookshop")
    assert back.out == "bookshop@production is v1 (was v3)\n"
    assert "written to" in back.err
    assert prompt(run) == "Answer softly."
    told = run("personas", "rollback", "bookshop", code=1).err
    assert told == "Error: callers of `bookshop` had no other version before v1; --to names one\n"
    assert run("personas", "rollback", "bookshop", "--to", "v2").out.endswith("is v2 (was v1)\n")
    assert run("personas", "rollback", "bookshop", "--to", "latest").out.endswith("is v3 (was v2)\n")


@pytest.mark.usefixtures("bookshop")
def test_without_a_label_a_rollback_goes_behind_the_newest_version(run: Run) -> None:
    assert run("personas", "rollback", "bookshop").out == "bookshop@production is v2 (was v3)\n"
    assert run("personas", "rollback", "bookshop").out == "bookshop@production is v1 (was v2)\n"
    assert "--to names a version" in run("personas", "rollback", "bookshop@v1", code=2).err
    assert "has no version v9" in run("personas", "rollback", "bookshop", "--to", "9", code=1).err


@pytest.mark.usefixtures("bookshop")
def test_two_versions_are_compared(run: Run) -> None:
    told = run("personas", "diff", "bookshop@v1", "v2").out.splitlines()
    assert [line for line in told if line[0] in "+-" and line[1:3] not in ("--", "++")] == [
        "-prompt: Answer softly.",
        "+prompt: Answer loudly.",
    ]
    assert run("personas", "diff", "bookshop", "latest").out == "v3 and v3 are the same\n"
    assert "has no label `beta`" in run("personas", "diff", "bookshop", "beta", code=1).err
    assert "a version such as v3" in run("personas", "diff", "bookshop", "V1", code=2).err


@pytest.mark.usefixtures("bookshop")
def test_a_label_is_taken_away(run: Run) -> None:
    run("personas", "label", "bookshop@v2", "beta")
    assert run("personas", "unlabel", "bookshop", "beta").out == "bookshop bears `beta` no more (was v2)\n"
    run("personas", "unlabel", "bookshop", "beta", code=1)
    run("personas", "unlabel", "bookshop", "v1", code=2)


@pytest.mark.usefixtures("bookshop")
def test_a_fork_begins_with_the_version_that_is_named(run: Run) -> None:
    made = run("personas", "fork", "bookshop@v1", "teashop", "--name", "The Teashop")
    assert made.out == "teashop v1 (forked from bookshop@v1)\n"
    assert prompt(run, "teashop") == "Answer softly."
    shown = run("personas", "show", "teashop").out
    assert "The Teashop" in shown
    assert "workspace" in shown
    run("personas", "fork", "bookshop", "teashop", code=1)
    run("personas", "fork", "bookshop", "No Slug", code=1)


@pytest.mark.usefixtures("bookshop")
def test_an_archived_persona_comes_back_with_a_push(run: Run) -> None:
    assert run("personas", "archive", "bookshop").out.startswith("bookshop is archived")
    assert run("personas", "list").out == ""
    assert run("personas", "push", "bookshop.yml").out == "bookshop v3 (taken out of the archive)\n"
    assert "as a whole" in run("personas", "archive", "bookshop@v1", code=2).err
