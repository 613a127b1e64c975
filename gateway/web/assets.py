"""The page's files are read once, under a name that changes when one of them does, and packed once."""

import gzip
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
WORTH_PACKING = 1_000
"""Bytes; what is smaller goes out as it is."""
PLACE = "BUILD"
"""Stands in the first file for the name under which the others are."""


class Asset(NamedTuple):
    """One file as it goes out; `packed` is `None` where gzip gains nothing."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


class Assets:
    """All files of the page; reading them takes a few milliseconds, so it is done in a thread."""

    def __init__(self) -> None:
        found = dict(_walk(files("gateway.web"), ""))
        digest = hashlib.sha256()
        for path, body in sorted(found.items()):
            digest.update(f"{path}\0{len(body)}\0".encode())
            digest.update(body)
        self.build = digest.hexdigest()[:16]
        index = found.pop("index.html").replace(PLACE.encode(), self.build.encode())
        self.index = _asset("index.html", index)
        self._files = {path: _asset(path, body) for path, body in found.items()}

    def find(self, build: str, path: str) -> Asset | None:
        """Return a file; `None` for one that is not there, or that an older or newer gateway has."""
        return self._files.get(path) if build == self.build else None


def _walk(folder: Traversable, above: str) -> list[tuple[str, bytes]]:
    found = []
    for each in folder.iterdir():
        path = f"{above}{each.name}"
        if each.is_dir():
            found += _walk(each, f"{path}/")
        elif each.name.rpartition(".")[2] in TYPES:
            found.append((path, each.read_bytes()))
    return found


def _asset(path: str, body: bytes) -> Asset:
    packed = gzip.compress(body, 9, mtime=0) if len(body) > WORTH_PACKING else None
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(body, packed, TYPES[path.rpartition(".")[2]], etag)
