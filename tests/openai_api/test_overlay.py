"""The overlay: the persona first, the caller's system text behind it, everything else untouched."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import Messages
from gateway.openai_api.overlay import Laid, lay
from gateway.personas.model import Overlay
from gateway.personas.resolved import Prompt

TEXT = 'You keep the "night" library.\nSpeak {softly}, $2 a page — ğ 🙂.'
PROMPT = Prompt(TEXT)

awkward = st.lists(
    st.sampled_from(
        ["{}", "{name}", "${x}", "$1", "%s", "%(a)s", "{{", "\\n", "\\u00e9", "\\ud83d\\ude00", "ğ", " "]
    ),
    max_size=5,
).map("".join)
texts = awkward | st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=20
)
strings = texts.map(lambda text: f'"{text}"')
parts = st.one_of(
    strings.map(lambda text: f'{{"type":"text","text":{text}}}'),
    strings.map(lambda text: f'{{ "text" : {text}, "type":"text", "cache_control":{{"type":"ephemeral"}} }}'),
    st.sampled_from(
        ['{"type":"image_url","image_url":{"url":"data:x"}}', '"bare"', '{"type":"odd","n":1e999}']
    ),
)
contents = st.one_of(
    strings, st.lists(parts, max_size=3).map(lambda found: f"[{', '.join(found)}]"), st.just("null")
)
rest_fields = st.sampled_from(["", ',"name":"n"', ',"cache_control":{"a":1.0}', ',"x":{"y":[1e5]}'])


def message(roles: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda role, content, rest: f'{{"role":"{role}","content": {content}{rest}}}'.encode(),
        roles,
        contents,
        rest_fields,
    )


system_messages = message(st.sampled_from(["system", "developer"]))
other_messages = message(st.sampled_from(["user", "assistant", "tool", "ipython"])) | st.sampled_from(
    [
        b'{"role":"user"}',
        b'{"x":[{"role":"a","role":"b"}],"role":"\\u0075ser"}',
        b'{"role":"user","n":1e999}',
    ]
)
conversations = st.tuples(
    st.lists(system_messages, max_size=3),
    st.lists(other_messages, max_size=1).flatmap(
        lambda first: (
            st.lists(system_messages | other_messages, max_size=3).map(first.__add__)
            if first
            else st.just([])
        )
    ),
)


def read(*messages: bytes) -> Messages:
    return Messages(msgspec.Raw(b"[" + b",".join(messages) + b"]"))


def joined(laid: Laid) -> bytes:
    return b"".join(laid.array())


def laid(*messages: bytes, policy: Overlay = "append", may_replace: bool = False) -> tuple[list[Any], Laid]:
    result = lay(read(*messages), PROMPT, policy, may_replace=may_replace)
    return json.loads(joined(result)), result


def system(content: object, **more: object) -> bytes:
    return json.dumps({"role": "system", "content": content, **more}).encode()


USER = b'{"role":"user","content":"Hi {name} $HOME \\u00e9 100%"}'


def text_of(content: object) -> str:
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    found = [part.get("text") if isinstance(part, dict) else part for part in content]
    return "".join(text for text in found if isinstance(text, str))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@given(conversations)
def test_the_digest_is_that_of_the_first_message_as_sent(found: tuple[list[bytes], list[bytes]]) -> None:
    leading, others = found
    messages, result = laid(*leading, *others)
    assert result.sha256 == sha256(text_of(messages[0]["content"]))


@given(conversations)
def test_every_message_behind_the_first_stays_byte_for_byte(found: tuple[list[bytes], list[bytes]]) -> None:
    leading, others = found
    sent = msgspec.json.decode(joined(laid(*leading, *others)[1]), type=list[msgspec.Raw])
    assert [bytes(each) for each in sent[1:]] == others


@given(conversations)
def test_the_persona_comes_first_byte_for_byte(found: tuple[list[bytes], list[bytes]]) -> None:
    leading, others = found
    sent = msgspec.json.decode(joined(laid(*leading, *others)[1]), type=list[msgspec.Raw])
    content = bytes(msgspec.json.decode(sent[0], type=dict[str, msgspec.Raw])["content"])
    quoted = msgspec.json.encode(TEXT)
    assert content.startswith((quoted[:-1], b'[{"type":"text","text":' + quoted + b"}"))


@given(conversations)
def test_every_content_of_the_caller_is_found_again_byte_for_byte(
    found: tuple[list[bytes], list[bytes]],
) -> None:
    leading, others = found
    first = joined(lay(read(*leading, *others), PROMPT, "append"))
    for each in leading:
        content = msgspec.json.decode(each, type=dict[str, msgspec.Raw])["content"]
        written = bytes(content)
        if written.startswith(b"["):
            for part in msgspec.json.decode(content, type=list[msgspec.Raw]):
                assert bytes(part) in first
        elif written != b"null":
            assert written[1:-1] in first


def test_without_a_system_message_the_prompt_is_one() -> None:
    messages, result = laid(USER)
    assert messages == [{"role": "system", "content": TEXT}, json.loads(USER)]
    assert result.sha256 == PROMPT.sha256 == sha256(TEXT)


def test_without_any_message_the_prompt_is_sent() -> None:
    assert laid()[0] == [{"role": "system", "content": TEXT}]


def test_strings_are_joined_by_a_blank_line() -> None:
    messages, _ = laid(system("One."), system("Two."), USER)
    assert messages == [{"role": "system", "content": f"{TEXT}\n\nOne.\n\nTwo."}, json.loads(USER)]


def test_parts_follow_the_prompt_as_parts() -> None:
    part = {"type": "text", "text": "One.", "cache_control": {"type": "ephemeral"}}
    messages, _ = laid(system([part]))
    assert messages == [{"role": "system", "content": [{"type": "text", "text": TEXT}, part]}]


def test_strings_and_parts_become_parts_in_order() -> None:
    messages, _ = laid(system("One."), system([{"type": "text", "text": "Two."}]), system("Three."))
    assert [part["text"] for part in messages[0]["content"]] == [TEXT, "One.", "Two.", "Three."]


@pytest.mark.parametrize("content", ["", None])
def test_an_empty_or_null_content_adds_nothing(content: str | None) -> None:
    messages, result = laid(system(content), system("One."))
    assert messages == [{"role": "system", "content": f"{TEXT}\n\nOne."}]
    assert result.sha256 == sha256(f"{TEXT}\n\nOne.")


def test_a_system_message_without_content_adds_nothing() -> None:
    assert laid(b'{"role":"system"}', USER)[0][0] == {"role": "system", "content": TEXT}


def test_an_empty_array_makes_the_prompt_a_part() -> None:
    assert laid(system([]))[0] == [{"role": "system", "content": [{"type": "text", "text": TEXT}]}]


@pytest.mark.parametrize("content", [b"3", b"{}", b"true"])
def test_another_content_is_refused_and_its_place_named(content: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        laid(system("One."), b'{"role":"system","content":' + content + b"}")
    assert (caught.value.fault, caught.value.param) == (Fault.REQUEST_INVALID, "messages[1]")
    assert "`messages[1].content` must be" in caught.value.message


@pytest.mark.parametrize("first", ["system", "developer"])
def test_the_role_is_the_upstreams_to_choose(first: str) -> None:
    _, result = laid(json.dumps({"role": first, "content": "One."}).encode(), system("Two."), USER)
    merged = {"content": f"{TEXT}\n\nOne.\n\nTwo."}
    assert json.loads(b"".join(result.array()))[0] == {"role": "system", **merged}
    assert json.loads(b"".join(result.array("developer")))[0] == {"role": "developer", **merged}


def test_other_fields_survive_and_the_first_of_each_counts() -> None:
    messages, _ = laid(
        system("One.", name="a", x={"y": 1.0}), system("Two.", name="b", cache_control={"z": None})
    )
    assert messages == [
        {
            "role": "system",
            "name": "a",
            "x": {"y": 1.0},
            "cache_control": {"z": None},
            "content": f"{TEXT}\n\nOne.\n\nTwo.",
        }
    ]


def test_a_later_system_message_stays_in_its_place() -> None:
    later = system("Later.")
    assert laid(system("One."), USER, later, USER)[0] == [
        {"role": "system", "content": f"{TEXT}\n\nOne."},
        json.loads(USER),
        json.loads(later),
        json.loads(USER),
    ]


def test_the_bytes_of_a_merged_message_are_these() -> None:
    prompt = Prompt("Be brief.")
    result = lay(read(system("One.", name="a"), USER), prompt, "append", may_replace=False)
    assert joined(result).decode() == snapshot(
        '[{"role":"system","name":"a","content":"Be brief.\\n\\nOne."},'
        '{"role":"user","content":"Hi {name} $HOME \\u00e9 100%"}]'
    )


@pytest.mark.parametrize(
    "messages", [[system("One.")], [USER, system("One.")], [USER, b'{"role":"developer"}']]
)
def test_a_locked_persona_takes_no_system_message_anywhere(messages: list[bytes]) -> None:
    with pytest.raises(Refusal) as caught:
        laid(*messages, policy="locked", may_replace=True)
    assert (caught.value.fault, caught.value.status) == (Fault.OVERLAY_LOCKED, 400)
    assert caught.value.param == f"messages[{len(messages) - 1}].role"


def test_a_locked_persona_answers_users() -> None:
    assert laid(USER, policy="locked")[0] == [{"role": "system", "content": TEXT}, json.loads(USER)]


def test_a_replaceable_prompt_is_replaced_by_a_caller_who_may() -> None:
    leading = b'{ "role":"system", "content":"One." }'
    result = lay(read(leading, system("Two."), USER), PROMPT, "replace", may_replace=True)
    assert joined(result) == b"[" + b",".join([leading, system("Two."), USER]) + b"]"
    assert result.sha256 == sha256("One.")


def test_a_replaceable_prompt_is_refused_to_a_caller_who_may_not() -> None:
    with pytest.raises(Refusal) as caught:
        laid(system("One."), policy="replace")
    assert (caught.value.fault, caught.value.status) == (Fault.SCOPE_MISSING, 403)
    assert "One." not in caught.value.message


@pytest.mark.parametrize("may_replace", [True, False])
def test_a_replaceable_prompt_stays_where_nothing_replaces_it(may_replace: bool) -> None:
    messages, result = laid(USER, system("Later."), policy="replace", may_replace=may_replace)
    assert messages[0] == {"role": "system", "content": TEXT}
    assert result.sha256 == PROMPT.sha256


def test_the_digest_of_replacing_parts_is_that_of_their_text() -> None:
    parts = [{"type": "text", "text": "One."}, {"type": "image_url"}, {"type": "text", "text": "Two."}]
    assert laid(system(parts), policy="replace", may_replace=True)[1].sha256 == sha256("One.Two.")
