"""A list of phrases is held against a text where no model can be asked; it sees few things and says which."""

import asyncio
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

from gateway.moderation.moderation import Item, Moderation

MODEL = "lexical-1"
"""The name goes up with every change of the list."""
LONGEST = 65_536
"""Characters of a text that are read."""
QUICK = 4_096
"""Characters up to which nobody is kept waiting by the reading."""


class Lexical:
    """The list, as one who is asked last and always answers; of a picture it sees nothing."""

    async def look(self, items: Sequence[Item]) -> list[Moderation]:
        if sum(len(item.text) for item in items) <= QUICK:
            return [read(item.text) for item in items]
        return await asyncio.to_thread(lambda: [read(item.text) for item in items])


def read(text: str) -> Moderation:
    """Look for the phrases of each category that the list has."""
    folded = _folded(text[:LONGEST])
    scores = {name: float(pattern.search(folded) is not None) for name, pattern in _patterns().items()}
    return Moderation(MODEL, scores, tuple(name for name, score in scores.items() if score))


def _folded(text: str) -> str:
    """Write a text in the form of the list: no case, no accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i").replace("’", "'"))
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(bare.split())


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    raw = resources.files("gateway.moderation").joinpath("lexical.toml").read_text("utf-8")
    found = {}
    for name, languages in tomllib.loads(raw).items():
        phrases = [_folded(phrase) for some in languages.values() for phrase in some]
        # A star stands for the rest of a word; each phrase begins where a word does.
        words = "|".join(re.escape(phrase).replace(r"\*", r"\w*") for phrase in phrases)
        found[name] = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    return found
