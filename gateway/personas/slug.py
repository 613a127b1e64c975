"""Slugs and labels look like this."""

import re

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LABEL = re.compile(r"[a-z][a-z0-9-]*")
LENGTH = 64
DEMO = ("the-night-librarian", "the-istanbul-bookseller")
"""The slugs of the personas that an empty store starts with, the English one first."""
RESERVED = frozenset({"actions", "import", "repositories"})
"""Slugs that no persona can take, since paths of the API have these words in the place of one."""
LATEST = "latest"
"""The label that always means the newest version, and cannot be moved by hand."""
PRODUCTION = "production"
"""The label that a bare name means, where a persona bears it."""


def is_slug(text: str) -> bool:
    return len(text) <= LENGTH and SLUG.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """Tell whether the text can be a label: `v<digits>` cannot, since it already names a version."""
    return len(text) <= LENGTH and LABEL.fullmatch(text) is not None and not re.fullmatch(r"v[0-9]+", text)
