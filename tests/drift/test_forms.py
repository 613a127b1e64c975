"""Languages have their words in common, but for those that mean something else in one of them."""

from gateway.drift.values.forms import Forms

PET, DRINK = ("pet", "cat"), ("drink", "tea")
SENSES = (
    (PET, "gato"),
    (PET, "kat*"),
    (PET, "猫"),
    (PET, "猫咪*"),
    (DRINK, "te"),
    (PET, "te"),
    (DRINK, "ice-tea"),
)


def test_what_is_left_out_is_found_no_more_and_all_else_as_before() -> None:
    every = Forms(SENSES)
    found = every.without({"te", "kat*", "猫咪*"})
    assert (found.words, found.prefixes) == ({"gato": [PET], "ice-tea": [DRINK]}, {})
    assert found.glyphs == {"猫": [("猫", PET)]}
    assert (every.words["te"], every.prefixes) == ([DRINK, PET], {"kat": [PET]})
    assert every.glyphs == {"猫": [("猫咪", PET), ("猫", PET)]}


def test_a_word_is_left_out_only_as_it_is_written_in_the_list() -> None:
    found = Forms(SENSES).without({"kat", "gato*", "猫咪"})
    assert found.words.keys() == {"gato", "te", "ice-tea"}
    assert found.prefixes.keys() == {"kat"}
    assert found.glyphs == {"猫": [("猫咪", PET), ("猫", PET)]}


def test_all_that_follows_from_the_words_is_that_of_those_left() -> None:
    found = Forms(SENSES).without({"ice-tea", "猫", "猫咪*", "kat*"})
    assert (found.heads, found.halves) == (frozenset(), {})
    assert found.first.search("猫") is None


def test_what_nothing_is_left_out_of_is_shared() -> None:
    every = Forms(SENSES)
    found = every.without({"te"})
    assert found.words["gato"] is every.words["gato"]
    assert found.prefixes is every.prefixes
    assert found.glyphs is every.glyphs
