"""The revisions of the store's schema are named by the files of the migrations."""

from functools import cache
from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")


@cache
def newest() -> str:
    """Return the revision that this version of the product needs, such as `0005`."""
    return max(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r*.py"))
