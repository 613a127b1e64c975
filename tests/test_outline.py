"""The outline of a JSON text: counted from its bytes, as the objects would be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import outline

TEXT = st.text(st.sampled_from('ab,:{}[]"\\\n\u00e9\U0001f600'), max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


def values(tree: Any) -> int:
    if isinstance(tree, dict):
        return 1 + sum(1 + values(value) for value in tree.values())
    return 1 + (sum(map(values, tree)) if isinstance(tree, list) else 0)


def depth(tree: Any) -> int:
    inner = list(tree.values()) if isinstance(tree, dict) else tree
    return 1 + max(map(depth, inner), default=0) if isinstance(tree, dict | list) else 0


def exceeds(tree: Any, *, ascii_: bool = False, **limits: int) -> bool:
    return outline.exceeds(json.dumps(tree, ensure_ascii=ascii_).encode(), **limits) is not None


@given(JSON, st.booleans())
def test_nothing_within_the_limits_is_refused(tree: Any, ascii_: bool) -> None:
    # An empty list counts as one value more, for its bracket looks like that of a list with one.
    assert not exceeds(tree, ascii_=ascii_, values=2 * values(tree) + 1, depth=depth(tree))


@given(JSON, st.booleans())
def test_nothing_beyond_the_limits_passes(tree: Any, ascii_: bool) -> None:
    assert exceeds(tree, ascii_=ascii_, values=values(tree) - 1, depth=1000)
    if depth(tree):
        assert exceeds(tree, ascii_=ascii_, values=1000, depth=depth(tree) - 1)


@pytest.mark.parametrize(
    "text",
    [
        "[" + "1," * 1000 + "1]",
        "[" + '"",' * 1000 + '""]',
        "{" + ",".join(f'"{number}":1' for number in range(600)) + "}",
        "[" + "[]," * 600 + "[]]",
        "[" * 30 + "]" * 30,
    ],
)
def test_many_small_values_are_too_many(text: str) -> None:
    assert outline.exceeds(text.encode(), values=1000, depth=20)


def test_a_prompt_of_commas_and_brackets_is_one_value() -> None:
    prompt = '[{,:"\\' * 10_000
    assert not exceeds({"prompt": prompt}, values=3, depth=1)
