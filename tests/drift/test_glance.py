"""A glance at the words of a text misses nothing that a wing would find in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drift import glance, language
from gateway.drift.character import Character
from gateway.drift.coherence import relevance
from gateway.drift.glance import Glance
from gateway.drift.phrases import Phrases
from gateway.drift.profile import Profile
from gateway.drift.rules.shelf import empty
from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import lexicon
from gateway.drift.values.wordlist import LITERALS

BOOK = empty(language.packaged(), "en")
WORDS = st.text("abcé'-, .!", max_size=8)


@given(st.lists(st.text("abcé'- !", min_size=1, max_size=8), min_size=1, max_size=4), WORDS, WORDS, st.data())
def test_a_phrase_is_likely_wherever_it_stands(
    some: list[str], before: str, after: str, data: st.DataObject
) -> None:
    known = Phrases(some)
    phrase = data.draw(st.sampled_from(some))
    read = Stretch(f"{before}{phrase}{after}")
    assert phrase in known.likely(read)
    noted = Glance({1: known.tells}, lexicon("en"), BOOK, relevance.beginning)
    noted.note(read)
    assert read.notes == 1 or not read.runs


@pytest.mark.parametrize(
    ("literal", "code", "text"),
    [
        ("named", "en", "Folk here call it so, but my name's Ada."),
        ("named", "tr", "Sorduysan söyleyeyim, ismim Deniz."),
        ("assistant", "de", "Nun, als KI habe ich keine Heimat."),
        ("assistant", "en", "I speak as an AI, and nothing else."),
        ("modern", "en", "Look it up on those websites, then."),
        ("modern", "ja", "スマホで見てください。"),
        ("age_asked", "en", "Tell me, how old are you now?"),
    ],
)
def test_a_glance_leaves_the_literals_that_stand_there(literal: str, code: str, text: str) -> None:
    profile = Profile(Character(name="Ada", language=code, prompt="A smith."))
    words = lexicon(code, language.packaged())
    read = Stretch(text)
    profile.glance.note(read)
    assert read.notes & LITERALS[literal]
    assert words.stands_in(literal, read)


def test_a_text_of_which_nobody_has_a_word_is_nobodys() -> None:
    profile = Profile(Character(name="Ada", language="en", prompt="A smith."))
    read = Stretch("Steel listens.")
    profile.glance.note(read)
    assert read.notes == 0


def test_who_asks_for_a_name_is_heard() -> None:
    profile = Profile(Character(name="Ada", language="en", prompt="A smith."))
    read = Stretch("And where was that?")
    profile.glance.note(read)
    assert read.notes & glance.ASKING


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "We shut for a week, and an hour and a half is all that it takes."),
        ("de", "Das dauert eine halbe Stunde, mehr nicht."),
        ("fr", "Il faut une semaine, pas plus."),
        ("es", "Tarda media hora y nada más."),
        ("ja", "三日かかります。"),
        ("en", "Nothing here counts."),
    ],
)
def test_a_stretch_of_time_is_read_wherever_a_glance_was_cast_before(code: str, text: str) -> None:
    profile = Profile(Character(name="Ada", language=code, prompt="A smith."))
    noted = Stretch(text)
    profile.glance.note(noted)
    assert profile.facts.lexicon.read(noted).figures == profile.facts.lexicon.read(Stretch(text)).figures


@pytest.mark.parametrize("code", ["en", "fr", "ja"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Don't ask my mother-in-law: she's in New York until the 3rd of May, or 19:30.",
        "L'ami d'ici n'a pas dix-sept ans, c'est-à-dire qu'il en a vingt.",
        "A return of three lamps costs forty pounds, as I said - no more.",
        "三日かかります。Tea helps.",
    ],
)
def test_what_is_seen_at_a_glance_is_what_each_wing_would_look_up(code: str, text: str) -> None:
    profile = Profile(Character(name="Ada", language=code, prompt="A smith."))
    words, book = profile.facts.lexicon, profile.rules.phrasebook
    noted, alone = Stretch(text), Stretch(text)
    profile.glance.note(noted)
    seen, read = words.read(noted), words.read(alone)
    assert (seen.mentions, seen.columns, seen.numbers) == (read.mentions, read.columns, read.numbers)
    assert book.marks(noted) == book.marks(alone)
    assert book.content(noted) == book.content(alone)
    assert relevance.words(noted) == relevance.words(alone)
    # So it is in a part of it, whatever is cut at its ends.
    for start, end in ((0, 9), (2, len(text) - 3), (7, 7), (5, len(text))):
        part = noted.part(start, end)
        read, again = words.read(part), words.read(Stretch(text[start:end], start))
        assert (read.mentions, read.columns) == (again.mentions, again.columns)
        assert book.marks(part) == book.marks(Stretch(text[start:end]))
