"""Clauses end where the one pattern for all says, whichever way is quicker."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import lexicon
from gateway.drift.values.segmentation import _ends

WORDS = ["but", "So", "because", "tea", "aber", "мАте", "но", "milk,", "no.", "İ", "wait...", "?!", "。", ""]
TEXTS = st.lists(st.sampled_from([*WORDS, "\n"]), max_size=12).map(" ".join)


@given(TEXTS)
def test_clauses_end_at_pauses_and_behind_words_that_turn(text: str) -> None:
    known = lexicon("en")
    ends = [match.end() + 7 for match in known.shared.turning.finditer(text)]
    assert _ends(known, Stretch(text, 7)) == [*ends, len(text) + 7]
