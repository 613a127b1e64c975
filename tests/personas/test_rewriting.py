"""A persona file that is written over: what it says already stays as it is written there."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gateway.personas import files, writing
from gateway.personas.model import Content, Draft, Profile
from tests.personas.test_files import drafts

FILE = """\
# The bookseller, as the shop wants him.
slug: mert   # never change this
name: "Mert"
tags: [shop,   books]

prompt: |
  You sell books.

  You are short.
# Lines that he could have said.
examples:
  # His favourite.
  - Ah, that one.
  - 'Come in.'
layers:
    surface:
        age: 42   # since May
        postcode: 02134
        "price": 1.10
    mask: {voice: dry}
defaults:
    temperature: 0.70
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "mert.yml"
    place.write_text(FILE, "utf-8")
    return place


def written(path: Path, draft: Draft) -> str:
    for place, text in writing.rewritten(path, draft).items():
        place.write_text(text, "utf-8")
    assert files.read(path) == draft
    return path.read_text("utf-8")


def changed(draft: Draft, **content: object) -> Draft:
    return Draft(draft.profile, replace(draft.content, **content))


def test_a_file_that_says_it_already_keeps_every_byte(path: Path) -> None:
    assert written(path, files.read(path)) == FILE


def test_a_changed_value_changes_in_its_place_alone(path: Path) -> None:
    draft = files.read(path)
    layers = {**draft.content.layers, "surface": {**draft.content.layers["surface"], "age": 43}}
    assert written(path, changed(draft, layers=layers)) == FILE.replace("age: 42", "age: 43")


def test_a_changed_prompt_leaves_the_comment_behind_it(path: Path) -> None:
    text = written(path, changed(files.read(path), prompt="You sell maps.\n\nAnd globes.\n"))
    assert text == FILE.replace("  You sell books.\n\n  You are short.", "  You sell maps.\n\n  And globes.")


def test_an_item_changes_and_another_is_added(path: Path) -> None:
    text = written(
        path, changed(files.read(path), examples=["Ah, that one.", "Come: in.", "One\ntwo.", "Bye."])
    )
    lines = "  - 'Come: in.'\n  - |-\n    One\n    two.\n  - Bye.\n"
    assert text == FILE.replace("  - 'Come in.'\n", lines)


def test_a_list_that_gets_shorter_is_written_anew(path: Path) -> None:
    text = written(path, changed(files.read(path), examples=["Come in."]))
    assert "examples:\n- Come in.\nlayers:" in text
    assert text.startswith(FILE[: FILE.index("examples")])


def test_a_key_goes_with_its_lines_and_a_new_one_comes_last(path: Path) -> None:
    text = written(path, changed(files.read(path), defaults={}, overlay="locked"))
    assert text == FILE[: FILE.index("defaults")] + "overlay: locked\n"


def test_a_default_that_is_written_out_stays(path: Path) -> None:
    path.write_text("slug: a\nname: a\nlanguage: en  # of course\nprompt: p\n", "utf-8")
    assert written(path, files.read(path)) == "slug: a\nname: a\nlanguage: en  # of course\nprompt: p\n"


def test_a_prompt_stays_in_its_own_file(path: Path) -> None:
    voice = path.parent / "voice.md"
    voice.write_text("Be short.\n", "utf-8")
    path.write_text("slug: a\nprompt_file: voice.md  # by Ada\n", "utf-8")
    assert written(path, changed(files.read(path), prompt="Be long.\n")) == path.read_text("utf-8")
    assert voice.read_text("utf-8") == "Be long.\n"


def test_a_prompt_is_never_written_outside_of_the_folder(path: Path) -> None:
    draft = files.parse("slug: a\nprompt: Be short.", "a.yml")
    path.write_text("slug: a\nprompt_file: ../voice.md\n", "utf-8")
    assert "Be short." in written(path, draft)
    assert not (path.parent.parent / "voice.md").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{slug: a, prompt: p}",
        "slug: &x a\nprompt: *x\n",
        "slug: a\nprompt: p\nlayers:\n  b: &b {c: 1}\n  d: {<<: *b}\n",
        "slug: a\nprompt: !!str 5\n",
    ],
)
def test_a_file_that_cannot_be_changed_in_place_is_written_anew(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    draft = changed(files.read(path), prompt="Be long.")
    assert written(path, draft) == writing.dump(draft)


@pytest.mark.slow
@given(drafts, drafts)
@settings(max_examples=150, deadline=None)
def test_any_file_can_be_made_to_say_anything(before: Draft, after: Draft) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yml"
        path.write_text(writing.dump(before), "utf-8")
        written(path, after)


def test_a_draft_with_one_change_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    draft = Draft(Profile(slug="a", name="Ada"), Content(prompt="One.\nTwo.\n", examples=["x", "y"]))
    path.write_text(writing.dump(draft), "utf-8")
    text = written(path, changed(draft, examples=["x", "z"]))
    assert text == writing.dump(draft).replace("- y", "- z")
