"""A judge is believed if its quote is in the answer, its field was given, and its figures are in range."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.judge.judgement import SCHEMA, SHORTEST, DiscardedError, Opinion, find, weigh

ANSWER = "I am forty, dear.\n\nAnd   I never\tdrank tea in my life."
OFFERED = {"prompt", "layers.age"}
FINE: dict[str, Any] = {
    "voice": 0.1,
    "values": None,
    "coherence": 5,
    "contradicted_field": None,
    "quote": None,
}
BREAK = {"rules": 1.0, "broken_rule": "rules[0]", "quote": "I am forty"}
LIE = {"values": 0.9, "contradicted_field": "layers.age", "quote": "I am forty"}


def said(**more: Any) -> str:
    return json.dumps({**FINE, **more})


def test_an_opinion_without_accusation_needs_no_quote() -> None:
    found = weigh(said(), ANSWER, OFFERED)
    assert found == (
        Opinion(voice=0.1, values=None, coherence=5.0, contradicted_field=None, quote=None),
        None,
        None,
    )
    assert weigh(said(quote=" \n"), ANSWER, OFFERED).start is None


def test_an_accusation_has_its_place_in_the_answer() -> None:
    found = weigh(said(**LIE), ANSWER, OFFERED)
    assert (found.start, found.end) == (0, 10)
    assert found.opinion.contradicted_field == "layers.age"


@pytest.mark.parametrize(
    "quote", ["And I never drank tea", "  And I\nnever drank\u2003tea ", "tea in my life."]
)
def test_a_quote_may_be_spaced_otherwise(quote: str) -> None:
    found = weigh(said(voice=0.7, quote=quote), ANSWER, OFFERED)
    assert ANSWER[found.start : found.end].split() == quote.split()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "form"),
        ("", "form"),
        ("no JSON", "form"),
        ("[]", "form"),
        ("null", "form"),
        ("[" * 2000, "form"),
        ("```json\n" + said() + "\n```", "form"),
        (said(voice=1.01), "form"),
        (said(voice=-0.01), "form"),
        (said(voice=None), "form"),
        (said(voice="0.5"), "form"),
        (said(values=2), "form"),
        (said(coherence=0), "form"),
        (said(coherence=5.5), "form"),
        (said(coherence=None), "form"),
        (said(quote=3), "form"),
        (said(reason="because"), "form"),
        (said(voice=float("nan")), "form"),
        ('{"voice": 0.1}', "form"),
        (said(**{**LIE, "contradicted_field": "layers.shoes"}), "not given"),
        (said(contradicted_field="layers.shoes", values=0.1), "not given"),
        (said(**{**LIE, "contradicted_field": ""}), "not given"),
        (said(**{**LIE, "contradicted_field": None}), "which field is contradicted"),
        (said(**{**LIE, "values": None}), "none is touched"),
        (said(**{**LIE, "quote": None}), "without a quote"),
        (said(**{**LIE, "quote": "  "}), "without a quote"),
        (said(voice=0.5), "without a quote"),
        (said(**{**LIE, "quote": "I am fifty"}), "not in the answer"),
        (said(quote="I am fifty"), "not in the answer"),
        (said(voice=0.9, quote="i AM forty"), "not in the answer"),
        (said(voice=0.9, quote="am"), "not in the answer"),
        (said(voice=0.9, quote=ANSWER + "!"), "not in the answer"),
    ],
)
def test_other_opinions_are_discarded(text: str | None, why: str) -> None:
    with pytest.raises(DiscardedError, match=why):
        weigh(text, ANSWER, OFFERED)


def test_the_schema_asks_for_what_is_read() -> None:
    assert SCHEMA["required"] == list(SCHEMA["properties"]) == list(Opinion.__struct_fields__)


@given(st.text(min_size=1), st.data())
def test_whatever_stands_in_an_answer_is_found(answer: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(answer) - 1))
    quote = answer[start : data.draw(st.integers(start + 1, len(answer)))]
    span = find(quote, answer)
    if span is None:
        assert len(" ".join(quote.split())) < SHORTEST
    else:
        assert answer[slice(*span)].split() == quote.split()


def test_a_broken_rule_is_one_that_was_given() -> None:
    found = weigh(said(**BREAK), ANSWER, OFFERED, {"rules[0]"})
    assert (found.opinion.rules, found.opinion.broken_rule, found.end) == (1.0, "rules[0]", 10)
    lies: list[tuple[dict[str, Any], str]] = [
        ({}, "not given"),
        ({"broken_rule": None}, "which rule is broken"),
        ({"rules": None}, "none is touched"),
        ({"quote": None}, "without a quote"),
        ({"quote": "I never said"}, "not in the answer"),
    ]
    for lie, why in lies:
        with pytest.raises(DiscardedError, match=why):
            weigh(said(**{**BREAK, **lie}), ANSWER, OFFERED, {"rules[0]"} if lie else {"rules[1]"})
