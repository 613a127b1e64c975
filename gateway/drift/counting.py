"""Number words of a language are its own, whoever reads them."""

from gateway.drift.language import Language


def words(language: Language) -> dict[str, int]:
    """Give every number word of the language."""
    told = language.numbers
    known = dict(told.words)
    for n, variants in enumerate(told.spelled.split()):
        for word in variants.split("/"):
            if word != "-":
                known[word] = n
    if told.hundred:
        small = [variants.split("/")[0] for variants in told.spelled.split()]
        for n in range(1, 10):
            for rest in range(100):
                tail = small[rest] if rest else ""
                known.setdefault((small[n] if n > 1 else "") + told.hundred + tail, n * 100 + rest)
    return known
