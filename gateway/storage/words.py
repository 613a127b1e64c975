"""Texts are found by their words, which every kind of store indexes in the same form.

A word is folded: without case, and without the accents of Latin, Greek and Cyrillic letters. Writing without
spaces between words (Chinese, Japanese, Korean, Thai and its neighbours) is cut into pairs of characters.
Letters beyond ASCII are written as numbers, since databases differ in what they take for a letter.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, groupby

LONGEST_TEXT = 65_536
"""Characters of a text that are read."""
MOST_WORDS = 8_192
"""Different words of a text that are indexed."""
MOST_SIZE = 512 * 1024
"""Characters of what is indexed of a text; PostgreSQL takes at most 1 MiB."""
LONGEST_WORD = 64
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
PLAIN = re.compile("[a-z0-9]+")
ACCENTS = re.compile("[\u0300-\u036f\u1dc0-\u1dff]+")
PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Characters of writing without spaces."""
MARKED = range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x10000)
"""Marks stand among these; the others are Chinese and Korean, and those for private use."""


def indexed(text: str, workspace_id: str, *others: str) -> str:
    """Return what is indexed of a text: its words, and others as the functions below return them."""
    return " ".join([workspace_of(workspace_id), *others, words_of(text)])


def words_of(text: str) -> str:
    """Return the different words of a text as they are indexed, with spaces between them."""
    found = dict.fromkeys(_words(text[:LONGEST_TEXT], is_asked=False))
    kept, size = [], 0
    for word in map(_ascii, list(found)[:MOST_WORDS]):
        size += len(word) + 1
        if size > MOST_SIZE:
            break
        kept.append(word)
    return " ".join(kept)


def asked_for(text: str) -> str | None:
    """Return what finds texts that have all words of this one, or begin with them; `None` without a word."""
    found = dict.fromkeys(_words(text, is_asked=True))
    return " ".join(f"{_ascii(word)}*" for word in found) or None


def tag_of(text: str) -> str:
    """Return the word that stands for a tag as a whole; no text has such a word."""
    return "zt" + _ascii(_folded(text).strip())


def workspace_of(workspace_id: str) -> str:
    """Return the word that everything of a workspace has, so that a search reads nothing of others."""
    return "zw" + _ascii(workspace_id.casefold())


def _words(text: str, *, is_asked: bool) -> list[str]:
    if text.isascii():
        return [word[:LONGEST_WORD] for word in PLAIN.findall(text.casefold())]
    found: list[str] = []
    # One character may be folded into eighteen.
    for run in _pattern().finditer(_folded(text)[:LONGEST_TEXT]):
        if run.lastgroup == "word":
            found.append(run[0][:LONGEST_WORD])
            continue
        pairs = [run[0][at : at + 2] for at in range(len(run[0]) - 1)]
        # The last character stands alone too, so that one character is found as the beginning of a pair.
        found += pairs if pairs and is_asked else [*pairs, run[0][-1]]
    return found


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", ACCENTS.sub("", apart)).replace("ı", "i")


@lru_cache
def _pattern() -> re.Pattern[str]:
    # Python counts marks, such as the vowels of Indic scripts, among what stands between words.
    marks = "".join(_marks())
    letter = rf"(?![{PAIRED}])(?:[^\W_]|[{marks}])"
    return re.compile(rf"(?P<pairs>(?:(?=[{PAIRED}])(?:\w|[{marks}]))+)|(?P<word>(?:{letter})+)")


def _marks() -> Iterator[str]:
    """Yield the marks of the scripts that have some, as ranges for a pattern, of which there are few."""
    codes = [code for code in chain(*MARKED) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    for _, run in groupby(enumerate(codes), lambda each: each[1] - each[0]):
        some = [chr(code) for _, code in run]
        yield f"{some[0]}-{some[-1]}"


def _ascii(word: str) -> str:
    """Write letters and digits of ASCII as they are, and `z` and all others as `z` and four digits."""
    if word.isascii() and word.isalnum() and "z" not in word:
        return word
    return "".join(each if each in DIGITS[:-1] else f"z{_number(ord(each))}" for each in word)


def _number(code: int) -> str:
    digits = ""
    for _ in range(4):
        code, digit = divmod(code, 36)
        digits = DIGITS[digit] + digits
    return digits
