"""What a foreign document holds is collected here in one form: versions, labels, and what is lost."""

from typing import Any

import msgspec

from gateway.personas.model import Content
from gateway.personas.slug import is_label

BYTES = 8 << 20
"""Bytes of a document, of a picture too."""
PERSONAS = 100
"""Personas of a document."""
VERSIONS = 200
"""Versions of a document: they are stored in one transaction, for which others wait."""
LOST = 100
"""Lines about what was not carried."""


class ImportingError(Exception):
    """A document that is none of the format; the message is a sentence for whoever brought it."""


class Found(msgspec.Struct, kw_only=True):
    """One persona of a document."""

    name: str
    versions: list[Content]
    """The oldest first."""
    tags: list[str] = []
    labels: dict[str, int] = {}
    """Labels, by the place of their version in the list, from 1."""
    alias: str | None = None
    """The name under which callers know it, `pmpt_…`."""
    numbers: dict[str, int] = {}
    """Names that the alias has for versions, by their place in the list, from 1."""
    lost: list[str] = []
    """Each sentence names something that could not be carried."""

    def lose(self, what: str) -> None:
        """Note what is not carried; after many lines only that there is more."""
        if len(self.lost) < LOST:
            self.lost.append(what)
        elif len(self.lost) == LOST:
            self.lost.append("There is more that was not carried.")

    def label(self, name: str, place: int) -> None:
        """Have the label stand for a version, where it can be a label here."""
        if name == "latest":
            return
        if is_label(name):
            self.labels[name] = place
        else:
            self.lose(f"The label `{name[:64]}` is no label here; labels are `[a-z][a-z0-9-]*`.")


def text_of(value: Any, field: str) -> str:
    """Return the text in a field of a document; null is empty. Raises ImportingError."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ImportingError(f"`{field}` is not a text")
    return value.replace("\r\n", "\n").replace("\0", "")


def texts_of(value: Any, field: str) -> list[str]:
    """Return the texts in a list. Raises ImportingError."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ImportingError(f"`{field}` is not a list of texts")
    return [text_of(each, field) for each in value]


def object_of(value: Any, what: str) -> dict[str, Any]:
    """Return the object. Raises ImportingError."""
    if not isinstance(value, dict):
        raise ImportingError(f"{what} is not an object")
    return value
