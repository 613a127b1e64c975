"""Rules are decoded strictly, and a wrong one is told by its place, its cause and its remedy."""

import json
from typing import Any

import pytest

from gateway.drift.declared import DeclarationError
from gateway.drift.rule import MOST, Read, Rule, decode, effective, encode

READ = Read(id="prose:0badcafe", rule=Rule(must_not="talk about prices"), source="Never talk about prices.")
SHORT = Read(id="prose:00000001", rule=Rule(language="en"), source="English only.")


@pytest.mark.parametrize(
    "rule",
    [
        {"never_say": ["Acme", "Globex"]},
        {"must_not": "promise a delivery date", "severity": "warn", "name": "dates"},
        {"must": "ask for the order number"},
        {"language": "en"},
        {"language": ["en", "fr"]},
        {"length": {"max_sentences": 3, "max_words": 60}},
        {"format": {"emoji": False, "lists": False}},
        {"format": {"emoji": 1}},
        {"from": "prose:0badcafe", "off": True},
        {"from": "prose:0badcafe"},
    ],
)
def test_a_rule_comes_back_as_it_was_written(rule: dict[str, Any]) -> None:
    assert json.loads(json.dumps(encode(decode([rule])))) == [rule]


@pytest.mark.parametrize(
    ("rule", "loc", "said"),
    [
        ({"must_not": "x", "must": "y"}, (0,), "rule of its own"),
        ({}, (0,), "says nothing"),
        ({"name": "only a name"}, (0,), "says nothing"),
        ({"must_not": "  "}, (0, "must_not"), "1 to"),
        ({"must": "x" * 2_001}, (0, "must"), "2000 characters"),
        ({"never_say": []}, (0, "never_say"), "1 to"),
        ({"never_say": ["fine", "…"]}, (0, "never_say", 1), "letter or digit"),
        ({"language": "english"}, (0, "language"), "`english`"),
        ({"language": []}, (0, "language"), "at least one"),
        ({"length": {}}, (0, "length"), "at least one limit"),
        ({"length": {"max_words": 0}}, (0, "length", "max_words"), "at least 1"),
        ({"format": {"emoji": True}}, (0, "format", "emoji"), "leave it out"),
        ({"format": {"lists": False, "emoji": -1}}, (0, "format", "emoji"), "at least 0"),
        ({"must": "x", "severity": "fatal"}, (0,), "- at `$.severity`; there are: break, warn."),
        ({"must": "x", "colour": "red"}, (0,), "`colour`; known are: never_say, must_not, must, language,"),
        ({"format": {"colour": True}}, (0,), "`colour` - at `$.format`."),
        ({"off": True}, (0,), "says nothing"),
        ({"from": "prose:0badcafe", "off": True, "must": "x"}, (0, "off"), "beside `off`"),
        ({"from": "rule 7"}, (0, "from"), "prose:"),
        ({"must": "x", "name": ""}, (0, "name"), "1 to"),
        ({"from": "prose:" + "0badcafe" * 8}, (0, "from"), "such as prose:"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(rule: Any, loc: tuple[object, ...], said: str) -> None:
    with pytest.raises(DeclarationError) as told:
        decode([rule])
    assert told.value.loc == loc
    assert said in str(told.value)


def test_rules_have_a_bound() -> None:
    with pytest.raises(DeclarationError, match="at most"):
        decode([{"must": "x"}] * (MOST + 1))
    with pytest.raises(DeclarationError, match="list of objects"):
        decode({"must": "x"})


def test_what_was_read_holds_until_it_is_switched_off() -> None:
    assert [one.basis for one in effective((), (READ,))] == ["prose:0badcafe"]
    assert effective(decode([{"from": READ.id, "off": True}]), (READ,)) == ()


def test_a_confirmed_rule_is_the_owners_and_keeps_its_sentence() -> None:
    (one,) = effective(decode([{"from": READ.id, "name": "prices", "severity": "warn"}]), (READ,))
    assert (one.basis, one.source, one.is_declared) == ("rules[0]", READ.source, True)
    assert (one.rule.must_not, one.title, one.is_warning) == ("talk about prices", "prices", True)


def test_a_corrected_rule_stands_in_place_of_what_was_read() -> None:
    (one,) = effective(decode([{"from": READ.id, "must_not": "talk about wholesale prices"}]), (READ,))
    assert one.rule.must_not == "talk about wholesale prices"


def test_a_declared_language_or_limit_stands_in_place_of_one_that_was_read() -> None:
    limit = Read(id="prose:00000002", rule=decode([{"length": {"max_words": 40}}])[0], source="Forty words.")
    declared = decode([{"language": ["en", "de"]}, {"length": {"max_words": 80}}])
    assert [one.basis for one in effective(declared, (SHORT, limit))] == ["rules[0]", "rules[1]"]
