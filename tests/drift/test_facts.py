"""What an owner says of a figure is what answers are held against."""

import msgspec
import pytest

from gateway.drift import scorer
from gateway.drift.character import Character
from gateway.drift.declared import DeclarationError
from gateway.drift.fact import decode
from gateway.drift.facts import facts
from gateway.drift.profile import Profile

ADA = Character(
    name="Ada",
    prompt="You are Ada of the repair desk. A repair costs 25 EUR. We open at 9:30.",
    fields={"surface": {"phone": "0555 123 456"}},
)
ASKED = "What does a repair cost?"


def accused(character: Character, answer: str, asked: str = ASKED) -> list[str]:
    score, _ = scorer.score(Profile(character), scorer.BEGINNING, asked, answer)
    return sorted({str(one.basis) for one in score.signals if one.axis == "values"})


def settled(said: str, **answer: object) -> Character:
    (id,) = [one.id for one in facts(ADA) if one.said == said]
    return msgspec.structs.replace(ADA, facts=decode([{"from": id, **answer}]))


def test_what_is_read_bears_an_id_and_is_told_as_it_is_written() -> None:
    found = facts(ADA)
    assert {one.said for one in found} >= {"25 EUR", "9:30", "0555 123 456"}
    assert len({one.id for one in found}) == len(found)
    longer = msgspec.structs.replace(ADA, prompt=f"Good day. {ADA.prompt}")
    assert [one.id for one in facts(longer)] == [one.id for one in found]


def test_a_figure_accuses_an_answer_until_it_is_switched_off() -> None:
    wrong = "A repair costs 40 EUR."
    (id,) = [one.id for one in facts(ADA) if one.said == "25 EUR"]
    assert accused(ADA, wrong) == [id]
    assert accused(settled("25 EUR"), wrong) == [id]
    off = settled("25 EUR", off=True)
    assert accused(off, wrong) == accused(off, "A repair costs 25 EUR.") == []


def test_a_correction_stands_in_place_of_its_figure() -> None:
    corrected = settled("25 EUR", text="A repair costs 40 EUR.")
    assert accused(corrected, "A repair costs 40 EUR.") == []
    assert accused(corrected, "A repair costs 25 EUR.") == ["facts[0]"]


def test_a_figure_of_a_layer_is_switched_off_as_one_of_the_prompt_is() -> None:
    wrong, asked = "Our phone number is 0555 999 888.", "What is your phone number?"
    assert accused(ADA, wrong, asked) == ["layers.surface.phone"]
    assert accused(settled("0555 123 456", off=True), wrong, asked) == []


def test_a_sentence_of_the_owners_own_is_held_against_answers() -> None:
    told = msgspec.structs.replace(ADA, facts=decode([{"text": "A new screen costs 80 EUR."}]))
    assert "facts[0]" in accused(told, "A new screen costs 95 EUR.", "What does a new screen cost?")


def test_one_figure_has_one_answer() -> None:
    with pytest.raises(DeclarationError, match="same id"):
        decode([{"from": "fact:1a2b3c4d"}, {"from": "fact:1a2b3c4d", "off": True}])


@pytest.mark.parametrize("told", [["a"] * 201, ["a" * 500] * 21])
def test_facts_are_few_and_short_enough_to_be_read_at_once(told: list[str]) -> None:
    with pytest.raises(DeclarationError, match="at most"):
        decode([{"text": text} for text in told])
    assert len(decode([{"text": text[:50]} for text in told[:200]])) == min(200, len(told))


@pytest.mark.parametrize(
    "told", ["Answer in at most three sentences.", "Keep it to 3 sentences and 60 words."]
)
def test_how_long_an_answer_may_be_is_no_fact(told: str) -> None:
    brief = msgspec.structs.replace(ADA, prompt=f"{ADA.prompt} {told} We have three vans.")
    assert [one.said for one in facts(brief)][1:] == ["25 EUR", "9:30", "three vans"]
    assert accused(brief, "Of course, I can say it in two sentences.", "Can you say it in two words?") == []
    (id,) = [one.id for one in facts(brief) if one.said == "three vans"]
    assert accused(brief, "We have two vans.", "How many vans do you have?") == [id]


def test_a_fact_is_named_by_the_same_id_whatever_else_of_its_sentence_is_settled() -> None:
    shop = msgspec.structs.replace(ADA, prompt="You are Ada. The kettle costs 39 EUR, the grinder 89 EUR.")
    kettle, grinder = [one.id for one in facts(shop) if one.kind == "eur"]
    told = decode([{"from": kettle, "text": "The kettle costs 42 EUR."}])
    corrected = msgspec.structs.replace(shop, facts=told)
    assert accused(corrected, "The grinder costs 99 EUR.", "What does the grinder cost?") == [grinder]


def test_a_figure_at_the_end_of_a_sentence_is_told_without_its_stop() -> None:
    shop = msgspec.structs.replace(
        ADA, prompt="We open from 10 am to 2 pm. Our telephone is +31 30 555 01 23."
    )
    told = {one.said: one.source for one in facts(shop) if one.basis == "prompt"}
    assert told["2 pm"] == "We open from 10 am to 2 pm"
    assert "+31 30 555 01 23" in told


def test_one_number_is_accused_once() -> None:
    shop = msgspec.structs.replace(ADA, prompt="You are Ada. Goods can be returned within 30 days.")
    asked, answer = "How long can I return it?", "Goods can be returned within 14 days."
    score, _ = scorer.score(Profile(shop), scorer.BEGINNING, asked, answer)
    assert [answer[one.start : one.end] for one in score.signals if one.axis == "values"] == ["14 days"]
