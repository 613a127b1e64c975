"""Words that are never said, however they are inflected, spelt or hidden."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.drift.lazily import lazily
from gateway.drift.proper_names import ProperNames

LONGEST = 12_000
"""Characters that are looked at, the first."""
_UNSEEN = lazily(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_LOOKALIKES = {
    **dict(zip("аеорсухіјѕԁԛԝһӏмтвкнгп", "aeopcyxijsdqwhlmtbkhrn", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЈЅ", "abekmhopctyxijs", strict=True)),
    **dict(zip("αβεικνορτυχγη", "abeiknoptuxyn", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True)),
    **dict(zip("ɑɡɩοɪʏ", "agioiy", strict=True)),
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
}
_TAIL = r"\w{0,3}"
_OPENS = lazily(r"(?:^|[.!?…:\n。])[\s\"'“”„«*-]{0,4}\Z")
"""This stands before the first word of a sentence."""
_VOWELS = frozenset("aeiouyаеоиу")
_LEAST = 3
"""Letters of a name that no ending of a case is cut from."""


class _Folds(dict[int, str]):
    """Says what each letter looks like, in lower case without accents; nothing for what is not seen."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if code < 0x80:
            plain = letter.lower()
        elif _UNSEEN.match(letter):
            plain = ""
        else:
            plain = _LOOKALIKES.get(letter) or _plain(letter)
        if len(self) < 1 << 14:
            self[code] = plain
        return plain


@lru_cache(maxsize=1)
def _folds() -> _Folds:
    return _Folds()


def folded(text: str) -> str:
    """The text as a reader sees it, in lower case."""
    return text.lower() if text.isascii() else text.translate(_folds())


def skeleton(text: str) -> tuple[str, list[int]]:
    """The text as a reader sees it, in lower case, and the place in the text of each of its characters."""
    if text.isascii():
        return text.lower(), []
    folds = _folds()
    letters = [folds[ord(letter)] for letter in text]
    return "".join(letters), [at for at, plain in enumerate(letters) for _ in plain]


def _plain(letter: str) -> str:
    """A letter without accents; Japanese and Korean syllables stay what they are."""
    compatible = unicodedata.normalize("NFKC", letter).casefold()
    if any("\u3040" <= one <= "\ud7ff" for one in compatible):
        return compatible
    return "".join(
        _LOOKALIKES.get(one, one)
        for one in unicodedata.normalize("NFD", compatible)
        if not unicodedata.combining(one)
    )


class Forms(NamedTuple):
    """Says in what forms names stand in a language."""

    ands: str
    """A pattern of what stands for an `&`."""
    cases: tuple[str, ...]
    """Endings, the longest first."""
    fleeting: tuple[str, ...]
    """Vowels that some cases of a name are without: `Lisek`, `o Lisku`."""
    tail: str
    """A pattern of the endings of any language, in Latin letters without accents."""
    possessive: str
    """A pattern of what says that something is a name's: `Skelder's`."""

    @classmethod
    def of(
        cls,
        names: ProperNames,
        ands: Iterable[str] = (),
        cases: Iterable[str] = (),
        fleeting: Iterable[str] = (),
    ) -> "Forms":
        """Make them ready; `ands` may stand for an `&`, and names end in `cases` where there are such."""
        return cls(
            "|".join([r"&", r"\+", *(re.escape(_clean(one)) for one in ands)]),
            tuple(sorted({_clean(one) for one in cases}, key=len, reverse=True)),
            tuple(fleeting),
            f"(?:['’]?(?:{'|'.join(names.endings) or '(?!)'}))?",
            f"(?:{'|'.join(names.possessives) or '(?!)'})",
        )

    def stem(self, word: str) -> str:
        """The word without the ending of its case."""
        return next(
            (
                word[: -len(one)]
                for one in self.cases
                if word.endswith(one) and len(word) - len(one) >= _LEAST
            ),
            word,
        )


class Terms:
    """Terms of one rule, made ready to be looked for."""

    def __init__(self, terms: Iterable[str], forms: Forms, *, are_read: bool = False) -> None:
        """Make them ready; where they were read, a word of a longer name may be a common word, too."""
        self.terms = tuple(dict.fromkeys(found for term in terms if (found := _clean(term))))
        self._possessive = re.compile(f"['’]{forms.possessive}$")
        self.first = frozenset(_first(term, forms) for term in self.terms)
        words = {word for term in self.terms for word in re.findall(r"\w+", term) if word != term}
        self._parts = words.intersection(self.terms) if are_read else frozenset[str]()
        """Words that were read to stand for a whole name: the Bean of Bean & Co."""
        longest_first = sorted(self.terms, key=lambda term: (term in self._parts, -len(term)))
        self._pattern = re.compile(
            "|".join(
                f"({_pattern(term, forms)})" if term in self._parts else _pattern(term, forms)
                for term in longest_first
            )
        )

    def __contains__(self, seen: str) -> bool:
        """Tell whether a term may be in a text that was folded."""
        return any(map(seen.__contains__, self.first))

    def find(self, text: str, seen: str, places: Sequence[int]) -> list[tuple[int, int]]:
        """Find where a term is said in the text that the skeleton was made of."""
        found = []
        for match in self._pattern.finditer(seen, 0, LONGEST):
            start, end = match.span()
            start, end = (places[start], places[end - 1] + 1) if places else (start, end)
            if match.lastindex is None or self._is_name(match[0], text, start):
                found.append((start, end))
        return found

    def _is_name(self, said: str, text: str, at: int) -> bool:
        """Tell whether a word means its name: it has a capital, and no ending where any word has one."""
        if text[at].islower():
            return False
        return (
            said in self._parts
            or self._possessive.search(said) is not None
            or _OPENS.search(text, max(0, at - 6), at) is None
        )


def _clean(term: str) -> str:
    return " ".join(skeleton(term)[0].split())


def _first(term: str, forms: Forms) -> str:
    """Say what a text must have for the term to be in it: its longest run of letters, but for its end."""
    run: str = max(re.findall(r"\w+", term), key=len)
    if forms.cases and run.isalpha():
        return forms.stem(run)[:-2] or run[:1]
    return run if len(run) < 5 else run[: len(run) - 1]


def _pattern(term: str, forms: Forms) -> str:
    """The term with its forms: endings, a possessive, and any blanks or hyphens between its words."""
    words = re.findall(r"\w+|[^\w\s]+", term)
    if any("\u2e80" <= letter <= "\ud7ff" for letter in term):
        return r"[\s·・]*".join(map(re.escape, words))
    parts = [f"(?:{forms.ands})" if word in "&+" else _word(word, forms) for word in words]
    last = words[-1]
    if last[-1].isalpha() and not (forms.cases and len(last) > _LEAST):
        tail = _TAIL if last[-1] > "\u0370" else forms.tail
        if len(last) > 5 and last[-1] in "aeoyаяоеыи":
            parts[-1] = rf"{re.escape(last[:-1])}(?:{re.escape(last[-1])}{forms.tail}|\w{{0,2}})"
        elif len(last) > 3:
            parts[-1] += tail
        else:
            parts[-1] += f"(?:['’]?{forms.possessive})?"
    return r"(?<!\w)" + r"[\s\-‐-―_·.&]*".join(parts) + r"(?!\w)"


def _word(word: str, forms: Forms) -> str:
    """A word in all its cases, where names have such: a vowel may flee from before its last consonant."""
    if not forms.cases or not word.isalpha() or len(word) <= _LEAST:
        return re.escape(word)
    stem = forms.stem(word)
    head, final = (stem[:-2] if stem[-2] in forms.fleeting else stem[:-1]), stem[-1]
    if final in _VOWELS or len(head) < 2:
        return rf"{re.escape(stem)}(?:['’]?\w{{0,3}})"
    return rf"{re.escape(head)}(?:{'|'.join(forms.fleeting) or '(?!)'})?{re.escape(final)}(?:['’]?\w{{0,3}})"
