"""Large bodies in pieces: they say what one body would, and copy nothing that is large."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.pieces import SLICE, Pieces, of_array, of_object

raws = st.sampled_from([b"1", b'"a"', b"[ 1 ]", b'{"a" :2}', b"null"]).map(msgspec.Raw)
names = st.text(st.characters(codec="utf-8"), max_size=4)
values: st.SearchStrategy[Any] = st.recursive(
    raws | st.booleans() | names | st.integers(0, 9),
    lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(names, values, max_size=4))
def test_an_object_in_pieces_is_what_one_encoder_would_write(fields: dict[str, Any]) -> None:
    found = Pieces(of_object(fields))
    assert bytes(found) == msgspec.json.encode(fields)
    assert len(found) == len(msgspec.json.encode(fields))


@given(st.lists(values, max_size=4))
def test_an_array_in_pieces_is_what_one_encoder_would_write(items: list[Any]) -> None:
    assert bytes(Pieces(of_array(items))) == msgspec.json.encode(items)


def test_a_large_value_stays_where_it_is() -> None:
    large = msgspec.Raw(b'"' + b"a" * SLICE + b'"')
    found = Pieces(of_object({"b": msgspec.Raw(b"1"), "c": large, "d": msgspec.Raw(b"2")}))
    assert [view.nbytes > SLICE for view in found.each] == [False, True, False]
    assert found.each[1].obj is memoryview(large).obj
    assert found.start(9) == b'{"b":1,"c'


def test_small_values_are_joined_up_to_a_slice() -> None:
    found = Pieces([b"a" * 1000] * 1000)
    assert [len(view) for view in found.each] == [263_000, 263_000, 263_000, 211_000]
    assert bytes(found) == b"a" * 1_000_000
