"""Requests: what is refused, what is spliced in, and that everything else stays as the caller wrote it."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Fault, Refusal
from gateway.openai_api.request import ChatRequest, encode

OURS = ("model", "messages")
MESSAGES = b'[{"role":"user","content":"Hi"}]'

space = st.sampled_from(["", "", " ", "\n", "\t", " \r\n "])
numbers = st.sampled_from(
    ["0", "-0", "1.0", "1e5", "1E+05", "-0.0", "1e-7", "0.10", "18446744073709551616", "1e999", "9" * 60]
)
plain = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=8)
escapes = st.sampled_from(["\\u00e9", "\\ud83d\\ude00", "\\n", "\\/", "\\\\", '\\"', "\\u0000", "\\u2028"])
strings = st.lists(plain | escapes, max_size=4).map(lambda parts: f'"{"".join(parts)}"')
names = st.sampled_from(["temperature", "x", "metadata", "ğ", "\\u0061", "user", "logit_bias", ""])


def _object(pairs: list[tuple[str, str]], around: str) -> str:
    return "{" + ",".join(f'{around}"{name}"{around}:{around}{value}{around}' for name, value in pairs) + "}"


values: st.SearchStrategy[str] = st.recursive(
    numbers | strings | st.sampled_from(["true", "false", "null"]),
    lambda inner: st.one_of(
        st.builds(
            lambda items, around: "[" + ",".join(around + item + around for item in items) + "]",
            st.lists(inner, max_size=3),
            space,
        ),
        # Repeated names inside a value stay, too.
        st.builds(_object, st.lists(st.tuples(names, inner), max_size=3), space),
    ),
    max_leaves=8,
)
fields = st.lists(st.tuples(names, values), max_size=6)


def parse(**changed: bytes | None) -> ChatRequest:
    """Parse a request with these raw values; `None` leaves one out."""
    raw = {"model": b'"persona/a"', "messages": MESSAGES} | changed
    return ChatRequest.parse(
        b"{" + b",".join(b'"%b":%b' % (name.encode(), value) for name, value in raw.items() if value) + b"}"
    )


def refused(body: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ChatRequest.parse(body)
    assert caught.value.fault is Fault.REQUEST_INVALID
    assert caught.value.status == 400
    return caught.value


def encoded(*sent: Any, include_usage: bool) -> bytes:
    """Encode a body as a small one, and see that a large one would be the same."""
    small = encode(*sent, include_usage=include_usage)
    assert bytes(encode(*sent, include_usage=include_usage, is_large=True)) == small
    return bytes(small)


def raw(body: bytes) -> dict[str, bytes]:
    return {
        name: bytes(value) for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()
    }


@given(fields, space, st.booleans())
def test_splicing_keeps_every_other_value_byte_for_byte(
    others: list[tuple[str, str]], around: str, include_usage: bool
) -> None:
    pairs = [("model", '"persona/old"'), *others, ("messages", MESSAGES.decode()), ("model", '"persona/a"')]
    body = (around + _object(pairs, around) + around).encode()
    request = ChatRequest.parse(body)
    assert request.model == "persona/a"
    sent = encoded(request.for_persona({}), [b"[1]"], "gpt", include_usage=include_usage)
    expected = {json.loads(f'"{name}"'): value.encode() for name, value in pairs}
    expected |= {"model": b'"gpt"', "messages": b"[1]"}
    if include_usage:
        expected["stream_options"] = b'{"include_usage":true}'
    assert raw(sent) == expected
    assert json.loads(sent).keys() == expected.keys()


@given(fields)
def test_stream_options_keep_what_else_is_in_them(others: list[tuple[str, str]]) -> None:
    given_options = _object([("include_usage", "false"), *others], " ").encode()
    request = parse(stream=b"true", stream_options=given_options)
    assert not request.wants_usage
    options = raw(raw(encoded(request.fields, [MESSAGES], "gpt", include_usage=True))["stream_options"])
    expected = {json.loads(f'"{name}"'): value.encode() for name, value in others}
    assert options == expected | {"include_usage": b"true"}


@pytest.mark.parametrize("options", [None, b"null", b"{}"])
def test_stream_options_are_made_where_there_are_none(options: bytes | None) -> None:
    request = parse(stream=b"true", stream_options=options)
    sent = raw(encoded(request.fields, [MESSAGES], "gpt", include_usage=True))
    assert sent["stream_options"] == b'{"include_usage":true}'


def test_stream_options_stay_as_they_are_where_usage_is_not_asked_for() -> None:
    sent = encoded(parse(stream_options=b'{"x":1}').fields, [MESSAGES], "gpt", include_usage=False)
    assert raw(sent)["stream_options"] == b'{"x":1}'


@pytest.mark.parametrize(
    ("stream", "options", "wants"),
    [
        (b"true", b'{"include_usage":true}', True),
        (b"true", b'{"include_usage" : true , "x":1}', True),
        (b"true", b'{"include_usage":null}', False),
        (b"true", b"null", False),
        (b"true", b"[]", False),
        (b"false", b'{"include_usage":true}', False),
        (None, b'{"include_usage":true}', False),
    ],
)
def test_usage_is_wanted_by_a_stream_that_asks_for_it(
    stream: bytes | None, options: bytes, wants: bool
) -> None:
    assert parse(stream=stream, stream_options=options).wants_usage is wants


def test_stream_options_that_are_nested_too_deeply_are_refused() -> None:
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    with pytest.raises(Refusal, match="stream_options"):
        encoded({"stream_options": msgspec.Raw(deep)}, [MESSAGES], "gpt", include_usage=True)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "it is not valid JSON"),
        (b"{", "it is not valid JSON"),
        (b"nonsense", "it is not valid JSON"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[]} x', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[]}{}', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[],"temperature":NaN}', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[],"temperature":Infinity}', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[],"x":01}', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[],"x":"a\nb"}', "it is not valid JSON"),
        (b'{"model":"persona/a","messages":[],"x":[{"y":"\xff"}]}', "it is not UTF-8 at byte 46"),
        (b'{"model":"persona/a","messages":[],"x":"\xed\xa0\xbd"}', "it is not UTF-8 at byte 40"),
        (b"[]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b'"text"', "it is not a JSON object"),
        (b"[" * 100_000, "its JSON is nested too deeply"),
        (b'{"a":' * 100_000, "its JSON is nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "its JSON is nested too deeply"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, problem: str) -> None:
    # An array or an object may be found out to be of the wrong type before it is to be too deep.
    if body.startswith(b"[["):
        problem = "it is not a JSON object"
    refusal = refused(body)
    assert problem in refusal.message
    assert refusal.details
    assert refusal.details[0].loc == []


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"model": None}, "model"),
        ({"model": b"null"}, "model"),
        ({"model": b"4"}, "model"),
        ({"model": b'["persona/a"]'}, "model"),
        ({"model": b"{}"}, "model"),
        ({"model": b'"' + b"a" * 16383 + b'"'}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": b"null"}, "messages"),
        ({"messages": b"{}"}, "messages"),
        ({"messages": b'"Hi"'}, "messages"),
        ({"stream": b'"yes"'}, "stream"),
        ({"stream": b"1"}, "stream"),
        ({"stream": b"[]"}, "stream"),
    ],
)
def test_a_field_that_we_need_is_named_where_it_is_wrong(
    changed: dict[str, bytes | None], param: str
) -> None:
    with pytest.raises(Refusal) as caught:
        parse(**changed)
    refusal = caught.value
    assert (refusal.fault, refusal.param) == (Fault.REQUEST_INVALID, param)
    assert f"`{param}`" in refusal.message
    assert refusal.details
    assert refusal.details[0].loc == [param]


@given(st.binary(max_size=40) | fields.map(lambda pairs: _object(pairs, "").encode()))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert ChatRequest.parse(body).body == body


def test_the_last_of_a_repeated_key_counts() -> None:
    request = ChatRequest.parse(
        b'{"model":3,"messages":1,"n":4,"messages":[{"role":"user"}],"model":"persona/\\u0061","n":2}'
    )
    assert (request.model, request.choices) == ("persona/a", 2)
    assert [bytes(message) for message in request.messages.each] == [b'{"role":"user"}']


@pytest.mark.parametrize(
    ("n", "choices"),
    [
        (None, 1),
        (b"null", 1),
        (b"1", 1),
        (b"3", 3),
        (b"0", 1),
        (b"-1", 1),
        (b"2.0", 1),
        (b'"2"', 1),
        (b"9999", 1),
    ],
)
def test_an_n_that_makes_no_sense_is_left_to_the_upstream(n: bytes | None, choices: int) -> None:
    assert parse(n=n).choices == choices


@pytest.mark.parametrize("stream", [None, b"null", b"false"])
def test_a_request_is_no_stream_unless_it_says_so(stream: bytes | None) -> None:
    assert not parse(stream=stream).stream
    assert parse(stream=b"true").stream


def defaulted(request: ChatRequest, **defaults: object) -> dict[str, Any]:
    raw_defaults = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in defaults.items()}
    found: dict[str, Any] = json.loads(msgspec.json.encode(request.for_persona(raw_defaults)))
    return {name: value for name, value in found.items() if name not in OURS}


@pytest.mark.parametrize("given_value", [None, b"null"])
def test_a_default_fills_in_what_is_absent_or_null(given_value: bytes | None) -> None:
    assert defaulted(parse(temperature=given_value), temperature=0.5) == {"temperature": 0.5}


@pytest.mark.parametrize("given_value", [b"0", b"false", b'""', b"[]", b"{}", b"0.0"])
def test_a_default_never_overrides(given_value: bytes) -> None:
    sent = parse(temperature=given_value).for_persona({"temperature": msgspec.Raw(b"0.5")})
    assert bytes(sent["temperature"]) == given_value


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"Max_Completion_Tokens": b"5"}, "Max_Completion_Tokens"),
        ({"MAX_TOKENS": b"5"}, "MAX_TOKENS"),
        ({"reasoning": b'{"Effort":"low"}'}, "reasoning.Effort"),
        ({"Reasoning": b'{"effort":"low"}'}, "Reasoning"),
        ({"extra_body": b'{"Google":{"thinking_config":1}}'}, "extra_body.Google"),
        ({"extra_body": b'{"google":{"Thinking_config":1}}'}, "extra_body.google.Thinking_config"),
    ],
)
def test_a_key_like_another_name_of_a_default_is_refused(given: dict[str, bytes], named: str) -> None:
    defaults = {"max_tokens": msgspec.Raw(b"9"), "reasoning_effort": msgspec.Raw(b'"high"')}
    with pytest.raises(Refusal) as caught:
        parse(**given).for_persona(defaults)
    assert (caught.value.fault, caught.value.param) == (Fault.REQUEST_INVALID, named)
    assert parse(**given).for_persona({"top_p": msgspec.Raw(b"1")}).keys() >= given.keys()


@pytest.mark.parametrize(
    ("asked", "other"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
def test_a_default_yields_to_the_other_name_of_its_parameter(asked: str, other: str) -> None:
    assert defaulted(parse(**{asked: b"7"}), **{other: 100}) == {asked: 7}
    assert defaulted(parse(**{asked: b"7"}), **{asked: 100}) == {asked: 7}


@pytest.mark.parametrize(
    ("changed", "need"),
    [
        ({}, None),
        ({"tools": b'[{"type":"function"}]'}, None),
        ({"modalities": b'["text"]'}, None),
        ({"modalities": b'["text","audio"]'}, ("audio", "modalities")),
        ({"audio": b"null"}, None),
        ({"audio": b'{"voice":"alloy"}'}, ("audio", "audio")),
        (
            {"messages": b'[{"role":"user","content":[{"type":"text","text":"x"},"y",{"type":"refusal"}]}]'},
            None,
        ),
        ({"messages": b'[{"role":"user","content":[{"type":"image_url"}]}]'}, ("images", "messages")),
        ({"messages": b'[{"role":"user","content":[{"type":"input_audio"}]}]'}, ("audio", "messages")),
        ({"messages": b'[{"role":"user","content":[{"type":"file"}]}]'}, ("files", "messages")),
        (
            {"messages": b'[{"role":"user","content":""},{"role":"user","content":null},{"role":"user"}]'},
            None,
        ),
    ],
)
def test_what_a_text_only_model_lacks_is_named(
    changed: dict[str, bytes], need: tuple[str, str] | None
) -> None:
    assert parse(**changed).needs_more_than_text() == need
