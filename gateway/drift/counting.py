"""Number words of a language are its own, whoever reads them."""

from collections.abc import Iterator, Mapping


def spelled(words: str) -> dict[str, int]:
    """Give each word the value of its place; `/` parts variants, `-` leaves a place out."""
    return {
        word: n for n, variants in enumerate(words.split()) for word in variants.split("/") if word != "-"
    }


def valued(words: str, known: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield words with the values that stand behind them, or that are known. Raises ValueError."""
    for entry in words.split():
        word, _, value = entry.partition("=")
        if not value and word not in known:
            raise ValueError(f"`{word}` has no value; write `{word}=…`")
        yield word, int(value) if value else known[word]


def hundreds(words: str, hundred: str) -> Iterator[tuple[str, int]]:
    """Yield the numbers from a hundred on, where they are written as one word."""
    small = [variants.split("/")[0] for variants in words.split()]
    for n in range(1, 10):
        for rest in range(100):
            tail = small[rest] if rest else ""
            yield (small[n] if n > 1 else "") + hundred + tail, n * 100 + rest
