"""Messages: what is one, which keys would be taken for ours, and that each key goes on once."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import Messages
from gateway.openai_api.plain import MOST
from gateway.openai_api.spelling import OF_MESSAGES, OF_PARTS

OTHER_CASES = {"s": "ſ", "k": "\u212a"}
"""Characters beyond ASCII that case folding makes to a letter."""


def read(array: bytes | str) -> Messages:
    return Messages(msgspec.Raw(array.encode() if isinstance(array, str) else array))


def refused(array: bytes | str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(array)
    assert (caught.value.fault, caught.value.status) == (Fault.REQUEST_INVALID, 400)
    return caught.value


@st.composite
def spelt(draw: st.DrawFn, names: list[str]) -> tuple[str, str]:
    """One of the names, and the JSON of another spelling of it that folds to the same."""
    name = draw(st.sampled_from(names))
    letters = [
        draw(st.sampled_from([letter, letter.upper(), OTHER_CASES.get(letter, letter)])) for letter in name
    ]
    if "".join(letters) == name:
        letters[0] = letters[0].upper()
    escaped = [f"\\u{ord(letter):04x}" if draw(st.booleans()) else letter for letter in letters]
    return name, '"' + "".join(escaped) + '"'


@given(spelt(sorted(OF_MESSAGES)), st.sampled_from(["null", "1", '"user"', "[]"]), st.booleans())
def test_a_key_of_a_message_that_folds_to_one_of_ours_is_refused(
    spelling: tuple[str, str], value: str, comes_first: bool
) -> None:
    name, key = spelling
    members = ['"role":"user"', f"{key}:{value}"]
    array = '[{"role":"user"},{' + ",".join(reversed(members) if comes_first else members) + "}]"
    refusal = refused(array)
    assert refusal.param == f"messages[1].{json.loads(key)}"
    assert f"`{name}`" in refusal.message


@given(spelt(sorted(OF_PARTS)))
def test_a_key_of_a_part_that_folds_to_one_of_ours_is_refused(spelling: tuple[str, str]) -> None:
    name, key = spelling
    array = '[{"role":"user","content":["a",{"type":"text","text":"b",@:"c"}]}]'.replace("@", key)
    refusal = refused(array)
    assert refusal.param == f"messages[0].content[1].{json.loads(key)}"
    assert f"`{name}`" in refusal.message


@pytest.mark.parametrize(
    "role", ["System", "SYSTEM", "ſystem", " system", "Developer\\n", "\\u0053ystem", "User", "TOOL"]
)
def test_a_role_that_folds_to_a_known_one_is_refused(role: str) -> None:
    refusal = refused('[{"role":"user"},{"role":"@","content":"x"}]'.replace("@", role))
    assert refusal.param == "messages[1].role"


@pytest.mark.parametrize("role", ["ipython", "observation", "systems"])
def test_another_role_is_left_to_the_upstream(role: str) -> None:
    assert read('[{"role":"@"}]'.replace("@", role)).roles == [role]


@pytest.mark.parametrize("content", ["", ',"content":null', ',"content":[]', ',"content":""'])
def test_a_message_may_say_nothing(content: str) -> None:
    assert read('[{"role":"assistant"@}]'.replace("@", content)).roles == ["assistant"]


def test_a_role_in_escapes_is_known() -> None:
    assert read('[{"r\\u006fle":"\\u0073ystem"}]').roles == ["system"]


@pytest.mark.parametrize(
    ("message", "param", "said"),
    [
        ('"hi"', "messages[1]", "`messages[1]` must be an object with a `role`."),
        ("null", "messages[1]", "`messages[1]` must be an object with a `role`."),
        ("7", "messages[1]", "`messages[1]` must be an object with a `role`."),
        ("[]", "messages[1]", "`messages[1]` must be an object with a `role`."),
        ("{}", "messages[1]", "`messages[1]` has no `role`; name one, such as `user`."),
        ('{"content":"x"}', "messages[1]", "`messages[1]` has no `role`; name one, such as `user`."),
        ('{"role":null}', "messages[1]", "`messages[1]` has no `role`; name one, such as `user`."),
        ('{"role":""}', "messages[1]", "`messages[1]` has no `role`; name one, such as `user`."),
        ('{"role":" \\u0009"}', "messages[1]", "`messages[1]` has no `role`; name one, such as `user`."),
        ('{"role":["user"]}', "messages[1].role", "`messages[1].role` must be a string, and a short one."),
        (
            '{"role":"user","content":[{"type":"text"}]}',
            "messages[1]",
            "`messages[1].content[0]` is a text part and has no `text`, which must be a string.",
        ),
        (
            '{"role":"user","content":["a",{"type":"text","text":{"a":1}}]}',
            "messages[1]",
            "`messages[1].content[1]` is a text part and has no `text`, which must be a string.",
        ),
        (
            '{"role":"user","content":[null]}',
            "messages[1]",
            "`messages[1].content[0]` must be a content part: an object with a `type`.",
        ),
        *(
            (
                '{"role":"user","content":["a",@]}'.replace("@", part),
                "messages[1]",
                "`messages[1].content[1]` must be a content part: an object with a `type`.",
            )
            for part in ("{}", '{"type":null}', '{"type":5}', '{"type":""}', '{"text":"a"}', "7", "[]")
        ),
        *(
            (
                '{"role":"@","content":%s}'.replace("@", role) % content,
                "messages[1]",
                "`messages[1].content` must be a string or an array of content parts.",
            )
            for content in ("5", "-1.5", "{}", '{"a":"b"}', "true", "false")
            for role in ("user", "tool", "ipython")
        ),
    ],
)
def test_what_is_no_message_is_refused_and_its_place_named(message: str, param: str, said: str) -> None:
    refusal = refused('[{"role":"user"},@]'.replace("@", message))
    assert (refusal.param, refusal.message) == (param, said)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = (
    st.none()
    | st.integers()
    | texts
    | st.lists(texts, max_size=2)
    | st.dictionaries(texts, texts, max_size=2)
)
fields = st.dictionaries(st.sampled_from(["name", "x", "y z", "tool_calls", ""]), values, max_size=3)
parts = st.builds(
    lambda text, more: {"type": "text", "text": text, **more}, texts, st.dictionaries(st.just("z"), values)
)
contents = texts | st.none() | st.lists(parts | texts, max_size=3)
messages = st.builds(
    lambda role, content, more: {"role": role, "content": content, **more},
    st.sampled_from(["user", "assistant", "tool", "system"]),
    contents,
    fields,
)


@given(st.lists(messages, max_size=4), st.sampled_from([None, 2]), st.booleans(), st.booleans())
def test_messages_stay_byte_for_byte_where_no_key_stands_twice(
    said: list[Any], indent: int | None, is_compact: bool, ascii_only: bool
) -> None:
    separators = (",", ":") if is_compact else None
    array = json.dumps(said, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()
    found = read(array)
    assert bytes(found.array) == array
    assert [json.loads(bytes(each)) for each in found.each] == said
    assert found.roles == [message["role"] for message in said]


@given(st.lists(messages, min_size=1, max_size=3), st.data())
def test_a_key_that_stands_twice_goes_on_once_with_its_last_value(
    said: list[Any], data: st.DataObject
) -> None:
    written = []
    for message in said:
        pairs = [(key, json.dumps(value)) for key, value in message.items()]
        twice = data.draw(st.sampled_from(pairs))
        pairs.insert(0, (twice[0], data.draw(st.sampled_from(['"system"', "null", "[1]", '"x"']))))
        space = data.draw(st.sampled_from(["", " ", "\n"]))
        written.append("{" + ",".join(f"{json.dumps(key)}:{space}{value}" for key, value in pairs) + "}")
    found = read("[" + ",".join(written) + "]")
    again = json.loads(bytes(found.array), object_pairs_hook=list)
    assert [dict(pairs) for pairs in again] == [
        dict(json.loads(json.dumps(one), object_pairs_hook=list)) for one in said
    ]
    assert all(len(dict(pairs)) == len(pairs) for pairs in again)


def test_a_key_that_stands_twice_in_a_part_goes_on_once() -> None:
    found = read('[{"role":"user","content":[{"type":"text","text":"a","te\\u0078t":"b"}, "c"]}]')
    assert bytes(found.array) == b'[{"role":"user","content":[{"type":"text","text":"b"},"c"]}]'


def test_what_stands_twice_within_a_value_stays() -> None:
    part = b'{"type":"file","file":{"Type":1,"b":1,"b":2}}'
    array = b'[{"role":"user","x":{"Role":1,"a":1,"a":2},"content":[%b]}]' % part
    assert bytes(read(array).array) == array


def test_messages_and_parts_are_counted() -> None:
    message = '{"role":"user"}'
    assert len(read("[" + ",".join([message] * MOST) + "]")) == MOST
    assert refused("[" + ",".join([message] * (MOST + 1)) + "]").param == "messages"
    half = '{"role":"user","content":[' + ",".join(['""'] * (MOST // 2)) + "]}"
    assert len(read(f"[{half},{half}]")) == 2
    assert refused('[@,@,{"role":"user","content":["x"]}]'.replace("@", half)).param == "messages[2]"
