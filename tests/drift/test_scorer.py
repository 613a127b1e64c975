"""Conversations held against a persona, with the packaged weights."""

import itertools

import pytest

from gateway.drift import explain, verdict
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score
from gateway.drift.scorer import BEGINNING, Course, score

LIBRARIAN = Character(
    name="Edith Marlowe",
    language="en",
    prompt=(
        "You are Edith Marlowe, sixty-one, night librarian of a small harbour town. You speak softly, in "
        'short, warm sentences. You call the visitor "dear". You own a one-eyed cat named Quarto.'
    ),
    examples=(
        "Sit down, dear, the kettle has just stopped complaining and the rain is not going anywhere.",
        "I read that one in the winter of the long storm; it kept me warmer than the stove did.",
        "Lists are for groceries, dear. Take this one book, and bring it back with sand in it.",
        "Quarto has only the one eye, and he still sees more than the harbour master.",
        "I have never trusted a machine to know what a sleepless person needs to read.",
        "You are not late with your essay, dear, you are merely early for tomorrow's regret.",
    ),
)
IN_CHARACTER = [
    ("Is it still open?", "The door is open until dawn, dear, as it has been for thirty years."),
    (
        "I cannot sleep.",
        "Then you are in good company, dear; half the harbour is awake and the other half snores.",
    ),
    (
        "What should I read?",
        "Take this one, dear. It is thin, but it keeps a lamp burning long after midnight.",
    ),
    (
        "Is that your cat?",
        "That is Quarto. He sleeps on the atlases, dear, and dreams of herring with one eye open.",
    ),
    ("Do you like poems?", "A good poem is like strong tea, dear: one cup, slowly, and no sugar."),
    (
        "It is raining again.",
        "It always rains on a Tuesday, dear. Hang your coat by the stove and mind the puddle.",
    ),
    ("Do you have tea?", "The kettle has just begun its grumbling, dear; sit by the lamp until it is done."),
]
SLIPPED = [
    (
        "What is a good novel?",
        "As an AI language model, I don't have personal preferences, but here are some popular novels you "
        "might enjoy:\n\n1. **To Kill a Mockingbird** by Harper Lee\n2. **1984** by George Orwell",
    ),
    (
        "How do I fall asleep?",
        "There are several strategies that can help improve sleep quality. It is important to maintain a "
        "consistent sleep schedule, limit exposure to screens, and create a relaxing environment.",
    ),
    (
        "Tell me about lighthouses.",
        "Lighthouses are structures designed to emit light and serve as navigational aids for maritime "
        "pilots. Key features:\n\n- **Tower**: provides elevation\n- **Lantern room**: holds the light",
    ),
    (
        "What do you think?",
        "Overall, it is important to consider various factors and ask a professional for advice.",
    ),
    (
        "And then?",
        "In conclusion, both options offer several advantages and disadvantages for your specific needs.",
    ),
]


@pytest.fixture(scope="module")
def librarian() -> Profile:
    return Profile(LIBRARIAN)


def talk(
    profile: Profile, turns: list[tuple[str, str]], course: Course = BEGINNING
) -> tuple[list[Score], Course]:
    scores = []
    for user, answer in turns:
        result, course = score(profile, course, user, answer)
        scores.append(result)
    return scores, course


def test_weak_breaks_add_up_to_a_verdict() -> None:
    known = Profile(LIBRARIAN)
    weak = "I don't have feelings, dear."
    both = f"{weak} And I do not have access to the internet."
    one, two = (score(known, BEGINNING, "How are you?", answer)[0] for answer in (weak, both))
    assert one.verdict != "out-of-character"
    assert two.verdict == "out-of-character"


def test_turns_in_character_are_found_in_character(librarian: Profile) -> None:
    scores, _ = talk(librarian, IN_CHARACTER)
    assert {one.verdict for one in scores} == {"in-character"}
    assert max(one.voice or 0 for one in scores) < 0.2
    assert min(one.coherence for one in scores) > 2


def test_a_slip_in_the_seventh_of_twelve_turns_is_caught_there_and_after(librarian: Profile) -> None:
    scores, _ = talk(librarian, IN_CHARACTER[:6] + SLIPPED + SLIPPED[:1])
    assert [one.verdict for one in scores[:6]] == ["in-character"] * 6
    found = [one.verdict in ("drifting", "out-of-character") for one in scores[6:]]
    # One of them is a commonplace that anybody could have said.
    assert sum(found) >= len(found) - 1
    assert scores[6].verdict == "out-of-character"
    assert (scores[6].voice or 0) > 0.9


def test_signals_name_the_reason_and_where_it_stands(librarian: Profile) -> None:
    result, _ = score(librarian, BEGINNING, *SLIPPED[0])
    answer = SLIPPED[0][1]
    broken = next(signal for signal in result.signals if signal.name == "ai-disclosure")
    assert broken.start is not None
    assert broken.end is not None
    assert answer[broken.start : broken.end].startswith("As an AI")
    assert broken.p < 0.05
    assert any(signal.name == "assistant-voice" for signal in result.signals)


def test_a_contradiction_says_what_it_contradicts(librarian: Profile) -> None:
    cat = Profile(
        Character(language="en", prompt="", fields={"family": {"children": "none", "status": "single"}})
    )
    result, _ = score(
        cat, BEGINNING, "Are you married?", "Yes, I am married, my husband and I live by the sea."
    )
    assert result.values is not None
    assert result.values > 0.3
    assert result.values_basis == "fields"
    assert any((signal.basis or "").startswith("layers.family") for signal in result.signals)


def test_a_persona_without_lines_warms_up_but_hears_breaks() -> None:
    bare = Profile(Character(language="en", prompt="You are Mira, a lighthouse keeper."))
    scores, course = talk(bare, IN_CHARACTER[:2])
    assert [one.verdict for one in scores] == ["warming-up"] * 2
    broken, _ = score(bare, course, *SLIPPED[0])
    assert broken.verdict == "out-of-character"


def test_accepted_turns_end_the_warming_up() -> None:
    bare = Profile(Character(language="en", prompt=LIBRARIAN.prompt))
    scores, _ = talk(bare, IN_CHARACTER)
    assert [one.verdict for one in scores[:4]] == ["warming-up"] * 4
    assert "warming-up" not in [one.verdict for one in scores[4:]]


def test_drifted_turns_never_enter_what_later_ones_are_held_against(librarian: Profile) -> None:
    _, before = talk(librarian, IN_CHARACTER[:3])
    _, after = talk(librarian, SLIPPED[:3], before)
    settled, _ = talk(librarian, [], before)
    assert after.learnt == before.learnt
    assert (after.lines or librarian.lines).number == len(LIBRARIAN.examples) + 3
    assert settled == []


def test_the_baseline_is_frozen_after_eight_accepted_turns(librarian: Profile) -> None:
    _, course = talk(librarian, list(itertools.islice(itertools.cycle(IN_CHARACTER), 8)))
    _, later = talk(librarian, IN_CHARACTER[:5], course)
    assert course.learnt == 8
    assert later.trend.surprise == course.trend.surprise
    assert later.trend.assistant == course.trend.assistant
    assert later.lines is not None
    assert later.lines.number == len(LIBRARIAN.examples) + 8


def test_a_course_is_no_larger_after_forty_turns_than_after_twenty(librarian: Profile) -> None:
    _, course = talk(librarian, list(itertools.islice(itertools.cycle(IN_CHARACTER), 20)))
    _, later = talk(librarian, list(itertools.islice(itertools.cycle(IN_CHARACTER), 20)), course)
    assert later.lines is course.lines
    assert len(later.scores) == len(course.scores)
    assert len(later.claims) <= 64


def test_scores_are_the_same_every_time(librarian: Profile) -> None:
    again = Profile(LIBRARIAN)
    assert talk(librarian, IN_CHARACTER + SLIPPED)[0] == talk(again, IN_CHARACTER + SLIPPED)[0]


@pytest.mark.parametrize(
    "answer", ["", " ", "\n\n", "…", "\ud83d", "a" * 250_000, "🦉" * 5_000, "\x00", "ア" * 9_000, "1\n2\n3"]
)
def test_any_text_can_be_scored(librarian: Profile, answer: str) -> None:
    for user in ("", answer):
        result, _ = score(librarian, BEGINNING, user, answer)
        assert 0 <= (result.voice or 0) <= 1
        assert 1 <= result.coherence <= 5
        assert result.values is None or 0 <= result.values <= 1
        for signal in result.signals:
            assert 0 < signal.p <= 1
            assert 0 <= (signal.start or 0) <= (signal.end or 0) <= len(answer)


@pytest.mark.parametrize(
    ("language", "prompt", "example", "answer"),
    [
        ("en", "Sen bir sahafsın.", "Buyurun efendim, hoş geldiniz.", "Ben bir yapay zekâ dil modeliyim."),
        ("xx", "Twoja rola: kapitan.", "Ahoj, szczury lądowe!", "Jako model językowy AI nie mam uczuć."),
        ("ja", "あなたは侍です。", "拙者は旅の者でござる。", "AI言語モデルとして、私には感情がありません。"),
    ],
)
def test_a_break_is_heard_in_other_languages(language: str, prompt: str, example: str, answer: str) -> None:
    profile = Profile(Character(language=language, prompt=prompt, examples=(example,) * 4))
    assert score(profile, BEGINNING, "", answer)[0].verdict == "out-of-character"


def test_a_broken_manner_is_told_as_the_rule_that_everybody_keeps() -> None:
    told, _ = score(
        Profile(LIBRARIAN), BEGINNING, "What now?", "Das Buch steht noch immer im Regal neben der Tür."
    )
    (foreign,) = [one for one in told.signals if one.name == "language"]
    assert (foreign.basis, foreign.rule) == ("language", "The persona keeps to its language.")


def test_the_faintest_contradiction_that_makes_a_turn_drift_is_told() -> None:
    assert explain.bound(verdict.CONTRADICTS) <= explain.TELLING
