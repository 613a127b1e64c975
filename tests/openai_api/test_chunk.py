"""One chunk: what is read of it, and edits that touch nothing else."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.openai_api.chunk import (
    BrokenChunkError,
    read,
    usage_of,
    value_of,
    with_keys,
)
from gateway.openai_api.edit import ModelEdit
from gateway.turns.usage import Usage

MODEL = b'"persona/a@v1"'


def edited(*chunks: bytes) -> list[bytes]:
    """Put the resolved name into the chunks, in one stream."""
    edit = ModelEdit(MODEL)
    return [edit.apply(chunk, read(chunk)) for chunk in chunks]


def raw(data: bytes) -> dict[str, bytes]:
    return {
        name: bytes(value) for name, value in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).items()
    }


@pytest.mark.parametrize(
    "model",
    [b'"gpt"', b'"a\\"b"', b'"\\u00e9"', b'"models\\/gemini"', b'""', b"null", b"7", b'{"model":"x"}'],
)
def test_the_model_is_rewritten_in_every_chunk(model: bytes) -> None:
    chunk = b'{"id":"1", "model" : %b ,"choices":[]}' % model
    for data in edited(chunk, chunk):
        assert raw(data) == {"id": b'"1"', "model": MODEL, "choices": b"[]"}


def test_another_spelling_of_the_model_is_rewritten_too() -> None:
    chunks = [
        b'{"model":"gpt"}',
        b'{"model": "gpt"}',
        b'{"model":"gpt-2"}',
        b'{"model":null}',
        b'{"model":"gpt"}',
    ]
    assert [raw(data) for data in edited(*chunks)] == [{"model": MODEL}] * 5


def test_a_chunk_without_a_model_stays_as_it_is() -> None:
    chunk = b'{"choices":[{"delta":{"content":"x","model":"y"}}]}'
    assert edited(b'{"model":"y"}', chunk)[1] is chunk


@pytest.mark.parametrize(
    "rest",
    [
        b'"x":{"model":"gpt"}',
        b'"x":"\\"model\\":\\"gpt\\""',
        b'"role":"model"',
        b'"x":["model","gpt"]',
        b'"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\\"model\\":\\"gpt\\"}"}}]}}]',
        b'"choices":[{"delta":{"model":"gpt"},"model":"gpt"}]',
        b'"model2":"gpt"',
    ],
)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_the_model_is_rewritten_at_the_top_only(rest: bytes, first: bool, before: bool) -> None:
    chunk = b"{" + b",".join([rest, b'"model":"gpt"'] if before else [b'"model":"gpt"', rest]) + b"}"
    data = edited(*([] if first else [b'{"model":"gpt"}']), chunk)[-1]
    assert raw(data) == raw(chunk) | {"model": MODEL}


def test_a_repeated_model_ends_as_one() -> None:
    (data,) = edited(b'{"model":"a","x":1.0,"model":"b"}')
    assert raw(data) == {"x": b"1.0", "model": MODEL}


def test_a_model_whose_key_is_escaped_too_ends_as_one() -> None:
    (data,) = edited(b'{"model":"a","mod\\u0065l":["b"]}')
    assert raw(data) == {"model": MODEL}


@pytest.mark.parametrize("choices", [b"2", b'"x"', b"{}", b"true"])
def test_choices_of_another_type_are_none(choices: bytes) -> None:
    assert read(b'{"choices":' + choices + b"}").choices is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "id", "x", "choices", "ğ"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["model", "id", "x", "usage"]), json_values), max_size=3))
def test_every_other_value_stays_byte_for_byte(chunks: list[dict[str, Any]]) -> None:
    written = [json.dumps(chunk, indent=1).encode() for chunk in chunks]
    for before, after in zip(written, edited(*written), strict=True):
        expected = raw(before)
        if "model" in expected:
            expected["model"] = MODEL
        assert raw(after) == expected


def test_keys_are_set_without_touching_the_others() -> None:
    data = b'{ "a" : 1.0, "b" : [ 1e5 ], "a" : -0 , "c":{"a":"\\u0061"}}'
    assert raw(with_keys(data, {"a": b"{}", "z": b"[]"})) == {
        "a": b"{}",
        "b": b"[ 1e5 ]",
        "c": b'{"a":"\\u0061"}',
        "z": b"[]",
    }


@given(st.dictionaries(st.sampled_from(["a", "id", "ğ"]), json_values), st.sampled_from([None, 1, "\t"]))
def test_keys_are_set_byte_for_byte_beside_a_lone_surrogate(
    chunk: dict[str, Any], indent: int | None
) -> None:
    inner = json.dumps(chunk, indent=indent).encode()[1:-1]
    comma = b"," if chunk else b""
    data = b' { "lone" : "a\\ud83d\\u0041" %b %b, "x":[1e999, -0, {"y":1.0,"y":2}]}' % (comma, inner)
    expected = b",".join(
        b'"%b":%b' % (name.encode(), value) for name, value in raw(b"{" + inner + b"}").items()
    )
    edited_data = with_keys(data, {"z": b"[]", "id": b"7"})
    assert b'"lone" : "a\\ud83d\\u0041"' in edited_data
    assert b'"x":[1e999, -0, {"y":1.0,"y":2}]' in edited_data
    found = raw(edited_data.replace(b"a\\ud83d\\u0041", b"a\\u0041"))
    assert found == raw(b"{" + expected + b"}") | {
        "lone": b'"a\\u0041"',
        "x": b'[1e999, -0, {"y":1.0,"y":2}]',
        "z": b"[]",
        "id": b"7",
    }


def test_keys_are_set_beside_bytes_that_are_not_utf8() -> None:
    assert with_keys(b'{"x":"\xff"}', {"z": b"[]"}) == b'{"x":"\xff","z":[]}'
    assert with_keys(b'{"\xff":1, "x":2}', {"z": b"[]", "x": b"3"}) == b'{"\xff":1,"x":3,"z":[]}'


@pytest.mark.parametrize(
    "data", [b"", b"{", b"nonsense", b"[]", b"null", b'"x"', b"{}x", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_object_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenChunkError):
        read(data)


def test_an_absent_key_differs_from_a_null_one() -> None:
    assert read(b"{}").choices is msgspec.UNSET
    assert read(b'{"choices":null}').choices is None
    assert read(b"{}").model is msgspec.UNSET
    assert read(b'{"model":null}').model is None


@pytest.mark.parametrize(
    "delta",
    [
        b'"content":"\\ud83d"',
        b'"content":"\xff"',
        b'"content":1e999',
        b'"content":"x"},"index":"0"}],"y":[{"z":{',
    ],
)
def test_what_clients_take_is_read(delta: bytes) -> None:
    chunk = read(b'{"id":"1","choices":[{"finish_reason":"stop","delta":{%b}}]}' % delta)
    assert isinstance(chunk.choices, list)
    assert chunk.choices[0] is not None
    assert (chunk.id, chunk.choices[0].index, chunk.choices[0].finish_reason) == ("1", 0, "stop")


def test_odd_types_are_read_as_nothing() -> None:
    chunk = read(b'{"id":5,"choices":[null,3,{"delta":"x","index":"1","finish_reason":7}],"usage":3}')
    assert isinstance(chunk.choices, list)
    assert chunk.choices[:2] == [None, None]
    assert chunk.choices[2] is not None
    assert (chunk.choices[2].delta, chunk.choices[2].index, chunk.choices[2].finish_reason) == (None, 0, "7")


@pytest.mark.parametrize(
    ("raw_usage", "usage"),
    [
        (None, None),
        (b"null", None),
        (b"3", None),
        (b"[]", None),
        (b'{"prompt_tokens":"x"}', None),
        (b'{"prompt_tokens":-1}', None),
        (b'{"prompt_tokens":18446744073709551616}', None),
        (b'{"x":"\xff","prompt_tokens":1}', Usage(1)),
        (b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"x":{}}', Usage(1, 2, 3)),
    ],
)
def test_usage_is_read_where_there_is_one(raw_usage: bytes | None, usage: Usage | None) -> None:
    assert usage_of(raw_usage) == usage


def test_a_value_is_read_whatever_its_strings_hold() -> None:
    assert value_of(b'{"a":"\\ud83dx"}') == {"a": "?x"}
    assert value_of(b'{"a":"\xffx"}') == {"a": "\ufffdx"}
