"""Persona files: written and read back they are the same, and what is wrong in one is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.personas import files
from gateway.personas.files import PersonaFileError
from gateway.personas.model import (
    NOT_DEFAULTS,
    TOKEN,
    Content,
    Draft,
    DraftError,
    Profile,
    check,
    check_headers,
)
from gateway.personas.slug import SLUG, is_slug

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
lines = texts.filter(str.strip)
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(
    st.from_regex(TOKEN, fullmatch=True), st.from_regex(r"[\x20-\x7e\t]*", fullmatch=True)
)
drafts = st.builds(
    Draft,
    st.builds(
        Profile,
        slug=st.from_regex(SLUG, fullmatch=True).filter(is_slug),
        name=lines.filter(lambda name: len(name) <= 200),
        tags=st.lists(lines.filter(lambda tag: len(tag) <= 64), max_size=3),
        visibility=st.sampled_from(["private", "workspace", "public"]),
    ),
    st.builds(
        Content,
        prompt=lines,
        language=st.from_regex(r"[a-z]{2}", fullmatch=True),
        examples=st.lists(lines, max_size=3),
        layers=st.dictionaries(texts, json, max_size=3),
        overlay=st.sampled_from(["append", "locked", "replace"]),
        allow=st.lists(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), max_size=2),
        upstreams=st.lists(st.from_regex(r"[a-z]{1,8}(/[!-~]{1,8})?", fullmatch=True), max_size=2),
        defaults=st.dictionaries(
            texts.filter(lambda key: key not in NOT_DEFAULTS),
            json.filter(lambda value: value is not None),
            max_size=3,
        ),
        headers=headers.filter(lambda some: not check_headers(some)),
    ),
)


@given(drafts)
def test_a_written_draft_reads_back_as_it_was(draft: Draft) -> None:
    again = files.parse(files.dump(draft), "a file")
    assert again == draft
    assert again.content.fingerprint() == draft.content.fingerprint()
    assert files.diff(draft, again) == ""


@given(
    texts
    | st.lists(
        st.sampled_from(["slug", "prompt", ": ", "a", "\n", "- ", "{", "[", "&x ", "*x", "|", "!!binary "])
    ).map("".join)
)
def test_any_text_is_a_draft_or_refused(text: str) -> None:
    try:
        files.parse(text, "a file")
    except (PersonaFileError, DraftError) as error:
        told = str(error)
        assert "\n" not in told


def test_the_demo_personas_are_acceptable_and_short() -> None:
    english, turkish = files.demo()
    assert (english.content.language, turkish.content.language) == ("en", "tr")
    for draft in (english, turkish):
        assert len(draft.content.prompt) <= 900
        assert len(draft.content.examples) == 6


def test_defaults_are_left_out_of_a_file() -> None:
    draft = Draft(Profile(slug="short", name="short"), Content(prompt="Be short."))
    assert files.dump(draft) == "slug: short\nprompt: Be short.\n"


def test_a_long_prompt_is_written_as_a_block() -> None:
    draft = Draft(Profile(slug="a", name="a"), Content(prompt="One.\nTwo.\n"))
    assert files.dump(draft) == "slug: a\nprompt: |\n  One.\n  Two.\n"


def test_a_diff_shows_what_changed_only() -> None:
    old = Draft(Profile(slug="a", name="a"), Content(prompt="One."))
    new = Draft(Profile(slug="a", name="a"), Content(prompt="Two."))
    assert files.diff(old, new).splitlines()[1:] == [" slug: a", "-prompt: One.", "+prompt: Two."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slug: a", "f.yml: the key `prompt` is missing"),
        ("slug: a\nprompt: p\nprmpt: q", "f.yml: there is no key `prmpt`; known are: slug, name,"),
        ("slug: a\nslug: b\nprompt: p", "f.yml: the key `slug` stands twice"),
        ("slug: a\nprompt: 3", "f.yml: prompt: Expected `str`, got `int`"),
        ("slug: a\nprompt: [", "f.yml: while parsing a flow node"),
        ("slug: a\nprompt: p\ntags: x", "f.yml: tags: Expected `array`"),
        ("- a", "f.yml: Expected `object`"),
        ("", "f.yml: Expected `object`"),
        ('slug: a\nprompt: "\\ud83d"', "f.yml: "),
        ("slug: a\nprompt: p\nlayers: &x {a: *x}", "f.yml: "),
        ("slug: a\nprompt: p\nlayers: {a: " + "[" * 2000 + "]" * 2000 + "}", "f.yml: is nested too deeply"),
        ("slug: a\nprompt: p\nlayers: {a: !!bool x}", "f.yml: a value does not fit the type"),
        ("slug: a\nprompt: p\noverlay: below", "f.yml: overlay: Invalid enum value"),
    ],
)
def test_a_mistaken_file_names_the_place(text: str, message: str) -> None:
    with pytest.raises(PersonaFileError) as caught:
        files.parse(text, "f.yml")
    assert message in str(caught.value).replace(' in "<unicode string>", line 2, column 1:', "")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PersonaFileError, match=r"none\.yml: No such file or directory"):
        files.read(tmp_path / "none.yml")
    (tmp_path / "latin.yml").write_bytes("slug: a\nprompt: é".encode("latin-1"))
    with pytest.raises(PersonaFileError, match=r"latin\.yml: 'utf-8' codec"):
        files.read(tmp_path / "latin.yml")


def test_everything_unacceptable_is_told_at_once() -> None:
    text = "slug: A\nprompt: ' '\ndefaults: {model: x}\nheaders: {Host: y}"
    with pytest.raises(DraftError) as caught:
        files.parse(text, "f.yml")
    places = [".".join(map(str, detail.loc)) for detail in caught.value.details]
    assert places == ["slug", "prompt", "defaults.model", "headers.Host"]


def test_a_version_that_allows_nothing_more_keeps_the_fingerprint_it_had_before_there_was_allow() -> None:
    content = Content(prompt="You are Ada.", defaults={"temperature": 0.5}, overlay="locked")
    assert content.fingerprint() == (
        "sha256:ec185f67052af728dc163ed20ad1b1acc4ab0b7ce12e36d3eff954f3b5b50348"
    )
    widened = Content(prompt="You are Ada.", defaults={"temperature": 0.5}, overlay="locked", allow=["seed"])
    assert widened.fingerprint() != content.fingerprint()


@pytest.mark.parametrize("allow", [[""], ["a b"], ["x" * 65], ["a"] * 101])
def test_what_a_version_allows_are_names_of_parameters(allow: list[str]) -> None:
    draft = Draft(Profile(slug="a", name="a"), Content(prompt="p", allow=allow))
    with pytest.raises(DraftError, match="allow: at most 100 names of parameters"):
        check(draft)
