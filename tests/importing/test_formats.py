"""Characters and prompts of other products are read as they mean them, and what is lost is listed."""

import base64
import struct
import time
import tracemalloc
import zlib
from typing import Any

import msgspec
import pytest

from gateway.importing import cards, formats, pictures
from gateway.importing.formats import Format
from gateway.importing.found import Found, ImportingError
from gateway.personas.acceptance import check
from gateway.personas.model import Content, Draft, Profile

CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Edith",
        "description": "{{char}} keeps the night library. <USER> is a visitor.",
        "personality": "dry, patient",
        "scenario": "Rain at three in the morning. {{random:owl,cat}} on the sill.",
        "first_mes": "Shut the door, {{user}}.",
        "mes_example": "<START>\n{{user}}: Is it late?\n{{char}}: It is early.\nVery early.\n"
        "<START>\n{{user}}: Tea?\nEdith: Always.",
        "alternate_greetings": ["You again."],
        "system_prompt": "Speak as {{Char}}.",
        "post_history_instructions": "Never say goodbye.",
        "creator": "Ada",
        "creator_notes": "Made in winter.",
        "character_version": "1.1",
        "tags": ["library", "night"],
        "character_book": {"entries": [{"keys": ["tea"], "content": "The tea is black."}]},
        "extensions": {"shelf": 4},
        "avatar_url": "none",
    },
}


def read(form: Format, document: object, name: str = "a.json") -> list[Found]:
    data = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return formats.read(form, data, name)


def test_a_card_becomes_a_prompt_examples_and_a_variable_for_the_visitor() -> None:
    (found,) = read("card", CARD)
    (content,) = found.versions
    assert content.prompt == (
        "Speak as Edith.\n\nEdith keeps the night library. {{user}} is a visitor.\n\n"
        "Edith's personality: dry, patient\n\n"
        "Scenario: Rain at three in the morning. {{random:owl,cat}} on the sill.\n\nNever say goodbye."
    )
    assert content.examples == ["Shut the door, you.", "You again.", "It is early.\nVery early.", "Always."]
    assert content.variables["user"]["default"] == "you"
    assert content.layers["card"]["creator"] == "Ada"
    assert content.layers["character_book"] == CARD["data"]["character_book"]  # type: ignore[index]
    assert found.tags == ["library", "night"]
    assert sorted(found.lost) == [
        "The field `avatar_url` is not carried.",
        "The macro `{{random:owl,cat}}` means nothing here and stays in the prompt as it is.",
    ]
    check(Draft(Profile(slug="edith", name=found.name), content))


def test_a_card_goes_out_as_it_came_in() -> None:
    (found,) = read("card", CARD)
    lost: list[str] = []
    written = cards.write(
        Draft(Profile(slug="edith", name="Edith", tags=found.tags), found.versions[0]), lost
    )
    assert (written["spec"], lost) == ("chara_card_v3", [])
    given: dict[str, Any] = dict(CARD["data"])  # type: ignore[arg-type]
    del given["avatar_url"]
    assert {key: written["data"][key] for key in given} == given
    assert read("card", written)[0].versions == found.versions


def test_a_persona_that_was_no_card_becomes_one_and_says_what_is_left_out() -> None:
    content = Content(prompt="You are Ada.", examples=["Hi.", "Yes?"], layers={"soul": {"x": "y"}})
    lost: list[str] = []
    written = cards.write(Draft(Profile(slug="ada", name="Ada"), content), lost)
    assert lost == ["The layer `soul` has no place in a card."]
    (again,) = read("card", written)
    assert (again.versions[0].prompt, again.versions[0].examples) == ("You are Ada.", ["Hi.", "Yes?"])


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt packed"])
@pytest.mark.parametrize("keyword", [b"chara", b"ccv3"])
def test_a_card_is_found_in_every_kind_of_text_of_a_picture(kind: str, keyword: bytes) -> None:
    text = base64.b64encode(msgspec.json.encode(CARD))
    packed = zlib.compress(text)
    data = {
        "tEXt": keyword + b"\0" + text,
        "zTXt": keyword + b"\0\0" + packed,
        "iTXt": keyword + b"\0\0\0en\0\0" + text,
        "iTXt packed": keyword + b"\0\1\0\0card\0" + packed,
    }[kind]
    assert read("card", with_chunk(kind[:4].encode(), data)) == read("card", CARD)


def with_chunk(kind: bytes, data: bytes) -> bytes:
    blank = pictures.blank()
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return blank[:-12] + chunk + blank[-12:]


def test_a_picture_is_written_once_and_read_back() -> None:
    texts = {b"ccv3": msgspec.json.encode(CARD), b"chara": b"{}"}
    once = pictures.with_card(pictures.blank(), texts)
    assert pictures.with_card(once, texts) == once
    assert msgspec.json.decode(pictures.card(once)) == CARD


def test_bombs_and_broken_pictures_are_refused_at_once() -> None:
    # It is no base64, as would be said once it were unpacked.
    bomb = zlib.compress(b"!" * (64 << 20), 9)
    broken = {
        "is cut off, or larger than 8 MiB": with_chunk(b"zTXt", b"chara\0\0" + bomb),
        "larger than 8 MiB": with_chunk(b"iTXt", b"ccv3\0\1\0\0\0" + bomb),
        "cut off": with_chunk(b"tEXt", b"chara\0e30=")[:-6],
        "no base64": with_chunk(b"tEXt", b"chara\0!!"),
        "holds no card": pictures.blank(),
        "damaged": pictures.blank().replace(b"IDAT", b"IDAX"),
        "cannot be unpacked": with_chunk(b"zTXt", b"chara\0\0nothing"),
    }
    for problem, picture in broken.items():
        tracemalloc.start()
        with pytest.raises(ImportingError, match=problem):
            read("card", picture)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 32 << 20


def test_versions_of_langfuse_come_in_their_order_with_their_labels() -> None:
    versions = [
        {"name": "support", "version": 2, "type": "text", "prompt": "Be brief, {{ name }}.",
         "labels": ["production", "latest", "Team A"], "tags": ["help"],
         "config": {"temperature": 0.2, "model": "gpt-x", "odd": 1}},
        {"name": "support", "version": 1, "type": "chat", "labels": ["old"],
         "prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"},
                    {"role": "assistant", "content": "Gladly."}]},
    ]  # fmt: skip
    (found,) = read("langfuse", {"data": versions})
    first, second = found.versions
    assert (first.prompt, first.examples) == ("Be kind.", ["Gladly."])
    assert (second.prompt, second.variables) == ("Be brief, {{name}}.", {"name": {}})
    assert (second.defaults, found.labels, found.tags) == (
        {"temperature": 0.2},
        {"old": 1, "production": 2},
        ["help"],
    )
    assert len(found.lost) == 4


def test_a_stored_prompt_keeps_its_name_and_the_names_of_its_versions() -> None:
    saved = [
        {"id": "pmpt_68a", "version": "4", "instructions": "Serve {{guest}}.", "variables": {"guest": ""},
         "temperature": 0.5, "tools": [{"type": "function", "name": "pay"}, {"type": "web_search"}]},
        {"id": "pmpt_68a", "version": "2", "messages": [{"role": "developer", "content": [
            {"type": "input_text", "text": "Serve."}]}]},
    ]  # fmt: skip
    (found,) = read("openai-prompt", saved)
    assert [each.prompt for each in found.versions] == ["Serve.", "Serve {{guest}}."]
    assert (found.alias, found.numbers) == ("pmpt_68a", {"2": 1, "4": 2})
    assert found.versions[1].defaults == {
        "temperature": 0.5,
        "tools": [{"type": "function", "function": {"name": "pay"}}],
    }
    assert found.lost == ["The tool `web_search` is not carried; only functions are."]


def test_an_answer_that_echoes_its_prompt_brings_the_text_with_its_values() -> None:
    answer = {
        "object": "response", "id": "resp_1", "model": "gpt-x", "output": [], "temperature": 1.0,
        "instructions": [{"type": "message", "role": "developer",
                          "content": [{"type": "input_text", "text": "Serve Mert."}]}],
        "prompt": {"id": "pmpt_9", "version": "7", "variables": {"guest": "Mert"}},
    }  # fmt: skip
    (found,) = read("openai-prompt", answer)
    assert (found.versions[0].prompt, found.alias, found.numbers) == ("Serve Mert.", "pmpt_9", {"7": 1})
    assert any("values in it" in line for line in found.lost)


def test_an_assistant_brings_instructions_and_functions() -> None:
    given = {"object": "list", "data": [
        {"id": "asst_1", "object": "assistant", "name": "Ada", "instructions": "Be Ada.", "model": "gpt-x",
         "temperature": 0.3, "tools": [{"type": "file_search"}],
         "tool_resources": {"file_search": {}}}]}  # fmt: skip
    (found,) = read("openai-assistant", given)
    assert (found.name, found.versions[0].prompt) == ("Ada", "Be Ada.")
    assert found.versions[0].defaults == {"temperature": 0.3}
    assert len(found.lost) == 3


def test_prompts_of_promptfoo_are_personas() -> None:
    text = b"""
prompts:
  - Translate {{text}} to French.
  - id: polite
    label: Polite
    raw: '[{"role":"system","content":"Be polite."},{"role":"user","content":"{{q}}"}]'
"""
    first, second = read("promptfoo", text)
    assert (first.name, first.versions[0].variables) == ("prompt 1", {"text": {}})
    assert (second.name, second.versions[0].prompt) == ("Polite", "Be polite.")


def test_a_text_is_named_by_its_first_line_or_its_file() -> None:
    assert read("text", b"# Edith \n\nYou are Edith.", "e.md")[0].name == "Edith"
    assert read("text", b"You are Edith.", "night-desk.txt")[0].name == "night-desk"


@pytest.mark.parametrize("form", ["card", "langfuse", "openai-assistant", "openai-prompt", "promptfoo"])
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"data":7}', b'{"name":5}', b'{"name":"a","prompt":5}',
     b'[{"name":"a","prompt":[7]}]', b"\xff\xfe", b"[" * 100_000, b'{"prompts":[7]}', b'{"data":[[]]}',
     b'{"name":"a","tags":[1]}', b'{"id":"pmpt_1","instructions":[1]}'],
)  # fmt: skip
def test_what_is_none_of_the_format_is_refused_in_a_sentence(form: Format, data: bytes) -> None:
    with pytest.raises(ImportingError):
        read(form, data)


@pytest.mark.parametrize(
    ("form", "document", "problem"),
    [
        ("text", b"# " + b" " * 100_000 + b"x" * 300, None),
        ("card", {"data": {"name": "a", "description": "b", "mes_example": "\n" * 200_000 + "x"}}, None),
        ("card", {"data": {"name": "a" * 201, "description": "<BOT>"}}, "at most 200 characters"),
        ("card", {"data": {"name": "a", "description": "<BOT>" * 200_000}}, "at most 512 KiB"),
        ("card", {"data": {"name": "a", "description": "b", "first_mes": "<BOT>" * 60_000}},
         "at most 256 KiB"),
        ("openai-prompt", [{"id": "pmpt_1", "version": n, "instructions": f"a{n}"} for n in range(201)],
         "at most 200 versions"),
    ],
)  # fmt: skip
def test_a_document_that_is_made_to_be_slow_or_large_is_read_at_once(
    form: Format, document: object, problem: str | None
) -> None:
    began = time.process_time()
    if problem is None:
        assert read(form, document)
    else:
        with pytest.raises(ImportingError, match=problem):
            read(form, document)
    assert time.process_time() - began < 2
