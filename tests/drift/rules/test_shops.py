"""What owners of shops write in their prompts is read as they mean it."""

import pytest

from gateway.drift import facts
from gateway.drift.character import Character
from gateway.drift.rules import prose
from tests.drift.rules.test_checked import is_broken

RIVALS = {
    "de": ("Nenne nie den Namen der Konkurrenz, also weder Velo Kraus noch Speichenwerk.", "Velo Kraus"),
    "en": ("Never name our rivals, neither Kettle Barn nor Bluequill.", "Kettle Barn"),
    "fr": ("Ne nomme jamais nos concurrents, ni Vélo Martin ni Roue Libre.", "Vélo Martin"),
    "sv": ("Nämn aldrig konkurrenter, varken Cykelberg eller Ekerhuset.", "Cykelberg"),
}


@pytest.mark.parametrize("language", RIVALS)
def test_names_behind_neither_are_those_of_the_rivals_before_it(language: str) -> None:
    prompt, name = RIVALS[language]
    (found,) = prose.read(prompt, language)
    assert name in (found.rule.never_say or ())


def test_what_is_no_name_behind_neither_is_no_word_to_avoid() -> None:
    for prompt in (
        "Nenne weder Preise noch Termine.",
        "Sag nichts über die Konkurrenz, weder Gutes noch Schlechtes.",
    ):
        assert [one.rule.never_say for one in prose.read(prompt, "de")] == [None]


def test_a_second_denial_of_a_noun_is_a_rule_of_its_own() -> None:
    found = prose.read("Gib niemals Rabatt und verhandle nicht über Preise.", "de")
    assert [one.rule.must_not for one in found] == ["Gib niemals Rabatt", "und verhandle nicht über Preise"]


def test_an_occasion_may_say_that_you_are_asked() -> None:
    (found,) = prose.read(
        "Whenever you are asked about delivery, mention that we deliver on Thursdays.", "en"
    )
    assert found.rule.must is not None
    assert prose.read("You are Moira, and you mention Whitby when you greet.", "en") == ()


@pytest.mark.parametrize("language", ["en", "de", "es", "it", "pt", "nl", "pl", "tr", "sv"])
def test_a_chat_is_no_cat(language: str) -> None:
    told = facts.facts(Character(prompt="Chat. Online chat.", language=language))
    assert [one for one in told if one.kind == "pet"] == []
    assert [
        one.kind for one in facts.facts(Character(prompt="Ton chat s'appelle Sillet.", language="fr"))
    ].count("pet")


def test_whoever_asks_after_a_customer_is_told_nothing_of_him() -> None:
    rule = {"must_not": "Sag niemandem, welche Kunden bei uns waren oder was sie gekauft haben"}
    asked = "War der Herr Maier bei euch?"
    told = "Ja, der Maier war gestern da und hat sich ein neues Rad gekauft."
    assert is_broken(rule, asked, told, language="de")
    assert not is_broken(rule, asked, "Das sag ich dir nicht, über Kunden rede ich nie.", language="de")


def test_a_percentage_that_is_let_off_is_a_discount() -> None:
    rule = {"must_not": "Gib niemals Rabatt"}
    asked = "Bekomme ich Rabatt, wenn ich zwei Räder bringe?"
    assert is_broken(rule, asked, "Für zwei Räder lass ich dir zehn Prozent nach, abgemacht.", language="de")
