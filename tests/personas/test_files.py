"""Persona files: written and read back they are the same, and what is wrong in one is named."""

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.personas import defaults as parameters
from gateway.personas import difference, files, writing
from gateway.personas.acceptance import NOT_DEFAULTS, TOKEN, DraftError, check, check_headers
from gateway.personas.files import PersonaFileError
from gateway.personas.model import Content, Draft, Profile
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
rules = st.one_of(
    st.fixed_dictionaries(
        {"never_say": st.lists(st.from_regex(r"[A-Za-z]{1,9}", fullmatch=True), min_size=1)}
    ),
    st.fixed_dictionaries({"must_not": st.just("promise a refund")}, optional={"severity": st.just("warn")}),
    st.fixed_dictionaries({"length": st.fixed_dictionaries({"max_words": st.integers(1, 99)})}),
    st.fixed_dictionaries({"format": st.just({"emoji": False})}, optional={"name": st.just("plain")}),
    st.fixed_dictionaries({"language": st.sampled_from(["en", ["en", "fr"]])}),
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
        language=st.from_regex(r"[a-z]{2}(-[A-Z]{2})?", fullmatch=True),
        examples=st.lists(lines, max_size=3),
        layers=st.dictionaries(texts, json, max_size=3),
        overlay=st.sampled_from(["append", "locked", "replace"]),
        rules=st.lists(rules, max_size=2),
        allow=st.lists(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), max_size=2),
        refusal=lines | st.just(""),
        upstreams=st.lists(st.from_regex(r"[a-z]{1,8}(/[!-~]{1,8})?", fullmatch=True), max_size=2),
        defaults=st.dictionaries(
            texts.filter(lambda key: key not in NOT_DEFAULTS),
            json.filter(lambda value: value is not None),
            max_size=3,
        ).filter(lambda some: not list(parameters.wrong(some))),
        headers=headers.filter(lambda some: not check_headers(some)),
    ),
)


@given(drafts)
@settings(deadline=None)
def test_a_written_draft_reads_back_as_it_was(draft: Draft) -> None:
    again = files.parse(writing.dump(draft), "a file")
    assert again == draft
    assert again.content.fingerprint() == draft.content.fingerprint()
    assert difference.diff(draft, again) == ""


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
    assert writing.dump(draft) == "slug: short\nprompt: Be short.\n"


def test_a_long_prompt_is_written_as_a_block() -> None:
    draft = Draft(Profile(slug="a", name="a"), Content(prompt="One.\nTwo.\n"))
    assert writing.dump(draft) == "slug: a\nprompt: |\n  One.\n  Two.\n"


def test_a_diff_shows_what_changed_only() -> None:
    old = Draft(Profile(slug="a", name="a"), Content(prompt="One."))
    new = Draft(Profile(slug="a", name="a"), Content(prompt="Two."))
    assert difference.diff(old, new).splitlines()[1:] == [" slug: a", "-prompt: One.", "+prompt: Two."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slug: a", "the key `prompt` is missing; write it, or name a text file as `prompt_file`"),
        ("prompt: p", "the key `slug` is missing"),
        ("slug: a\nprmpt: q", "line 2, column 8: there is no key `prmpt`; did you mean `prompt`?"),
        ("slug: a\nzzz: q", "line 2, column 6: there is no key `zzz`; known are: slug, name, tags"),
        ("slug: a\nslug: b\nprompt: p", "line 2, column 1: the key `slug` stands twice; keep one of them"),
        ("slug: a\nprompt: [b]", "line 2, column 9: prompt: a text is needed, not a list"),
        ("slug: a\nprompt: [", "line 2, column 10: expected the node content"),
        ("slug: a\nprompt: p\ntags: x", "line 3, column 7: tags: a list is needed, not a text"),
        ("slug: a\nprompt: p\nheaders: {a: [b]}", "headers[...]: a text is needed, not a list"),
        ("- a", "line 1, column 1: a persona file is a mapping, such as `slug: the-night-librarian`"),
        ("", "is empty; a persona file has at least the keys `slug` and `prompt`"),
        ("slug: a\n--- \nslug: b", "line 2, column 1: a file holds one document; drop the second"),
        ('slug: a\nprompt: "\\ud83d"', "half of a character"),
        ("slug: a\nprompt: p\nlayers: &x {a: *x}", "line 3, column 9: holds itself"),
        ("slug: a\nprompt: p\nlayers: {a: *x}", "there is no anchor `&x` before"),
        (
            "slug: a\nprompt: p\nlayers: {a: " + "[" * 2000 + "]" * 2000 + "}",
            "is nested deeper than 64 levels",
        ),
        ("slug: a\nprompt: p\nlayers: {a: !!bool x}", "the value does not fit its tag `!!bool`"),
        ("slug: a\nprompt: p\nlayers: {a: !!set {x}}", "the tag `!!set` is not known here; leave it out"),
        ("slug: a\nprompt: p\nlayers: {? [a] : b}", "a list or a mapping cannot be a key; use a text"),
        ("slug: a\nprompt: p\nlayers: {<<: b}", "`<<` merges a mapping or a list of mappings"),
        ("slug: a\nprompt: p\noverlay: below", "overlay: 'below' is none of append, locked, replace"),
        ("slug: a\nprompt: p\nprompt_file: q", "`prompt` and `prompt_file` exclude each other"),
        ("slug: a\nprompt_file: q", "`prompt_file` works in a file only"),
    ],
)
def test_a_mistaken_file_names_the_place(text: str, message: str) -> None:
    with pytest.raises(PersonaFileError) as caught:
        files.parse(text, "f.yml")
    assert str(caught.value).startswith("f.yml: ")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PersonaFileError, match=r"none\.yml: No such file or directory"):
        files.read(tmp_path / "none.yml")
    (tmp_path / "latin.yml").write_bytes("slug: a\nprompt: é".encode("latin-1"))
    with pytest.raises(PersonaFileError, match=r"latin\.yml: 'utf-8' codec"):
        files.read(tmp_path / "latin.yml")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("02134", "02134"),
        ("0555567", "0555567"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("1.10", "1.10"),
        (".inf", ".inf"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("2001-12-14", "2001-12-14"),
        ("905551234567890123456789", "905551234567890123456789"),
        ("5", 5),
        ("-2.5", -2.5),
        ("true", True),
        ("~", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int 010", 10),
    ],
)
def test_a_fact_in_a_layer_stays_as_it_is_written(written: str, read: object) -> None:
    found = files.parse(f"slug: a\nprompt: p\nlayers:\n  x: {written}", "f.yml").content.layers["x"]
    assert (type(found), found) == (type(read), read)


def test_keys_are_texts_as_they_are_written() -> None:
    text = "slug: a\nprompt: p\nlayers: {10: a, 1_0: b, 1:30: c, NO: d, null: e, 1.10: f}"
    layers = files.parse(text, "f.yml").content.layers
    assert layers == {"10": "a", "1_0": "b", "1:30": "c", "NO": "d", "null": "e", "1.10": "f"}


def test_a_text_is_meant_where_a_key_takes_one() -> None:
    text = "slug: 007\nname: 1.10\nlanguage: no\nprompt: 3\nexamples: [yes, 12:30, true]\nheaders: {x: 01}"
    draft = files.parse(text, "f.yml")
    assert draft.profile == Profile(slug="007", name="1.10")
    assert (draft.content.language, draft.content.prompt) == ("no", "3")
    assert (draft.content.examples, draft.content.headers) == (["yes", "12:30", "true"], {"x": "01"})


def test_parameters_read_by_the_core_schema() -> None:
    text = "slug: a\nprompt: p\ndefaults: {temperature: 0.70, stop: [on, No], seed: 0x1F, logprobs: true}"
    defaults = files.parse(text, "f.yml").content.defaults
    assert defaults == {"temperature": 0.7, "stop": ["on", "No"], "seed": 31, "logprobs": True}


def test_merge_keys_are_merged_and_own_keys_win() -> None:
    text = (
        "slug: a\nprompt: p\nlayers:\n  x: &x {a: 1, b: 2}\n  y: &y {b: 3, c: 4}\n"
        "  z: {<<: [*x, *y], a: 5}\n  w:\n    <<: *y\n"
    )
    layers = files.parse(text, "f.yml").content.layers
    assert (layers["z"], layers["w"]) == ({"a": 5, "b": 2, "c": 4}, {"b": 3, "c": 4})


def test_what_aliases_make_of_a_file_is_bounded() -> None:
    levels = [f"  a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 12)]
    text = "slug: a\nprompt: p\nlayers:\n  a0: &a0 [x]\n" + "\n".join(levels)
    began = time.process_time()
    with pytest.raises(PersonaFileError, match="aliases make the file too large; write the values out"):
        files.parse(text, "f.yml")
    assert time.process_time() - began < 5


def test_a_prompt_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "voice.md").write_text("Be short.\n", "utf-8")
    (tmp_path / "a.yml").write_text("slug: a\nprompt_file: voice.md\n", "utf-8")
    assert files.read(tmp_path / "a.yml").content.prompt == "Be short.\n"
    (tmp_path / "voice.md").unlink()
    with pytest.raises(
        PersonaFileError, match=r"a\.yml: prompt_file: .*voice\.md: No such file or directory"
    ):
        files.read(tmp_path / "a.yml")


@pytest.mark.parametrize("name", ["/etc/hostname", "../voice.md", "link.md"])
def test_a_prompt_file_from_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "voice.md").write_text("Be short.\n", "utf-8")
    folder = tmp_path / "personas"
    folder.mkdir()
    (folder / "link.md").symlink_to(tmp_path / "voice.md")
    (folder / "a.yml").write_text(f"slug: a\nprompt_file: {name}\n", "utf-8")
    with pytest.raises(PersonaFileError, match="leads out of the persona file's folder"):
        files.read(folder / "a.yml")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("slug: a\nprompt: p\n", "utf-8-sig")
    assert files.read(tmp_path / "a.yml").profile.slug == "a"


@pytest.mark.parametrize("language", ["en", "pt-BR", "zh-Hant-TW", "es-419", "yue", "de-CH-1996"])
def test_a_language_is_any_tag(language: str) -> None:
    assert files.parse(f"slug: a\nprompt: p\nlanguage: {language}", "f.yml").content.language == language


@pytest.mark.parametrize("language", ["e", "english-language", "pt_BR", "pt-", "x" * 40])
def test_a_language_that_is_no_tag_is_refused(language: str) -> None:
    with pytest.raises(DraftError, match=r"language: a language tag of BCP 47, such as `en` or `pt-BR`"):
        files.parse(f"slug: a\nprompt: p\nlanguage: {language}", "f.yml")


def test_a_layer_that_holds_no_fields_is_refused() -> None:
    with pytest.raises(DraftError, match=r"layers\.soul: must be a mapping of fields"):
        files.parse("slug: a\nprompt: p\nlayers: {soul: text}", "f.yml")


@pytest.mark.parametrize(
    "layers", ["{a: {b: x}, a.b: y}", "{a: [x], 'a[0]': y}", "{a.b: {c: x}, a: {b.c: y}}"]
)
def test_two_fields_of_one_path_are_refused(layers: str) -> None:
    with pytest.raises(DraftError, match=r"layers: has two fields of the path `a(\.b|\[0\]|\.b\.c)`"):
        files.parse(f"slug: a\nprompt: p\nlayers: {layers}", "f.yml")
    assert files.parse("slug: a\nprompt: p\nlayers: {a: {b: x}, a.b: }", "f.yml").content.layers


def test_everything_unacceptable_is_told_at_once() -> None:
    text = "slug: A\nprompt: ' '\ndefaults: {model: x}\nheaders: {Host: y}"
    with pytest.raises(DraftError) as caught:
        files.parse(text, "f.yml")
    places = [".".join(map(str, detail.loc)) for detail in caught.value.details]
    assert places == ["slug", "prompt", "defaults.model", "headers.Host"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("slug: A_b\nprompt: p", "line 1, column 7: slug: lower-case"),
        ("slug: a\nprompt: p\nrules:\n  - must: x\n  - must_nt: y", "line 5, column 5: rules.1: "),
        ("slug: a\nprompt: p\nrules: [{length: {max_words: 0}}]", "line 3, column 30: rules.0.length."),
        ("x: &r\n", "line 1, column 4: there is no key `x`"),
        (
            "slug: a\nprompt: &r ' '\nexamples: [*r]",
            "column 9: prompt: must not be empty; line 3, column 11: ",
        ),
        ("<<: {slug: A}\nprompt: p", "slug: lower-case"),
    ],
)
def test_what_is_unacceptable_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises((DraftError, PersonaFileError)) as caught:
        files.parse(text, "f.yml")
    assert told in str(caught.value)


def test_a_version_that_allows_nothing_more_keeps_the_fingerprint_it_had_before_there_was_allow() -> None:
    content = Content(prompt="You are Ada.", defaults={"temperature": 0.5}, overlay="locked")
    assert content.fingerprint() == (
        "sha256:ec185f67052af728dc163ed20ad1b1acc4ab0b7ce12e36d3eff954f3b5b50348"
    )
    widened = Content(prompt="You are Ada.", defaults={"temperature": 0.5}, overlay="locked", allow=["seed"])
    assert widened.fingerprint() != content.fingerprint()


def test_a_version_without_a_refusal_keeps_the_fingerprint_it_had_before_there_was_one() -> None:
    plain = Content(prompt="You are Ada.", defaults={"temperature": 0.5}, overlay="locked")
    refusing = msgspec.structs.replace(plain, refusal="I would rather not.")
    assert plain.fingerprint().startswith("sha256:ec185f67")
    assert refusing.fingerprint() != plain.fingerprint()


@pytest.mark.parametrize("refusal", ["x" * 4001, " \n", "a\0b"])
def test_a_refusal_is_a_text_of_some_length(refusal: str) -> None:
    draft = Draft(Profile(slug="a", name="a"), Content(prompt="p", refusal=refusal))
    with pytest.raises(DraftError, match="refusal: "):
        check(draft)
    check(msgspec.structs.replace(draft, content=Content(prompt="p", refusal="x" * 4000)))


@pytest.mark.parametrize("allow", [[""], ["a b"], ["x" * 65], ["a"] * 101])
def test_what_a_version_allows_are_names_of_parameters(allow: list[str]) -> None:
    draft = Draft(Profile(slug="a", name="a"), Content(prompt="p", allow=allow))
    with pytest.raises(DraftError, match="allow: at most 100 names of parameters"):
        check(draft)
