"""Patterns that are compiled late work as those that are compiled at once."""

import re

import pytest

from gateway.drift.lazily import lazily


def test_a_late_pattern_works_as_the_compiled_one_does() -> None:
    late, compiled = lazily(r"(\w)at", re.IGNORECASE), re.compile(r"(\w)at", re.IGNORECASE)
    text = "A cat, a Hat and a mat."
    for _ in range(2):
        assert late.findall(text) == compiled.findall(text)
        assert late.sub("og", text) == compiled.sub("og", text)
        assert [found.span(1) for found in late.finditer(text)] == [(2, 3), (9, 10), (19, 20)]
        assert (late.pattern, late.flags) == (compiled.pattern, compiled.flags)


def test_a_mistake_in_a_pattern_is_told_where_it_is_used() -> None:
    late = lazily("(")
    with pytest.raises(re.error):
        late.search("")
