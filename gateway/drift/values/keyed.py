"""The name of a field says what its value is: `city`, `age`, `dislikes`."""

from gateway.drift.text import Stretch
from gateway.drift.values.attributes import SINGLE, is_exclusive
from gateway.drift.values.clause import FELT
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.source import LONGEST, Source
from gateway.drift.values.stated import DISLIKES, LIKES


def kinds(lexicon: Lexicon, words: list[str]) -> list[str]:
    """List the kinds that the words of a name say."""
    return [lexicon.shared.keys[word] for word in words if word in lexicon.shared.keys]


def kind(lexicon: Lexicon, source: Source, words: list[str], *, has_figures: bool) -> str:
    """Say what kind of fact the whole value of a field is; empty where that is not known."""
    told = kinds(lexicon, words)
    if told and (not has_figures or values(lexicon, told[-1], source.text.lower())):
        return told[-1]
    sign = feeling(lexicon, source)
    return "" if not sign else LIKES if sign > 0 else DISLIKES


def categories(lexicon: Lexicon) -> frozenset[str]:
    """Give the categories of which a value in prose is held against another one."""
    asked = lexicon.asked
    every = lexicon.shared.categories
    return frozenset(one for one in every if one in SINGLE or one in asked or is_exclusive(one))


def feeling(lexicon: Lexicon, source: Source) -> int:
    """Tell whether a field says by its own name what is liked (1) or disliked (-1): `dislikes`."""
    felt = {mention.category for mention in lexicon.read(Stretch(source.named)).mentions} & FELT
    if len(felt) != 1 or len(source.text) > LONGEST:
        return 0
    return 1 if "_like" in felt else -1


def values(lexicon: Lexicon, kind: str, text: str) -> list[str]:
    """List the narrowest values of a category in a field; an unknown word after a place lies within it."""
    mentions = [m for m in lexicon.read(Stretch(text)).mentions if m.category == kind]
    held = {m.value for m in mentions}
    if (
        mentions
        and kind == "place"
        and (rest := text[mentions[-1].end :].strip(" ,，、·" + lexicon.shared.units))
    ):
        held.add(f"{mentions[-1].value}/{rest}")
    return [one for one in held if not any(other.startswith(one + "/") for other in held)]
