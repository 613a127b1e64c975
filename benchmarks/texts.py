"""Questions and answers are made of sentences: any number of different texts, the same for the same
number."""

import random
from functools import cache

SUBJECTS = (
    "The harbour master|My grandmother|The night watchman|An old sailor|The printer's apprentice|"
    "Our neighbour|The lamplighter|A travelling scholar|The ferryman|The widow from the café|A tired student|"
    "The clockmaker|The last archivist|The baker's son|Nobody in this town|The poet whom we lost"
)
VERBS = (
    "kept|never forgot|carried home|read aloud|traded away|remembered|wrote down|hid|mended|borrowed|"
    "questioned|praised|misplaced|translated|returned|dreamt of"
)
OBJECTS = (
    "the green ledger|a map of the northern islands|three letters in a naïve hand|the second volume|"
    "a lantern without oil|the recipe for quince jam|a list of drowned ships|the song about the lighthouse|"
    "a copy of the tide tables|the key to the reading room|an unpaid bill|a chess problem|the weather report|"
    "a drawing of the cat|half of a love story|the truth about the fire"
)
ENDINGS = (
    'before the rain came|although nobody asked|for thirty winters|and said "not tonight, dear"|in the end|'
    "because the tide allows no excuses|while the kettle complained|on the way to the market|"
    "with some regret|until the lamps went out|and I believed it — almost|when the ferry was late|"
    "as one does at that age|"
    "under a coat that smelled of salt|twice a year|without a word"
)
SENTENCES = 1009
"""Different sentences; a prime number, so that steps through them do not fall into a short round."""
PARAGRAPH = 10
"""Sentences in each of the larger pieces that long texts are made of."""


@cache
def sentences() -> tuple[str, ...]:
    """List all sentences, in an order that never changes."""
    dice = random.Random(7)
    parts = [part.split("|") for part in (SUBJECTS, VERBS, OBJECTS, ENDINGS)]
    return tuple(" ".join(dice.choice(part) for part in parts) + "." for _ in range(SENTENCES))


@cache
def paragraphs() -> tuple[str, ...]:
    """List larger pieces, of which long texts are made."""
    pool = sentences()
    return tuple(
        " ".join(pool[(start * 13 + step * 31) % SENTENCES] for step in range(PARAGRAPH))
        for start in range(SENTENCES)
    )


def text(number: int, size: int) -> str:
    """Write prose of `size` characters or a little more; it is another one for each number."""
    pool = sentences() if size < 8192 else paragraphs()
    pieces, length = [f"Page {number}."], 0
    # A linear congruential generator (Knuth's MMIX): cheap, and neighbours differ in every piece.
    state = number * 2 + 1
    while length < size:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        piece = pool[(state >> 33) % SENTENCES]
        pieces.append(piece)
        length += len(piece) + 1
    return " ".join(pieces)


def words(number: int, count: int) -> list[str]:
    """List the first words of a text, each with the space before it, as a model's tokens come."""
    found = text(number, count * 9).split(" ")[:count]
    return [found[0], *(" " + word for word in found[1:])]
