"""Bodies that come compressed."""

import zlib


def decoder(encoding: str) -> "zlib._Decompress | None":
    """For upstreams that compress although they were asked not to."""
    return zlib.decompressobj(wbits=47) if encoding.strip().lower() in ("gzip", "x-gzip", "deflate") else None
