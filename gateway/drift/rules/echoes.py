"""An answer may quote its user's words, which are then none of its own: `"you get it back" I cannot say`."""

from gateway.drift.rules.marked import Marked
from gateway.drift.text import Stretch

MOST = 64
"""Quotations that are looked at, the first."""
LEAST = 3
"""Letters of a quotation that is one of the user's words."""
BESIDE, GLYPHS = 2, 4
"""Words of a sentence, or its letters where no blanks stand, that speak about what it quotes."""


def unechoed(asked: Marked, answer: Marked) -> Marked:
    """Give the answer without what it quotes of the user's words, at the same places."""
    if not answer.quotes:
        return answer
    heard = asked.text.casefold()
    quotes = answer.quotes[:MOST]
    echoes = [(low + 1, high - 1) for low, high in quotes if _is_echo(heard, answer, low, high)]
    if not echoes:
        return answer
    text = answer.text
    for low, high in echoes:
        text = text[:low] + " " * (high - low) + text[high:]
    return Marked(answer.phrasebook, Stretch(text))


def _is_echo(heard: str, answer: Marked, low: int, high: int) -> bool:
    """Tell whether a quotation is of the user's words, in a sentence that says something about them."""
    said = answer.text[low + 1 : high - 1].strip(" .,…!?。、！？").casefold()
    if len(said) < LEAST or said not in heard:
        return False
    start, end = answer.sentence(low)[:2]
    rest = answer.text[start:low] + " " + answer.text[high : max(high, end)]
    if answer.phrasebook.spaced:
        return len(rest.split()) >= BESIDE
    return sum(map(str.isalpha, rest)) >= GLYPHS
