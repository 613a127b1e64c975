"""Configured secrets and the prompt are cut out of an upstream's words before callers read them."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from typing import Any

import msgspec

MASK = "***"
RUN = 40
"""Characters; so long a run of the prompt is masked wherever it stands."""
FOLDED_RUN = 24
"""The same once case, white space and escapes are taken out, which shortens prose by about a sixth."""
WHOLE = 16
"""Characters that a prompt shorter than a run needs to be masked where all of it stands."""
LEAST_SECRET = 6
"""Characters that a secret needs, once folded, for another spelling of it to be looked for."""
COMPARISONS = 4096
"""A text that takes more comparisons looks like the prompt all over, and nothing of it is shown."""
STRETCH = 64
"""Characters that are compared for the price of another comparison."""
KEYS = re.compile(r"\b(sk|pk_live|pk_test)[-_][A-Za-z0-9_-]{16,}")
"""This looks like a provider's key or one of ours."""
ESCAPES = re.compile(
    r"\\+(?:u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[abfnrtv])"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-z]{2,6});"
)
INVISIBLE = frozenset("\\\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
DROPPED = re.compile(rf"[\s{re.escape(''.join(sorted(INVISIBLE)))}]+")

Span = tuple[int, int]


class Mask:
    """Hides secrets in any text, however they are spelt; it prepares what it looks for on first use."""

    __slots__ = ("_folded_runs", "_is_ready", "_prompt_json", "_runs", "_secrets", "_wholes")
    _runs: "Runs"
    _folded_runs: "Runs"
    _wholes: tuple[str, ...]
    """Folded texts that are hidden where the whole of one stands."""

    def __init__(self, secrets: Iterable[str], prompt_json: bytes = b'""') -> None:
        """The prompt is a JSON string, as it is kept for requests."""
        self._secrets = secrets
        self._prompt_json = prompt_json
        self._is_ready = False

    def value(self, value: Any) -> Any:
        """Mask every text in the JSON value, also the names of keys. Raises RecursionError."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        return value

    def text(self, text: str) -> str:
        """Replace secrets, runs of the prompt and whatever looks like a key."""
        if not self._is_ready:
            self._make_ready()
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        if len(text) >= LEAST_SECRET:
            text = _cut(text, [*self._folded_spans(text), *self._runs.find(text)])
        return KEYS.sub(MASK, text)

    def _make_ready(self) -> None:
        self._is_ready = True
        self._secrets = sorted(self._secrets, key=len, reverse=True)
        prompt: str = msgspec.json.decode(self._prompt_json)
        folded_prompt = fold(prompt)
        self._runs, self._folded_runs = Runs(prompt, RUN), Runs(folded_prompt, FOLDED_RUN)
        wholes = [folded for secret in self._secrets if len(folded := fold(secret)) >= LEAST_SECRET]
        if len(prompt) >= WHOLE and len(folded_prompt) >= LEAST_SECRET:
            wholes.append(folded_prompt)
        self._wholes = tuple(wholes)

    def _folded_spans(self, text: str) -> Iterator[Span]:
        """Find where something hidden stands in another spelling."""
        folded, places = fold_with_places(text)
        found = [*self._folded_runs.find(folded)]
        for whole in self._wholes:
            at = folded.find(whole)
            while at >= 0:
                found.append((at, at + len(whole)))
                at = folded.find(whole, at + len(whole))
        for start, end in found:
            yield places[start][0], places[end - 1][1]


def fold(text: str) -> str:
    """Take out what a spelling may change: case, white space, escapes of JSON and HTML."""
    if "\\" in text or "&" in text:
        text = ESCAPES.sub(lambda match: _unescaped(match[0]), text)
    # Splitting takes most of it out, three times as fast as the pattern.
    return DROPPED.sub("", "".join(text.split())).casefold()


def fold_with_places(text: str) -> tuple[str, list[Span]]:
    """Fold the text, and tell where each remaining character stands in it."""
    pieces: list[str] = []
    places: list[Span] = []
    at = 0
    for escape in ESCAPES.finditer(text):
        _fold_plain(text, at, escape.start(), pieces, places)
        plain = _folded_escape(escape[0])
        pieces.append(plain)
        places.extend([escape.span()] * len(plain))
        at = escape.end()
    _fold_plain(text, at, len(text), pieces, places)
    return "".join(pieces), places


def _fold_plain(text: str, start: int, end: int, pieces: list[str], places: list[Span]) -> None:
    """Fold a stretch without escapes."""
    stretch = text[start:end]
    if stretch.isascii() and "\\" not in stretch:
        # Nearly all of a text is like this, and takes a third of the time so.
        pieces.append("".join(stretch.split()).lower())
        places += [(at, at + 1) for at, character in enumerate(stretch, start) if not character.isspace()]
        return
    for at, character in enumerate(stretch, start):
        if not (character.isspace() or character in INVISIBLE):
            plain = character.casefold()
            pieces.append(plain)
            places.extend([(at, at + 1)] * len(plain))


class Runs:
    """Finds runs of a hidden text; the work that this takes over all texts is limited.

    Every run that is long enough holds a seed: a third as many characters that begin at a multiple of
    `step`.
    """

    __slots__ = ("_hidden", "_least", "_left", "_seeds")

    def __init__(self, hidden: str, least: int) -> None:
        self._hidden = hidden
        self._least = least
        self._left = COMPARISONS
        self._seeds: dict[str, list[int]] = {}
        size = least // 3
        step = least - size + 1
        for place in range(0, len(hidden) - size + 1 if len(hidden) >= least else 0, step):
            self._seeds.setdefault(hidden[place : place + size], []).append(place)

    def find(self, text: str) -> Iterator[Span]:
        """Find where the text shares at least `least` characters in a row with the hidden text."""
        seeds, size = self._seeds, self._least // 3
        at, last = 0, len(text) - size
        if len(text) < self._least or not seeds:
            return
        # Where the last run ended, by how far the text is from its place in the hidden text.
        ends: dict[int, int] = {}
        while at <= last:
            for place in seeds.get(text[at : at + size], ()):
                if ends.get(place - at, 0) > at:
                    continue
                self._left -= 1
                if self._left < 0:
                    yield 0, len(text)
                    return
                start, end = self._around(text, at, place)
                self._left -= (end - start) // STRETCH
                if end - start >= self._least:
                    ends[place - at] = end
                    yield start, end
            at += 1

    def _around(self, text: str, at: int, place: int) -> Span:
        """Find the span around the seed that stands around its place in the hidden text too."""
        hidden = self._hidden
        start, end = at, at + _shared(text, at, hidden, place)
        # The run has no seed further to the left, or it was found there.
        first = max(0, at - self._least)
        while start > first and place > 0 and text[start - 1] == hidden[place - 1]:
            start, place = start - 1, place - 1
        return start, end


def _shared(text: str, at: int, hidden: str, place: int) -> int:
    """Count how many characters from there on are the same."""
    most = min(len(text) - at, len(hidden) - place)
    low, high = 0, 64
    while high < most and text[at + low : at + high] == hidden[place + low : place + high]:
        low, high = high, high * 2
    high = min(high, most)
    while low < high:
        middle = (low + high + 1) // 2
        if text[at + low : at + middle] == hidden[place + low : place + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, spans: list[Span]) -> str:
    """Put a mask in the place of each span; spans that touch become one."""
    out: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start > at or not out:
            out.append(text[at:start] + MASK)
        at = max(at, end)
    return "".join([*out, text[at:]])


@lru_cache(256)
def _folded_escape(escape: str) -> str:
    return fold(_unescaped(escape))


def _unescaped(escape: str) -> str:
    """Return the character that one match of `ESCAPES` stands for."""
    if escape.startswith("&"):
        return unescape(escape)
    kind, _, digits = escape.lstrip("\\").partition("\\")
    if kind[0] not in "ux":
        return ""
    code = int(kind[1:], 16)
    if digits:
        return chr(0x10000 + ((code & 0x3FF) << 10) + (int(digits.lstrip("\\")[1:], 16) & 0x3FF))
    return chr(code)
