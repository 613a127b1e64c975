"""What an owner says of a figure is what answers are held against."""

import msgspec
import pytest

from gateway.drift import scorer
from gateway.drift.character import Character
from gateway.drift.declared import DeclarationError
from gateway.drift.fact import decode
from gateway.drift.facts import facts
from gateway.drift.facts import settled as settled_texts
from gateway.drift.profile import Profile
from gateway.drift.text import Stretch
from gateway.drift.values import segmentation, source
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.settlement import MOST
from gateway.drift.values.source import LONGEST

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


RHO = Character(
    name="Rho",
    prompt="You are Rho of the ferry desk. You live with a dog called Otto and your sister Marta in Leith. "
    "Otto sleeps in the window. You are a baker by trade.",
    fields={
        "home": "Leith, Edinburgh",
        "occupation": "night librarian",
        "dislikes": "elves",
        "founded": 1887,
        "motto": "slow is smooth",
        "cook": "Ansel Rook",
    },
)


def test_names_places_and_what_else_is_told_are_facts_with_what_they_belong_to() -> None:
    read = {(one.kind, one.said, one.about) for one in facts(RHO)}
    assert read >= {
        ("name", "Rho", "name"),
        ("place", "Leith, Edinburgh", "home"),
        ("job", "night librarian", "occupation"),
        ("dislikes", "elves", "dislikes"),
        ("of-the-calendar", "1887", "founded"),
        ("text", "slow is smooth", "motto"),
        ("name", "Ansel Rook", "cook"),
        ("name", "Otto", "dog"),
        ("pet", "dog", "You live with a dog called Otto and your sister Marta in Leith."),
        ("job", "baker", "You are a baker by trade."),
    }
    assert {one.kind for one in facts(RHO) if one.said == "Leith"} == {"place"}
    assert len({one.id for one in facts(RHO)}) == len(facts(RHO))


def of(character: Character, said: str, kind: str = "", **answer: object) -> Character:
    """Settle the fact that is said so."""
    id = next(one.id for one in facts(character) if one.said == said and kind in one.kind)
    return msgspec.structs.replace(character, facts=decode([{"from": id, **answer}]))


def named(language: str, prompt: str, **fields: object) -> Character:
    return Character(language=language, prompt=prompt, fields=fields)


@pytest.mark.parametrize(
    ("character", "said", "text", "asked", "answer"),
    [
        (
            RHO,
            "Otto",
            "The dog is called Milo, not Otto.",
            "What is your dog called?",
            "My dog is called {}.",
        ),
        (named("en", "You are Ada.", dog="Otto"), "Otto", "Milo", "And the dog?", "My dog is called {}."),
        (
            named("de", "Du bist Uta. Dein Laden heißt Otto und liegt in Köln."),
            "Otto",
            "Der Laden heißt nicht Otto, sondern Milo.",
            "Wie heißt der Laden?",
            "Der Laden heißt {}.",
        ),
        (
            named("fr", "Tu es Lou, libraire à Lyon. Ton chat s'appelle Otto."),
            "Otto",
            "Le chat s'appelle Milo, pas Otto.",
            "Comment s'appelle ton chat ?",
            "Mon chat s'appelle {}.",
        ),
        (
            named("tr", "Sen bir fırıncısın. Kedinin adı Otto."),
            "Otto",
            "Kedinin adı Otto değil, Milo.",
            "Kedinin adı ne?",
            "Kedimin adı {}.",
        ),
    ],
)
def test_a_name_is_corrected_and_switched_off(
    character: Character, said: str, text: str, asked: str, answer: str
) -> None:
    old, new, strange = (answer.format(name) for name in ("Otto", "Milo", "Rex"))
    assert accused(character, old, asked) == []
    assert accused(character, new, asked) != []
    corrected, off = of(character, said, text=text), of(character, said, off=True)
    assert accused(corrected, old, asked) == accused(corrected, strange, asked) == ["facts[0]"]
    assert accused(corrected, new, asked) == []
    score, _ = scorer.score(Profile(corrected), scorer.BEGINNING, asked, old)
    signals = [one for one in score.signals if one.axis == "values"]
    assert len(signals) == len({(one.name, one.start, one.end, one.basis) for one in signals})
    assert [accused(off, told, asked) for told in (old, new, strange)] == [[], [], []]


@pytest.mark.parametrize(
    ("said", "text", "asked", "old", "new"),
    [
        ("night librarian", "She is a plumber.", "Your work?", "I'm a librarian.", "I'm a plumber."),
        ("elves", "She dislikes goblins.", "Who do you like?", "I love elves.", "I love goblins."),
        (
            "Ansel Rook",
            "The cook is Tom Reed.",
            "Who is the cook?",
            "That is Ansel Rook.",
            "That is Tom Reed.",
        ),
    ],
)
def test_what_a_layer_tells_is_corrected_and_switched_off(
    said: str, text: str, asked: str, old: str, new: str
) -> None:
    plain = msgspec.structs.replace(RHO, prompt="You are Rho of the ferry desk.")
    corrected, off = of(plain, said, text=text), of(plain, said, off=True)
    assert [bool(accused(plain, one, asked)) for one in (old, new)] in ([False, True], [True, False])
    assert bool(accused(corrected, old, asked)) is not bool(accused(plain, old, asked))
    assert bool(accused(corrected, new, asked)) is not bool(accused(plain, new, asked))
    assert accused(off, old, asked) == accused(off, new, asked) == []


def test_the_persona_s_own_name_is_a_fact() -> None:
    desk, asked = Character(name="Harbour Desk", prompt="You answer at a desk."), "What's your name?"
    assert accused(desk, "My name is Kemal.", asked) == ["name"]
    assert accused(of(desk, "Harbour Desk", off=True), "My name is Kemal.", asked) == []
    told = of(desk, "Harbour Desk", text="You are called Kemal.")
    assert accused(told, "My name is Kemal.", asked) == []
    assert accused(told, "My name is Selim.", asked) == ["name"]


def test_whoever_reads_the_texts_is_given_them_without_what_is_taken_back() -> None:
    assert settled_texts(RHO) is RHO
    told = settled_texts(of(RHO, "Otto", text="The dog is called Milo."))
    assert "Otto" not in told.prompt
    assert len(told.prompt) == len(RHO.prompt)
    assert "motto" not in settled_texts(of(RHO, "slow is smooth", off=True)).fields
    assert settled_texts(of(RHO, "slow is smooth")) == of(RHO, "slow is smooth")


def test_a_version_is_read_once_whatever_its_owner_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    corrected = of(RHO, "Otto", text="The dog is called Milo.")

    def counted(lexicon: Lexicon, stretch: Stretch) -> segmentation.Piece:
        read.append(stretch.text)
        return segmentation.piece(lexicon, stretch)

    monkeypatch.setattr(source, "piece", counted)
    Profile(corrected)
    assert read.count(RHO.prompt) == 1
    assert not any("baker" in told and told != RHO.prompt for told in read)


@pytest.mark.parametrize("name", ["Ada " * 40, "A" * 200])
def test_what_is_long_is_no_name(name: str) -> None:
    read = facts(Character(prompt=f"You have a cat called {name}.", fields={"cat": name}))
    assert [one.said for one in read if one.kind in ("name", "text")] == []
    assert all(len(one.said) <= LONGEST for one in read)


def test_facts_that_are_no_figures_have_a_bound() -> None:
    fields = {f"colour {at}": f"shade {chr(97 + at % 26)}" for at in range(1_000)}
    assert len(facts(Character(prompt="You are Ada.", fields=fields))) <= MOST


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
    figures = [one.said for one in facts(brief) if one.basis == "prompt" and one.kind != "name"]
    assert figures == ["25 EUR", "9:30", "three vans"]
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
