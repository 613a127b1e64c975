"""What rules cost has a bound, however long lines and answers are and however many prices stand in them."""

import pytest

from gateway.drift.character import Character
from gateway.drift.language import packaged
from gateway.drift.rule import decode
from gateway.drift.rules import prices
from gateway.drift.rules.check import TRIED, Rules
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.names import LISTED, denies_names
from gateway.drift.rules.shelf import phrasebook
from gateway.drift.text import Stretch

BREACH = "Vous serez remboursé, promis."


@pytest.mark.parametrize(("count", "is_tried"), [(1, True), (200, False)])
def test_many_rules_are_tried_on_fewer_of_the_example_lines(count: int, is_tried: bool) -> None:
    before = "La mer est calme. " * (TRIED // 200 // 10)
    rules = decode([{"must_not": f"promettre un remboursement {at}"} for at in range(count)])

    def doubted(*examples: str) -> int:
        made = Character(name="Anne", language="fr", prompt="Tu es Anne.", rules=rules, examples=examples)
        return len(Rules(made, "", packaged()).doubts)

    assert doubted() == 0
    assert doubted(BREACH) == count
    assert doubted(before, BREACH) == (count if is_tried else 0)


def test_prices_between_two_places_are_found_as_if_each_was_looked_at() -> None:
    book = phrasebook(packaged(), "en")
    assert book is not None
    answer = Marked(book, Stretch("It is 20 €, or 49.90 EUR a year. " * 40 + "£5"))
    found = prices.prices(answer)
    assert len(found) == 81
    for start in range(0, len(answer.text), 7):
        for end in (start, start + 9, start + 40, len(answer.text)):
            inside = [one for one in found if start <= one.start() and one.end() <= end]
            assert prices.within(answer, start, end) == inside


def test_an_amount_is_reckoned_the_same_whatever_was_asked_of_the_sums_before() -> None:
    book = phrasebook(packaged(), "en")
    assert book is not None
    known = frozenset({"20€", "35€"})

    def told(*amounts: str) -> list[bool]:
        asked, answer = Marked(book, Stretch("For 3?")), Marked(book, Stretch(" ".join(amounts)))
        return [prices.follows(one, asked, answer, known) for one in prices.prices(answer)]

    assert told("60 €", "55 €", "61 €", "60 €", "61 €") == [True, True, False, True, False]
    assert told("61 €", "60 €", "55 €") == [False, True, True]


def test_behind_each_denial_only_so_much_is_looked_at_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    book = phrasebook(packaged(), "en")
    assert book is not None
    looked: list[int] = []

    def look(_: Marked, _label: str, start: int, end: int) -> list[Mark]:
        looked.append(end - start)
        return []

    monkeypatch.setattr(Marked, "within", look)
    reading = Marked(book, Stretch("Never Skelder " * 1000))
    denies_names(reading, Mark(0, 5, "cue:never"), len(reading.text))
    assert set(looked) == {LISTED}
