"""A text that is written without blanks is looked through glyph by glyph."""

from gateway.drift.lazily import lazily
from gateway.drift.rules.marks import Mark, Placed

_RUN = lazily(r"[\u3400-\u9fff々]+|[\u30a0-\u30ff]{2,}|[A-Za-z]{2,}|\d+")
Glyphs = dict[str, dict[str, list[str]]]
"""By their first two characters, or the only one: entries and their labels."""


def marks(text: str, glyphs: Glyphs) -> list[Mark]:
    """Find every entry of a table, wherever it stands."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = text
    found: list[Mark] = []
    for at in range(len(folded)):
        pair = folded[at : at + 2]
        if pair in glyphs:
            for entry, labels in glyphs[pair].items():
                if folded.startswith(entry, at):
                    found += [Mark(at, at + len(entry), label) for label in labels]
        if pair[0] in glyphs:
            found += [Mark(at, at + 1, label) for label in glyphs[pair[0]].get(pair[0], ())]
    return found


def runs(text: str, stop: frozenset[str]) -> list[Placed]:
    """Give the runs of letters that words are mostly made of; longer ones in pairs."""
    found: list[Placed] = []
    for match in _RUN.finditer(text):
        run, start = match[0], match.start()
        if len(run) <= 2 or run[0] < "\u3400":
            if run not in stop and len(run) > 1:
                found.append((*match.span(), run.lower()))
            continue
        for at in range(len(run) - 1):
            pair = run[at : at + 2]
            if pair not in stop and pair[0] not in stop and pair[1] not in stop:
                found.append((start + at, start + at + 2, pair))
    return found
