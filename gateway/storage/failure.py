"""The store can fail in these ways, which are told in words that know no database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

OF_THE_STORE = (OperationalError, InternalError, DatabaseError)
"""The database's classes for errors that are no mistake in a statement."""
STATES = ("08", "25006", "40", "53", "55", "57", "58", "XX")
"""PostgreSQL's names for such errors begin like this: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
UNFIT = ("22", "23", "54")
"""Its names for what is wrong with a value or too large begin so; what its driver refuses by
itself has no such name."""
CANCELLED = "57014"


class StoreUnavailable(Exception):
    """The store is locked, full, damaged, away or too busy; the message is the database's."""


class TooSlow(StoreUnavailable):
    """A query was stopped at its time limit."""


class WriterLeft(StoreUnavailable):
    """Whoever wanted to write has left while the write waited for its turn; nothing was written."""


class SchemaOutdatedError(Exception):
    """The store has another schema than this version of the product needs."""


class UnfitError(Exception):
    """The value to be written is of a kind that the store never takes."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raise the errors above in place of the database's; a mistake in a statement stays what it is."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        # The database's own message may quote the value, which must not reach a log.
        raise UnfitError(type(error).__name__) from None
    except PoolTimeout as error:
        raise StoreUnavailable("every connection is in use") from error
    except DBAPIError as error:
        state = sqlstate(error)
        if state.startswith(UNFIT) or isinstance(error.orig and error.orig.__cause__, ValueError):
            raise UnfitError(type(error).__name__) from None
        if not (type(error) in OF_THE_STORE or error.connection_invalidated or state.startswith(STATES)):
            raise
        is_slow = state == CANCELLED or str(error.orig) == "interrupted"
        raise (TooSlow if is_slow else StoreUnavailable)(str(error.orig)) from error
    except (TimeoutError, ConnectionError) as error:
        raise StoreUnavailable(str(error) or "the database does not answer") from error


def sqlstate(error: DBAPIError) -> str:
    """Return PostgreSQL's name for the error, five characters; SQLite has none."""
    return getattr(error.orig, "sqlstate", None) or ""
