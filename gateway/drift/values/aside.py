"""An aside tells of others or of another time, and its figures and names are none of the persona's now."""

import re
from collections.abc import Sequence
from functools import cached_property

from gateway.drift.lazily import lazily
from gateway.drift.text import Stretch
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.reading import Mention

TOUCHED = 0.15
"""The strength of what is held against an aside: it is worth a look."""
_STOPS = ".!?。！？\n"
_SENTENCES = lazily(f"[{_STOPS}]")
_LEADS = (": ", "：")
"""What somebody says follows one of these."""
_PAUSE = lazily("[,;:，、；：]")
_STEM = 5
"""Letters of a word by which it is found in the persona's texts."""


class Asides:
    """The places of one answer that speak of others, or of another time."""

    def __init__(
        self,
        answer: str,
        question: str,
        mentions: Sequence[Mention],
        known: str,
        lexicon: Lexicon,
    ) -> None:
        """Find them; `known` are the persona's texts in lower case, and what these name is no other."""
        self._text, self._question, self._lexicon = answer, question, lexicon
        self._own = [one.start for one in mentions if one.category == "_self"]
        self._others = [
            match.span() for match in lexicon.others.finditer(answer) if _is_strange(match, known)
        ]
        since = lexicon.then.search(answer)
        self._since = self._sentence(since.start())[0] if since else len(answer)
        self._asks_then = lexicon.then.search(question) is not None

    def holds(self, start: int) -> bool:
        """Tell whether what begins at this place is said of others, or of another time."""
        if (self._asks_then or start >= self._since) and not self._is_back(start):
            return True
        low, high = self._sentence(start)
        own = [at for at in self._own if low <= at < high]
        for first, last in self._others:
            if not low <= first < high or any(min(first, start) <= at < max(first, start) for at in own):
                continue
            # Behind a comma somebody else may be spoken of.
            if first < start or not _PAUSE.search(self._text, start, last):
                return True
        return False

    def _is_back(self, start: int) -> bool:
        """Tell whether a sentence in or behind a tale answers what the user asks about beside it.

        "Once upon a time there was a sailor. A ticket costs £7" does so for whoever asks what a ticket costs.
        """
        if not self._plain:
            return False
        low, high = self._sentence(start)
        low = max(low, *(self._text.rfind(sign, low, start) + 1 for sign in _LEADS))
        said = self._text[low:high]
        return self._lexicon.then.search(said) is None and not self._plain.isdisjoint(self._words(said))

    @cached_property
    def _plain(self) -> frozenset[str]:
        """The content words of what is asked without a word of a tale or of another time."""
        asked = _SENTENCES.split(self._question)
        return self._words("\n".join(one for one in asked if self._lexicon.then.search(one) is None))

    def _words(self, text: str) -> frozenset[str]:
        return self._lexicon.read(Stretch(text)).words

    def _sentence(self, place: int) -> tuple[int, int]:
        low = max(self._text.rfind(stop, 0, place) for stop in _STOPS) + 1
        ends = [at for stop in _STOPS if (at := self._text.find(stop, place)) >= 0]
        return low, min(ends, default=len(self._text))


def _is_strange(match: re.Match[str], known: str) -> bool:
    return match[0].lower().strip()[-_STEM:] not in known and match[0].lower().strip()[:_STEM] not in known
