"""Rules may say how an answer is set: its length, and what it is dressed in."""

import re
from collections.abc import Iterator
from functools import cache

from gateway.drift.lazily import lazily
from gateway.drift.rule import Format, Length
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked

_EMOJI = (
    "[\U0001f1e6-\U0001f1ff]{2}|[\u203c\u2049\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001faff](?:[\ufe0e\ufe0f\u20e3]|[\U0001f3fb-\U0001f3ff]|\u200d[\u2600-\U0001faff]\ufe0f?)*"
    "|[#*0-9]\ufe0f?\u20e3|(?<![\\w)])[:;=8]['’]?-?[)(DPp](?!\\w)|(?<!\\w)[xX]D(?!\\w)|<3(?!\\d)|\\^_\\^|\\(\\^[_\\w]?\\^\\)|¯\\\\_"
)
_SMILING = (*(eyes + behind for eyes in ":;=8" for behind in "'-)(DPp"), "xD", "XD", "<3", "^_^", "(^")
"""Each smiley in plain letters begins with one of these or has it in it, which is quicker to look for."""
_TYPOGRAPHY = frozenset("✓✔☐☑☒✗✘★☆•‣◦▪■□▫●○◆◇→←↑↓⇒♪♫♭♯†‡※〽〰\u3030▲△▼▽►▶◀✝☎℡☆©®™")
"""Signs that are set in running text, too, unless a selector makes pictures of them."""
_ITEM = lazily(
    r"^[ \t>]*(?:[-*+•‣◦▪·●○■□–—・]|\(?\d{1,2}[.)）、]|\(?[a-hA-H][.)]|[①-⑳])[ \t　]*(?=\S)", re.MULTILINE
)
_HEADING = lazily(r"^[ \t]{0,3}#{1,6}[ \t]+\S[^\n]*", re.MULTILINE)
_MARKDOWN = lazily(
    r"(?<![\w*])\*\*(?=\S)[^*\n]+\*\*|(?<!\w)__(?=\S)[^_\n]+__(?!\w)|```|(?<!`)`[^`\n]+`"
    r"|^[ \t]*\|[^\n]*\|[ \t]*$"
    r"|\[[^\]\n]+\]\([^)\s]+\)|^[ \t]*[-*_]{3,}[ \t]*$|^>[ \t]\S|^[=-]{3,}$",
    re.MULTILINE,
)
_EXCLAIMED = lazily(r"[!！‼❗❕]+")
_GLYPH = r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+"
SLACK = 0.02
"""This much over a limit of words is forgiven, since words are counted in several ways."""


@cache
def _made(pattern: str) -> re.Pattern[str]:
    """Make a pattern when a text first needs it, in 2 ms, which few starts need."""
    return re.compile(pattern)


def too_long(reading: Marked, length: Length, basis: str) -> Iterator[Finding]:
    """Find what stands behind a limit of sentences or words."""
    text = reading.text
    if length.max_sentences is not None and len(reading.sentences) > length.max_sentences:
        said = [one for one in reading.sentences if any(map(str.isalpha, text[one.start : one.end]))]
        if len(said) > length.max_sentences:
            over = said[length.max_sentences]
            strength = 0.7 if len(said) == length.max_sentences + 1 else 0.95
            yield Finding("length", strength, over.start, len(text.rstrip()), basis)
    if length.max_words is not None and len(text) > length.max_words:
        places = words(text, is_glyphs=not reading.phrasebook.spaced)
        if len(places) > length.max_words * (1 + SLACK):
            strength = 0.7 if len(places) <= length.max_words * 1.05 + 1 else 0.95
            yield Finding("length", strength, places[length.max_words], len(text.rstrip()), basis)


def words(text: str, *, is_glyphs: bool) -> list[int]:
    """Find where each word begins; where there are no blanks each character is one, as people count there."""
    if is_glyphs:
        return [match.start() for match in _made(_GLYPH).finditer(text)]
    return [match.start() for match in re.finditer(r"\S+", text) if any(map(str.isalnum, match[0]))]


def ill_formed(reading: Marked, form: Format, basis: str) -> Iterator[Finding]:
    """Emoji, exclamation marks, lists and Markdown, as far as the rule rules them out."""
    text = reading.text
    if (form.emoji is not None and not text.isascii() | (":" in text) | (";" in text)) or (
        form.emoji is not None and any(map(text.__contains__, ":;=8x<^"))
    ):
        yield from _too_many(emoji(text), form.emoji, basis)
    if form.exclamation is not None and ("!" in text or "！" in text):
        marks = [
            match.span()
            for match in _EXCLAIMED.finditer(text)
            if not any(start <= match.start() < end for start, end in reading.quotes)
        ]
        yield from _too_many(marks, form.exclamation, basis)
    if form.lists is False:
        items = listed(text)
        if items:
            yield Finding(
                "format",
                0.9,
                items[0],
                len(text.rstrip()) if len(items) > 1 else text.find("\n", items[0]) % (len(text) + 1),
                basis,
            )
    if form.markdown is False:
        for match in (*_HEADING.finditer(text), *_MARKDOWN.finditer(text)):
            yield Finding("format", 0.9, *match.span(), basis)
            return
        items = [at for at in listed(text) if text[at : at + 2] in ("- ", "* ", "+ ")]
        if items:
            yield Finding("format", 0.8, items[0], len(text.rstrip()), basis)


def emoji(text: str) -> list[tuple[int, int]]:
    """Pictures and smileys; not the signs of typography."""
    if text.isascii() and not any(map(text.__contains__, _SMILING)):
        return []
    return [
        match.span()
        for match in _made(_EMOJI).finditer(text)
        if not (match[0][0] in _TYPOGRAPHY and "\ufe0f" not in match[0])
    ]


def listed(text: str) -> list[int]:
    """Find where the items of a list begin: two at least, or one behind a line that announces it."""
    if "\n" not in text:
        return []
    items = list(_ITEM.finditer(text))
    dashes = [match for match in items if match[0].strip() in ("–", "—", "-", "・") and _speaks(text, match)]
    items = [match for match in items if match not in dashes]
    if len(items) >= 2 or (items and text[: items[0].start()].rstrip().endswith((":", "："))):
        return [match.start() + len(match[0]) - len(match[0].lstrip()) for match in items]
    return []


def _speaks(text: str, item: re.Match[str]) -> bool:
    """A dash that opens what somebody says, as novels set it: the line has a sentence with its stop."""
    line = text[item.end() : (text.find("\n", item.end()) + 1 or len(text) + 1) - 1].rstrip()
    return item[0].strip() in ("–", "—") and line.endswith((".", "!", "?", "…"))


def _too_many(found: list[tuple[int, int]], most: bool | int, basis: str) -> Iterator[Finding]:
    allowed = int(most)
    if len(found) > allowed:
        yield Finding("format", 0.9, *found[allowed], basis)
