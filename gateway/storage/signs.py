"""A sign is a value in the store that is another one whenever there is something new of its kind."""

from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Column, Select, bindparam, func, select

Sign: TypeAlias = "Select[Any]"
"""Selects one value, which may be null; `NOW` in it is the time at which it is read."""
NOW = bindparam("now", type_=BigInteger)
"""Milliseconds since the epoch."""


def newest(column: Column[int]) -> Sign:
    """Give the sign of a table that rows are added to, in the order of this column."""
    return select(func.max(column))
