"""A name is strange that neither the persona's texts nor the user has."""

import re
from collections.abc import Container, Iterable

from gateway.drift.scripts import UPPER
from gateway.drift.values.heard import STOPS, Heard

_LETTER = "[^\\W\\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""A letter of a script that has capitals, or of one that is written with it."""
WORD = rf"[{UPPER}]{_LETTER}+(?:[’'-][{UPPER}]{_LETTER}+)*"
_LONG = 5
"""Letters of a word that is looked for within others, too, since names are inflected."""
_BEGINNING = 5
"""Letters by which a word is found in another form."""
_LEAD = 200
"""Characters before a name that tell whether a sentence begins with it."""

_CLOSING = {'"': '"', "'": "'", "“": "”", "„": "“”", "«": "»", "‘": "’", "‹": "›"}
"""What closes each mark that opens a quotation."""
_QUOTED = re.compile(r"(?<!\w)([\"'“„«‘‹])$")
_STORED_TITLE = re.compile(rf"(?<!\w)[\"'“„«‘‹][{UPPER}]\w{{1,20}}(?: \w{{1,20}}){{0,4}}[\"'”“»’›]")


def novel(
    match: re.Match[str], heard: Heard, known: str, dates: Container[str], *, capitals_tell: bool
) -> tuple[int, int] | None:
    """Give the place of a name that neither the persona's texts nor the user has; `None` where it is none."""
    words = [(word, match.start() + at.start()) for at in re.finditer(WORD, match[0]) if (word := at[0])]
    lead = heard.text[max(0, match.start() - _LEAD) : match.start()].rstrip(" \"'“„«(¿¡")
    if not lead or lead[-1] in STOPS + ":…":
        # A capital stands there because a sentence begins.
        # A sentence that is nothing but a name answers who or what it is.
        ends = (".", "!", ",", "") if capitals_tell else (".", "!", "")
        is_whole = len(words) == 2 and heard.text[match.end() : match.end() + 1] in ends
        words = words if is_whole else words[1:]
    if not words or (len(words) < 2 and not capitals_tell):
        return None
    _, stop = heard.stopped(match.end(), match.end())
    if heard.text[stop : stop + 1] in ("?", "？"):
        return None
    told = [word.lower() for word, _ in words]
    if any(
        len(w) < 3 or is_known(w, known) or w in heard.asked or w in heard.earlier or w in dates for w in told
    ):
        return None
    return words[0][1], words[-1][1] + len(words[-1][0])


def is_title(text: str, start: int, end: int, stored: Iterable[str]) -> bool:
    """Tell whether a name is the title of a work in quotation marks, where no stored name stands in any.

    A word of the stored texts that has no capital is none: "she says 'mate'".
    """
    opening = _QUOTED.search(text, max(0, start - 2), start)
    if opening is None or any(map(_STORED_TITLE.search, stored)):
        return False
    return any(mark in text[start + 1 : end + 1] for mark in _CLOSING[opening[1]])


def is_known(word: str, known: str) -> bool:
    """Tell whether a word stands in the persona's texts; a short one may be the beginning of any other."""
    if len(word) > _LONG:
        # Names are inflected: "Haliny" is Halina's.
        return f" {word[:-2]}" in known or word in known
    if len(word) == _LONG:
        return word in known
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", known) is not None


def is_told(word: str, text: str) -> bool:
    """Tell whether a text has a word, or one that begins as it does."""
    return word[:_BEGINNING] in text
