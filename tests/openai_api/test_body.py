"""Bodies: what a large one may hold, half characters told with their place, and what gzip may become."""

import gzip
import json
import zlib
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.body import KEYS, decode_object
from gateway.openai_api.bounds import ESCAPES, LARGE, OUTSIDE, SLICE, Aside, require_few_values, require_utf8

BIG = 1 << 20


def refused(body: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decode_object(body)
    assert (caught.value.fault, caught.value.status) == (Fault.REQUEST_INVALID, 400)
    return caught.value


@pytest.mark.parametrize(
    ("body", "param", "told"),
    [
        (
            b'{"messages":[{"content":"a\\ud83d"}]}',
            "messages[0].content",
            "`messages[0].content` holds half of a surrogate pair, `\\ud83d` at byte 26; send whole",
        ),
        (
            b'{"a":{"b":[1,"\\ude00 x"]}}',
            "a.b[1]",
            "`a.b[1]` holds half of a surrogate pair, `\\ude00` at byte 14",
        ),
        (b'{"a":"\\ud83d\\ud83d\\ude00"}', "a", "`\\ud83d` at byte 6"),
        (b'{"a":"\\\\\\uD83Dx"}', "a", "`\\uD83D` at byte 8"),
        (b'{"a\\ud83d":1}', None, "it holds half of a surrogate pair, `\\ud83d` at byte 3"),
        (b'{"a":%b,"b":"\\ud83d"}' % (b"9" * 5000), None, "it holds half of a surrogate pair, `\\ud83d`"),
    ],
)
def test_half_a_character_is_told_with_its_place(body: bytes, param: str | None, told: str) -> None:
    refusal = refused(body)
    assert refusal.param == param
    assert told in refusal.message


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=4), st.booleans())
def test_whole_characters_are_no_halves(fields: dict[str, str], ascii_only: bool) -> None:
    valid = {key: value for key, value in fields.items() if (key + value).isprintable()}
    decode_object(json.dumps(valid, ensure_ascii=ascii_only).encode())


def test_a_byte_order_mark_is_no_part_of_a_body() -> None:
    assert decode_object(b'\xef\xbb\xbf{"a":1}').keys() == {"a"}


def test_an_integer_of_thousands_of_digits_goes_on() -> None:
    assert bytes(decode_object(b'{"a":%b}' % (b"9" * 5000))["a"]) == b"9" * 5000


def test_keys_are_counted() -> None:
    body = json.dumps({str(number): 1 for number in range(KEYS)}).encode()
    assert len(decode_object(body)) == KEYS
    assert "more than 1000 keys" in refused(body.replace(b"{", b'{"x":1,')).message


ends = st.sampled_from(["", "\\", '"', '\\"', "\\\\", "é", "[{,", "a" * 50])


@given(st.lists(ends, max_size=30), st.integers(SLICE - 60, SLICE + 60), st.integers(0, 40))
def test_values_are_counted_outside_of_strings_wherever_a_slice_ends(
    texts: list[str], padding: int, count: int
) -> None:
    """Neither commas in strings nor escapes at the border of a slice change the number."""
    said = ["," * padding, *texts, "," * BIG]
    body = json.dumps({"said": said, "more": [0] * count}).encode()
    values = len(said) + 1 + count
    require_few_values(body, values + 2)
    with pytest.raises(Refusal, match="values"):
        require_few_values(body, values - 2)


@pytest.mark.parametrize("escape", [b'\\"', b"\\u00e9", b"\\\\"])
def test_a_text_of_nothing_but_escapes_is_refused(escape: bytes) -> None:
    each = escape.count(b"\\")
    few, many = (escape * (count // each) for count in (ESCAPES, ESCAPES + 2))
    assert decode_object(b'{"messages":["' + few + b'"]}')
    with pytest.raises(Refusal, match="escapes"):
        decode_object(b'{"messages":["' + many + b'"]}')


@pytest.mark.parametrize("filling", [b"9", b" ", b"\n"])
def test_a_body_of_giant_numbers_or_white_space_is_refused(filling: bytes) -> None:
    few, many = filling * (OUTSIDE - LARGE), filling * OUTSIDE
    assert decode_object(b'{"n":1' + few + b"}")
    with pytest.raises(Refusal, match="beside its texts"):
        decode_object(b'{"n":1' + many + b"}")


@pytest.mark.parametrize("piece", [b"1,", b"[", b"{},", b'"', b'"":', b"{"])
def test_a_large_body_of_nothing_but_structure_is_refused(piece: bytes) -> None:
    with pytest.raises(Refusal, match="values"):
        decode_object(b'{"messages":[' + piece * (4 * BIG // len(piece)))


@given(
    st.integers(LARGE, LARGE + 5),
    st.sampled_from([b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc3"]),
    st.booleans(),
)
def test_the_place_of_a_bad_byte_is_counted_in_the_whole_body(
    start: int, bad: bytes, is_shifted: bool
) -> None:
    body = b"x" * is_shifted + "é".encode() * (start // 2) + bad
    with pytest.raises(UnicodeDecodeError) as expected:
        body.decode()
    with pytest.raises(UnicodeDecodeError) as found:
        require_utf8(body)
    assert found.value.start == expected.value.start


async def unpacked(body: bytes, limit: int = 32 * BIG) -> bytes:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    aside = Aside()
    try:
        return await edge.read_body({b"content-encoding": b"gzip"}, receive, limit, aside)
    finally:
        aside.close()


def members(texts: Iterable[bytes]) -> bytes:
    return b"".join(gzip.compress(text, mtime=0) for text in texts)


@pytest.mark.parametrize("texts", [[b"{}"], [b"{", b"}"], [b"", b"{}", b""], [b"a" * 70_000, b"b" * 70_000]])
async def test_all_members_of_gzip_are_read(texts: list[bytes]) -> None:
    assert await unpacked(members(texts)) == b"".join(texts)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"x",
        members([b"{", b"}"])[:-3],
        zlib.compress(b"{}"),
        members([b""] * 1001),
    ],
    ids=lambda body: str(len(body)),
)
async def test_what_is_no_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        await unpacked(body)
    assert caught.value.fault is Fault.REQUEST_INVALID


async def test_what_gzip_becomes_is_limited_by_its_own_size_and_in_all() -> None:
    assert len(await unpacked(gzip.compress(b"a" * edge.ALWAYS))) == edge.ALWAYS
    noise = json.dumps([str(number * 7919 % 100_003) for number in range(300_000)]).encode()
    assert await unpacked(gzip.compress(noise, 1)) == noise
    for body, limit in ((b"a" * 2 * BIG, 32 * BIG), (b"a" * BIG, BIG // 2), (noise * 8, 32 * BIG)):
        with pytest.raises(Refusal) as caught:
            await unpacked(gzip.compress(body, 1), limit)
        assert caught.value.fault is Fault.REQUEST_TOO_LARGE
