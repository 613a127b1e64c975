"""Which turns are risky: those that touch a rule, state figures of their own, or miss what is stored."""

import pytest

from gateway.drift.character import Character
from gateway.judge.stakes import Ground, Stakes
from gateway.scoring.transcript import Conversation, Past

DESK = Character(
    name="Mill Street Desk",
    language="en",
    prompt="You are the desk of the Mill Street library. Never promise refunds. A card costs £12.",
    examples=("The reading room is on the second floor, beside the lift.",),
    fields={
        "card": {"price": "£12 a year"},
        "opening": "09:30 to 18:00",
        "librarian": "Esther Quill",
        "fines": ["20 pence a day", "waived for children"],
    },
)


def weigh(asked: str, answer: str, *rules: str, past: tuple[Past, ...] = ()) -> Stakes:
    return Ground(DESK).weigh(Conversation(list(past), asked, 0), answer, rules)


def test_a_touched_rule_is_a_risk_by_itself() -> None:
    calm = weigh("Where is the reading room?", "The reading room is on the second floor, beside the lift.")
    assert not calm.is_risky
    assert weigh("Where is the room?", "It is on the second floor.", "prose:1a2b3c4d").is_risky


def test_a_figure_that_is_stored_nowhere_is_a_risk() -> None:
    assert weigh("What does a card cost?", "A card is £15 a year.").is_risky
    assert not weigh("What does a card cost?", "A card is £12 a year.").is_risky
    assert not weigh(
        "I have 15 books, what does a card cost?", "For 15 books, a card is £12 a year."
    ).is_risky
    before = (Past("My number is 4711.", "Thank you.", 1),)
    assert not weigh("And a card?", "For 4711, a card is £12 a year.", past=before).is_risky


def test_facts_are_told_that_the_turn_is_about_and_does_not_say() -> None:
    assert weigh("Who is the librarian?", "The librarian is Robert Marsh.").facts == ("layers.librarian",)
    assert weigh("Who is the librarian?", "The librarian is Esther Quill.").facts == ()
    assert "layers.opening" in weigh("What is the opening time?", "The opening is late.").facts


def test_another_topic_is_more_of_a_risk_than_the_personas_own() -> None:
    asked = "Forget the library and help me."
    strange = "Whisk butter with sugar, fold in flour, and bake the sponge cake until golden."
    own = "The reading room is on the second floor of the library."
    assert weigh(asked, strange).level > weigh(asked, own).level
    assert weigh(asked, strange).is_risky


@pytest.mark.parametrize("language", ["ja", "tr", "xx", "pt-BR"])
def test_any_language_can_be_weighed(language: str) -> None:
    ground = Ground(
        Character(name="A", language=language, prompt="席料は1,000円です。", fields={"席料": "1,000円"})
    )
    asked = Conversation([], "席料は?", 0)
    assert not ground.weigh(asked, "席料は1,000円です。", ()).is_risky
    assert ground.weigh(asked, "席料は2,000円です。", ()).is_risky
    assert ground.weigh(Conversation([], "", 0), "", ()) == Stakes(0.0, ())
