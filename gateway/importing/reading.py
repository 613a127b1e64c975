"""A document becomes drafts of personas, before any of them is stored."""

from collections.abc import Iterator

from gateway.importing import formats
from gateway.importing.formats import Format
from gateway.importing.found import Found
from gateway.personas.acceptance import check
from gateway.personas.body import slug_from
from gateway.personas.model import Draft, Profile, Visibility


class SeveralError(Exception):
    """A slug was given for a document that holds several personas; `count` tells how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"is for one persona, and the document holds {count}")


def read(
    form: Format, data: bytes, name: str, slug: str | None, visibility: Visibility
) -> list[tuple[Found, list[Draft]]]:
    """Read a document. Raises ImportingError, SeveralError, and DraftError for what is no persona here."""
    found = formats.read(form, data, name)
    if slug is not None and len(found) != 1:
        raise SeveralError(len(found))
    return [(each, list(drafts(each, slug or slug_from(each.name), visibility))) for each in found]


def drafts(found: Found, slug: str, visibility: Visibility) -> Iterator[Draft]:
    """Yield the drafts of its versions, the oldest first. Raises DraftError."""
    profile = Profile(slug=slug, name=found.name, tags=found.tags, visibility=visibility)
    for content in found.versions:
        draft = Draft(profile, content)
        check(draft)
        yield draft
