"""Where a conversation has left its persona."""

from gateway.drift.onset import THRESHOLD, follow

USUAL = [0.05, 0.1, 0.02, 0.08, 0.1, 0.05]


def test_one_sure_slip_is_the_onset() -> None:
    followed = follow([*USUAL, 0.95, 0.97, 0.9])
    assert followed.onset == 6
    assert followed.sums[5] == 0.0
    assert followed.sums[6] >= THRESHOLD
    assert followed.trend is not None
    assert followed.trend > 0


def test_slight_slips_add_up_from_where_they_began() -> None:
    followed = follow([*USUAL, 0.5, 0.5, 0.5, 0.5])
    assert followed.onset == 6
    assert followed.sums == sorted(followed.sums)


def test_what_is_usual_and_what_returns_is_none() -> None:
    assert follow(USUAL).onset is None
    assert follow([0.3] * 20).onset is None
    once = follow([*USUAL, 0.6, *USUAL])
    assert (once.onset, once.sums[-1]) == (None, 0.0)


def test_a_conversation_that_begins_out_of_character_is_told() -> None:
    assert follow([0.9, 0.95, 0.9]).onset == 0


def test_the_last_onset_counts() -> None:
    assert follow([*USUAL, 0.9, *USUAL, 0.9]).onset == 13


def test_turns_without_a_score_say_nothing() -> None:
    followed = follow([None, *USUAL, None, 0.95, None])
    assert followed.onset == 8
    assert followed.sums[7] == followed.sums[6] == 0.0
    assert followed.sums[9] == followed.sums[8]
    nothing = follow([None, None])
    assert (nothing.level, nothing.trend, nothing.onset, nothing.sums) == (None, None, None, [0.0, 0.0])
    assert follow([0.2]).trend is None
