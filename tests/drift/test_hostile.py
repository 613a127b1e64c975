"""Texts made to be slow to read: the time to read one grows with its length and not with its square."""

from collections.abc import Callable
from time import thread_time

import pytest

from gateway.drift.breaks import nature
from gateway.drift.character import Character
from gateway.drift.coherence import incoherence
from gateway.drift.language import packaged
from gateway.drift.profile import Profile
from gateway.drift.rule import decode
from gateway.drift.rules import answered, prose
from gateway.drift.rules.check import Rules
from gateway.drift.rules.echoes import unechoed
from gateway.drift.rules.marked import Marked
from gateway.drift.scorer import BEGINNING, score
from gateway.drift.text import Stretch, Text
from gateway.drift.values import contradiction
from gateway.drift.values.facts import Facts
from gateway.drift.values.lexicon import lexicon
from gateway.drift.voice import stylometry

pytestmark = pytest.mark.slow

SNIPPETS = (
    *(
        "\n",
        " ",
        "\t",
        "\u3000",
        "\r",
        "\n ",
        "- \n",
        "a\n",
        "a\n\n",
        "\n-",
        "- a\n",
        "1. ",
        "\na:",
        "age: 3\n",
    ),
    *("?", ".", "。", ",", "，", "!? ", "? \n", "…", "–", ":", "-", "*", "#", "=", "\\"),
    *(
        "a",
        "1",
        "1,",
        "一",
        "北",
        "我",
        "a ",
        "1 ",
        "a-",
        "a'",
        "a: ",
        "two ",
        "我三十",
        "I am 34 years old, ",
        "가 ",
    ),
    *(
        "(",
        "[",
        "<|",
        "[INST",
        '"',
        "'",
        "“",
        "«",
        "「",
        '"a',
        "s'aa ",
        '"I am an AI" ',
        "Ã",
        "\x00",
        "\ud83d",
    ),
    *(
        "As an AI ",
        "If I am an AI, ",
        "note: ",
        "I am, ",
        "my name is ",
        "my name is  '",
        "我叫 ",
        "作为AI",
        "Als KI ",
    ),
    *(
        "я ",
        "я искусственный ",
        "я л",
        "łem ",
        "not ",
        "I like cats and hate dogs ",
        "猫が好き、",
        "you ",
        "As an AI:\n",
    ),
)
STORED = {"age": 34, "gender": "female", "residence": "Berlin", "zodiac": "leo"}
PROMPT = "You are Anna, a teacher from Berlin who loves cats and hates coffee. She has two children."
ANNA = Profile(Character(name="Anna", prompt=PROMPT, fields=STORED))
ASKED = "How old are you? Are you a man?"
RULES = decode(
    [
        {"must_not": "promise refunds or a discount"},
        {"must_not": "name a dose or diagnose"},
        {"must": "greet"},
    ]
)
DESK = Profile(Character(name="Anna", prompt=PROMPT, rules=RULES))


def _turn(answer: str) -> object:
    return score(ANNA, BEGINNING, ASKED, answer)


def _asked(user: str) -> object:
    return score(ANNA, BEGINNING, user, "Yes, I am a man of forty.")


def _ruled(answer: str) -> object:
    return score(DESK, BEGINNING, "May I have a refund, and how much of the medicine do I take?", answer)


def _learnt(answer: str) -> object:
    return contradiction.learn(ANNA.facts, (), 1, contradiction.own(ANNA.facts, Text(answer)))


def _prompt(text: str) -> object:
    return Facts({}, text, (), "en", "Anna")


def _fields(text: str) -> object:
    return Facts({"bio": text, "job": text[:2_000]}, "", (text,), "en", "Anna")


def _guards(text: str) -> object:
    return nature.guards(text, {"role": text}, (), ANNA.patterns)


def _profile(text: str) -> object:
    return Profile(Character(prompt=text, examples=(text[:20_000],) * 24, fields={"bio": text}))


def _time(read: Callable[[str], object], text: str) -> float:
    began = thread_time()
    read(text)
    return thread_time() - began


def _is_square(read: Callable[[str], object], snippet: str, length: int) -> bool:
    """Whether four times the text takes more than ten times as long; below ten milliseconds nothing does."""
    few, many = ((snippet * size)[:size] for size in (length, 4 * length))
    for _ in range(4):
        most = _time(read, many)
        # Whatever disturbs makes it slower, so that one quick reading is enough.
        if most <= 0.01 or most <= 10 * max(min(_time(read, few) for _ in range(2)), 0.001):
            return False
    return True


@pytest.mark.parametrize("tail", ["", " word"])
@pytest.mark.parametrize(
    ("read", "length"),
    [
        (_turn, 1_500),
        (_ruled, 1_500),
        (_asked, 1_500),
        (_learnt, 600),
        (_prompt, 2_500),
        (_fields, 1_500),
        (_guards, 1_000),
    ],
)
def test_the_time_to_read_a_text_grows_with_its_length(
    read: Callable[[str], object], length: int, tail: str
) -> None:
    read("As an AI language model, I am 34. Als KI.")
    slow = [some for some in SNIPPETS if _is_square(lambda text: read(text + tail), some, length)]
    assert not slow


@pytest.mark.parametrize("snippet", ["You are ", "Anna de la ", "My name is ", "I was born in Paris, "])
def test_many_names_in_one_sentence_are_held_against_stored_ones_in_time(snippet: str) -> None:
    tavern = Profile(Character(name="Oda", prompt="Thy brother Tam is gone. Bosun is thy cat."))

    def hold(answer: str) -> object:
        return score(tavern, BEGINNING, "What is your name?", answer)

    assert tavern.facts.names.fields
    assert not _is_square(hold, snippet, 10_000)


@pytest.mark.parametrize("snippet", ["refund ", "booked, "])
def test_many_deeds_in_one_sentence_are_looked_for_in_time(snippet: str) -> None:
    rules = decode([{"must_not": "book anything or give refunds"}, {"must_not": "say that it cannot refund"}])
    clerk = Profile(Character(name="Osman", prompt="Never book, order, cancel or refund.", rules=rules))

    def hold(answer: str) -> object:
        return score(clerk, BEGINNING, "Can you book it?", answer)

    assert not _is_square(hold, snippet, 2_000)


@pytest.mark.parametrize("snippet", ["$41 ", "I give you $5. ", "5 $"])
def test_many_prices_are_held_against_what_stored_ones_come_to_in_time(snippet: str) -> None:
    prompt = "You are Osman. A chair costs $40, a table $120. Never promise discounts or estimate a value."
    shop = Profile(Character(name="Osman", prompt=prompt))

    def hold(answer: str) -> object:
        return score(shop, BEGINNING, "What is my chair worth, and which discount is there?", answer)

    assert not _is_square(hold, snippet, 1_500)


@pytest.mark.parametrize("name", sorted(lexicon("en").patterns))
def test_no_pattern_takes_the_square_of_a_text(name: str) -> None:
    pattern = lexicon("en").patterns[name]
    slow = [some for some in SNIPPETS if _is_square(lambda text: list(pattern.finditer(text)), some, 2_000)]
    assert not slow


@pytest.mark.parametrize(
    "snippet", ["\n", " ", "a", "- a\n", "age: 3\n", "我喜欢猫不喜欢狗，", "?", "。", "我是AI"]
)
def test_of_a_long_prompt_and_of_many_examples_only_so_much_is_read(snippet: str) -> None:
    few, many = ((snippet * size)[:size] for size in (60_000, 480_000))
    least = min(_time(_profile, few) for _ in range(2))
    assert any(_time(_profile, many) < 3 * max(least, 0.05) for _ in range(4))


def test_a_prompt_is_known_by_its_beginning() -> None:
    prompt = PROMPT + "\n" * 400_000 + "Your hobby is fencing."
    facts = Facts({}, prompt, (), "en", "Anna")
    assert "job" in facts.stored
    assert len(facts.text) <= 20_001


def test_of_very_many_fields_the_first_are_looked_at() -> None:
    facts = Facts({f"k{at}": f"value{at}" for at in range(20_000)}, PROMPT, ("I am Anna.",), "en", "Anna")
    assert len(facts.verbatim) <= 400
    assert "value0" in facts.verbatim
    assert "teacher" in facts.stored["job"]
    assert "value1999" in facts.text
    assert "value2000" not in facts.text


def test_the_examples_do_not_crowd_out_the_prompt() -> None:
    fields = {"bio": "word " * 40_000, "job": "teacher"}
    facts = Facts(fields, "She hates coffee.", ("I love tea. " * 9_000,) * 9, "en", "Anna")
    assert facts.attitudes["coffe"][0] == -1
    assert facts.stored["job"] == {"teacher": "layers.job"}


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("- a\n- b", 2),
        ("Buy:\n\n\n  - a\n\t* b\n \n\n1. c\n12) d", 4),
        ("\n" * 400 + "- a", 1),
        ("-a\n1 b\n--\n", 0),
        ("-\n- a\r\n- b\n•\n", 4),
    ],
)
def test_items_of_a_list_are_counted_behind_blank_lines(text: str, items: int) -> None:
    rate = float(stylometry.measure(text, unspaced=False).marks[-2]) ** 2
    assert rate * (len(text) + 10) / 1_000 == pytest.approx(items)


@pytest.mark.parametrize(
    "answer",
    [
        *("\n" * 8_000, " " * 40_000, "\u3000" * 9_000, "\t\r\n" * 5_000),
        "\n" * 8_000 + "The tide turns at nine.",
        " " * 9_000 + "Die Flut kommt um neun.",
        "\u3000" * 9_000 + "潮は九時に変わります。",
        "\r\n" * 8_000 + "潮水九点转。",
        "\t" * 9_000 + "Прилив в девять.",
        "\n " * 9_000 + "조수는 아홉 시에 바뀐다.",
    ],
)
def test_white_space_before_an_answer_is_no_fault_of_the_reader(answer: str) -> None:
    for language in ("en", "de", "ja", "zh", "ru", "ko"):
        profile = Profile(Character(name="Anna", language=language, prompt=PROMPT, fields=STORED))
        turn, _ = score(profile, BEGINNING, ASKED, answer)
        assert 1 <= turn.coherence <= 5
    loose = incoherence.incoherence(Text(ASKED), Text(answer), ANNA.repertoire, ANNA.relevance)
    assert bool(answer.strip()) == ("empty" not in [found.name for found in loose.flaws])


def test_the_names_of_a_prompt_are_told_from_beginnings_in_time() -> None:
    assert not _is_square(lambda text: prose.read(f"Never name other lines. {text}", "en"), "Z.B. ", 6_000)


@pytest.mark.parametrize(
    ("language", "snippet"), [("ja", '"返金する" '), ("ja", '"123"'), ("en", '"refund" ')]
)
def test_quotations_of_the_user_are_looked_for_in_time(language: str, snippet: str) -> None:
    book = Rules(Character(language=language), "", packaged()).phrasebook
    asked = Marked(book, Stretch("Refund? 返金する? 123?"))

    def look(answer: str) -> Marked:
        return unechoed(asked, Marked(book, Stretch(answer)))

    assert not _is_square(look, snippet, 8_000)


def test_words_of_a_rule_beside_assurances_are_looked_for_in_time() -> None:
    rules = Rules(Character(rules=decode([{"must_not": "promise a refund"}])), "", packaged())
    asked = Marked(rules.phrasebook, Stretch("May I have a refund?"))

    def hold(answer: str) -> object:
        said = Marked(rules.phrasebook, Stretch(answer))
        return list(answered.answered(rules.forbidden[0], asked, said, frozenset()))

    assert not _is_square(hold, "promise a refund ", 8_000)


@pytest.mark.parametrize("snippet", ["A-", "A", "Am A", "Hafen-"])
def test_german_streets_are_looked_for_in_time(snippet: str) -> None:
    def read(text: str) -> Facts:
        return Facts({"home": text}, "", (), "de", "Anna")

    assert not _is_square(read, snippet, 1_500)
