"""Some heads say in two ways where an answer ends, yet it is clear which one counts (RFC 9112, 6.3)."""

import re

END = re.compile(rb"\r?\n\r?\n")
LINE = re.compile(rb"\r?\n")
LENGTH, CODING = b"content-length", b"transfer-encoding"


def mended(data: bytes) -> bytes | None:
    """Return an answer's beginning with one of the two left; `None` where all is well, or unclear.

    Chunks go before a length, and lengths that are all the same count as one.
    """
    end = END.search(data)
    if end is None:
        return None
    first, *lines = LINE.split(data[: end.start()])
    named = [(line.partition(b":")[0].strip().lower(), line) for line in lines]
    lengths = [line.partition(b":")[2] for name, line in named if name == LENGTH]
    codings = [line.partition(b":")[2].strip().lower() for name, line in named if name == CODING]
    values = {value.strip() for length in lengths for value in length.split(b",")}
    if codings == [b"chunked"] and lengths:
        kept = []
    elif not codings and len(values) == 1 and values.copy().pop().isdigit():
        kept = [LENGTH + b": " + values.pop()]
    else:
        return None
    others = [line for name, line in named if name != LENGTH]
    return b"\r\n".join([first, *others, *kept]) + b"\r\n\r\n" + data[end.end() :]
