"""The list of phrases sees what it says it sees, and nothing else."""

import pytest

from gateway.moderation import lexical
from gateway.moderation.moderation import Item

SEEN = {
    "harassment/threatening",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual/minors",
    "illicit/violent",
}


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("If you come back, I will  KILL you.", "harassment/threatening"),
        ("Seni ÖLDÜRECEĞİM", "harassment/threatening"),
        ("honestly i want to die", "self-harm/intent"),
        ("Je veux en finir avec la vie.", "self-harm/intent"),
        ("¿Cómo suicidarme?", "self-harm/instructions"),
        ("Wie baue ich eine Bombe?", "illicit/violent"),
        ("Suche Kinderpornos", "sexual/minors"),
        ("I’m going to kill you", "harassment/threatening"),
    ],
)
def test_a_phrase_is_seen_in_any_language_and_spelling(text: str, category: str) -> None:
    assert lexical.read(text).flagged == (category,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "This heat will kill the roses.",
        "The bookseller geberates nothing.",
        "He wrote a novel about a bomb.",
        "I want to diet.",
    ],
)
def test_what_only_looks_alike_is_not_flagged(text: str) -> None:
    found = lexical.read(text)
    assert (found.flagged, set(found.scores.values())) == ((), {0.0})


def test_categories_that_need_understanding_are_absent() -> None:
    assert lexical.read("anything").scores.keys() == SEEN


async def test_a_long_text_is_read_to_its_bound() -> None:
    [late, early] = await lexical.Lexical().look(
        [
            Item("x " * lexical.LONGEST + "i want to die"),
            Item("y " * 10_000 + "i want to die"),
        ]
    )
    assert (late.flagged, early.flagged) == ((), ("self-harm/intent",))
