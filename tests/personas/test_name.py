"""Persona names: what is one, what is none, and that printing and parsing are each other's inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.personas.name import ModelName, ModelNameError, parse, parse_ref
from gateway.personas.slug import LABEL, SLUG, is_label, is_slug

slugs = st.from_regex(SLUG, fullmatch=True).filter(is_slug)
refs = slugs | st.from_regex(r"psn_[0-9A-Za-z]{1,30}", fullmatch=True)
labels = st.from_regex(LABEL, fullmatch=True).filter(is_label)
names = st.one_of(
    st.builds(ModelName, refs),
    st.builds(ModelName, refs, version=st.integers(1, 999_999_999)),
    st.builds(ModelName, refs, label=labels),
)
near_names = st.builds(
    "".join, st.lists(st.sampled_from(["persona/", "a", "v0", "v1", "@", "-", "psn_", "A", "\n"]))
)


@given(names)
def test_a_printed_name_parses_to_itself(name: ModelName) -> None:
    assert parse(str(name)) == name
    assert parse_ref(str(name).removeprefix("persona/")) == name


@given(st.text() | near_names | near_names.map("persona/".__add__))
def test_any_text_is_a_name_another_name_or_refused(text: str) -> None:
    try:
        name = parse(text)
    except ModelNameError:
        assert text.startswith("persona/")
    else:
        assert (name is None) == (not text.startswith("persona/"))
        assert name is None or str(name) == text


@pytest.mark.parametrize(
    "text", ["", "persona", "gpt-4o-mini", "Persona/a", " persona/a", "openai/persona/a"]
)
def test_another_name_is_no_persona(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@v1",
        "a@",
        "a@v0",
        "a@v07",
        "a@v007",
        "a@v1000000000",
        "a@v" + "9" * 5000,
        "a@V1",
        "a@Production",
        "a@v1@v2",
        "a@production ",
        "a@v1\n",
        "a\n",
        "The-Librarian",
        "a--b",
        "-a",
        "a" * 65,
        "a_b",
        "a/b",
        "psn_",
        "psn_ä",
        "psn_a-b",
        "persona/a",
        "v1@٣",
        "a@v٣",
    ],
)
def test_a_malformed_persona_name_is_refused(text: str) -> None:
    with pytest.raises(ModelNameError):
        parse(f"persona/{text}")


def test_version_and_label_are_told_apart() -> None:
    assert parse_ref("a@v12") == ModelName("a", version=12)
    assert parse_ref("a@v12b") == ModelName("a", label="v12b")
    assert parse_ref("a@v") == ModelName("a", label="v")
    assert parse_ref("a@latest") == ModelName("a", label="latest")
    assert parse_ref("psn_0QvXb3k2@v1") == ModelName("psn_0QvXb3k2", version=1)
