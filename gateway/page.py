"""A page of a list: what is on it, and where the next one begins."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import Parameter

from gateway.errors import Detail, Fault, Refusal

Item = TypeVar("Item")
Record = TypeVar("Record")

Limit = Annotated[int, Parameter(ge=1, le=200, description="Items on a page.")]
After = Annotated[str | None, Parameter(description="`next` of the page before.", max_length=100)]


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """The newest items come first. `next` goes into `after` for the next page; the last page has none."""

    data: list[Item]
    has_more: bool
    next: str | None


def page(
    records: Sequence[Record], limit: int, show: Callable[[Record], Item], at: Callable[[Record], str]
) -> Page[Item]:
    """Make a page of `limit` items from a query that was asked for one more; `at` gives a record's cursor."""
    shown = records[:limit]
    more = len(records) > limit
    return Page([show(record) for record in shown], more, at(shown[-1]) if more else None)


def require_cursor(after: str | None, pattern: str) -> None:
    """Raises Refusal where `after` is not the `next` of such a list."""
    if after is not None and not re.fullmatch(pattern, after, re.ASCII):
        details = [Detail(["query", "after"], "is no cursor of this list", "value_error")]
        raise Refusal(
            Fault.REQUEST_INVALID, "`after` is no cursor of this list; send its `next`.", details=details
        )
