"""The store can fail in these ways, which are told in words that know no database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

OF_THE_STORE = (OperationalError, InternalError, DatabaseError)
"""The database's classes for errors that are no mistake in a statement."""


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
        raise UnfitError(type(error).__name__) from error
    except PoolTimeout as error:
        raise StoreUnavailable("every connection is in use") from error
    except DatabaseError as error:
        if type(error) not in OF_THE_STORE:
            raise
        kind = TooSlow if str(error.orig) == "interrupted" else StoreUnavailable
        raise kind(str(error.orig)) from error
