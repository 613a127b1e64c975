"""Bytes are cut at any place, as networks do."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import strategies as st


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut the data into pieces at these places; a place outside of it cuts nothing."""
    borders = [0, *sorted({place for place in places if 0 < place < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(borders)]


def pieces(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Cut the data at random places, or into single bytes."""
    somewhere = st.lists(st.integers(1, max(1, len(data))), max_size=30).map(lambda at: cut(data, at))
    return somewhere | st.just([data[at : at + 1] for at in range(len(data))])
