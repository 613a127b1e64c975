"""Words that are never said are found however they are written, and nothing that only looks like them."""

import pytest

from gateway.drift.language import packaged
from gateway.drift.proper_names import proper_names
from gateway.drift.rules.terms import Forms, Terms, skeleton


def found(terms: list[str], text: str, *, are_read: bool = False) -> list[str]:
    seen, places = skeleton(text)
    known = Terms(terms, Forms.of(proper_names(packaged()), ands=["and"]), are_read=are_read)
    return [text[start:end] for start, end in known.find(text, seen, places)]


@pytest.mark.parametrize(
    ("term", "text", "span"),
    [
        ("Vexolar", "Try Vexolar instead.", "Vexolar"),
        ("Vexolar", "VEXOLAR's plan is cheaper.", "VEXOLAR's"),
        ("Vexolar", "Das ist bei Vexolars Tarif anders.", "Vexolars"),
        ("Vexolar", "V\u200bex\u00adolar is fine.", "V\u200bex\u00adolar"),
        ("Vexolar", "Vехоlаr is fine.", "Vехоlаr"),
        ("Vexolar", "Ｖｅｘｏｌａｒ is fine.", "Ｖｅｘｏｌａｒ"),
        ("Vexolar", "Véxolar is fine.", "Véxolar"),
        ("Nord Käse", "Bei Nord-Käse kostet es weniger.", "Nord-Käse"),
        ("Nord Käse", "Frag doch Nordkäse.", "Nordkäse"),
        ("Pim & Tomm", "Pim and Tomm have it.", "Pim and Tomm"),
        ("Kirmak", "Kirmak'ta daha ucuz.", "Kirmak'ta"),
        ("Kirmak", "Onu Kirmaktan alabilirsin.", "Kirmaktan"),
        ("Береста", "Спросите в «Бересте».", "Бересте"),
        ("青山亭", "青山亭のほうが安いですよ。", "青山亭"),
        ("great question", "Great  question! Let me see.", "Great  question"),
    ],
)
def test_a_term_is_found_in_its_forms(term: str, text: str, span: str) -> None:
    assert found([term], text) == [span]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("hell", "Hello there, shell is a fine word."),
        ("Mara", "The marathon starts at noon."),
        ("Vexolar", "A vexing solar panel."),
        ("can", "You cannot park here, candles are out."),
    ],
)
def test_another_word_is_not_the_term(term: str, text: str) -> None:
    assert found([term], text) == []


BEANS = ["Brewhaus", "Bean & Co", "Bean"]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("We sell a fine bean from Ethiopia, and beans from Peru.", []),
        ("Beans are roasted on Mondays. Our favourites? Beans!", []),
        ("Bean and Co has it, and brewhaus too.", ["Bean and Co", "brewhaus"]),
        ("Try Bean, or Bean's other shop.", ["Bean", "Bean's"]),
        ("Bean is cheaper.", ["Bean"]),
    ],
)
def test_a_word_of_a_name_that_was_read_is_the_name_only_where_it_is_written_as_one(
    text: str, spans: list[str]
) -> None:
    assert found(BEANS, text, are_read=True) == spans


def test_a_declared_word_is_found_however_it_is_written() -> None:
    assert found(BEANS, "We sell beans.") == ["beans"]


@pytest.mark.parametrize(
    ("term", "text", "span"),
    [
        ("Wilku Bartku", "Poczytaj, jest tam Wilek Bartek.", "Wilek Bartek"),
        ("Nadwiślanej", "Nadwiślana jeździ taniej.", "Nadwiślana"),
        ("Nadwiślana", "Spytaj w Nadwiślanej.", "Nadwiślanej"),
    ],
)
def test_a_name_is_found_in_another_case_than_the_prompt_has_it_in(term: str, text: str, span: str) -> None:
    seen, places = skeleton(text)
    rules = packaged()["pl"].rules
    assert rules is not None
    forms = Forms.of(proper_names(packaged()), (), rules.cases.split(), rules.fleeting.split())
    known = Terms([term], forms)
    assert [text[start:end] for start, end in known.find(text, seen, places)] == [span]
    assert any(one in seen for one in known.first)
