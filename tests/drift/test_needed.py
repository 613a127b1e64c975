"""A pattern that is not tried for want of its wordings would not have matched."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.drift import language
from gateway.drift.breaks.needed import folded, needed
from gateway.drift.breaks.patterns import patterns
from gateway.drift.text import Stretch

pytestmark = pytest.mark.slow

WORDINGS = patterns(language.packaged()).by_language


@pytest.mark.parametrize(
    ("pattern", "wordings"),
    [
        ("colou?r", ("colo",)),
        ("(?:as an|being an) (?:AI|model)", ("as an", "being an")),
        ("(?<!\\w)(?:language )?models?(?!\\w)", ("model",)),
        ("[a-z]+ing|[)\\]]{2,3}x", ()),
        ("I (?:(?-i:GPT)|Claude)+? said", (" said",)),
        ("yapay zekâyım|İNSAN DEĞİLİM", ("insan değilim", "yapay zekâyim")),
        ("a|", ()),
        ("(?:x{0,2}|yes) no{2}t", (" n",)),
    ],
)
def test_the_wordings_that_a_pattern_needs_are_read_from_it(pattern: str, wordings: tuple[str, ...]) -> None:
    assert needed(pattern) == wordings


@pytest.mark.parametrize("code", ["en", "de", "tr", "fr", "ja", "ru"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_pattern_matches_has_what_it_needs(code: str, data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from([compiled for _, compiled in WORDINGS[code].compiled]))
    text = data.draw(st.from_regex(re.compile(pattern.pattern, pattern.flags)))
    assert pattern.search(text)
    assert pattern in [likely for _, likely in WORDINGS[code].likely(Stretch(text).lower)], needed(
        pattern.pattern
    )


def test_letters_that_a_pattern_takes_for_the_same_are_one() -> None:
    assert re.search("yapay zekayım", "YAPAY ZEKAYIM", re.IGNORECASE)
    assert folded("YAPAY ZEKAYIM".lower()) == needed("yapay zekayım")[0]
