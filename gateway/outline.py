"""The size of a JSON text is told from its bytes, before any object is made of it."""

from itertools import accumulate

OPENING, CLOSING = b"[{", b"]}"
STEP = {**dict.fromkeys(OPENING, 1), **dict.fromkeys(CLOSING, -1)}
NOT_BRACKETS = bytes(code for code in range(256) if code not in OPENING + CLOSING)


def exceeds(text: bytes, *, values: int, depth: int) -> str | None:
    """Say to a caller what there is too much of; `None` means that the text is within the limits.

    `values` limits everything that would become an object: keys, texts, numbers, lists and objects. For a
    text that is not JSON the answer means nothing. The work is a few passes in C over the bytes.
    """
    if _most(text) <= values and _brackets(text) <= depth:
        return None
    # Only the number of texts matters, not what is in them: a comma in a prompt is no value.
    text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    strings = text.count(b'"') // 2
    if strings > values:
        return f"holds more than {values} values"
    text = b"".join(text.split(b'"')[::2])
    if _most(text) > values:
        return f"holds more than {values} values"
    steps = map(STEP.__getitem__, text.translate(None, NOT_BRACKETS))
    if max(accumulate(steps), default=0) > depth:
        return f"is nested in more than {depth} levels"
    return None


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _most(text: bytes) -> int:
    """Bound the number of values and keys from above: one for each comma, colon and bracket, and one more."""
    return text.count(b",") + text.count(b":") + _brackets(text) + 1
