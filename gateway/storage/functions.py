"""SQL functions have other names in other databases."""

from typing import Any

from sqlalchemy import ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class place(GenericFunction[int]):  # noqa: N801
    """The place of the second text in the first one, counted from 1; 0 where it does not occur."""

    type = Integer()
    inherit_cache = True


@compiles(place, "sqlite")
def _in_sqlite(element: place, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"instr{compiler.process(element.clause_expr, **kwargs)}"


@compiles(place, "postgresql")
def _in_postgres(element: place, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"strpos{compiler.process(element.clause_expr, **kwargs)}"


def holds(text: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Tell whether the text holds this part, letter for letter."""
    return place(text, part) > 0
