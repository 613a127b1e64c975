"""Statements index words, and find what has those that are sought, in the form of each kind of store."""

from typing import Any

from sqlalchemy import Dialect, Insert, String, Text, TypeDecorator, bindparam, insert, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.schema import Table
from sqlalchemy.types import NullType

from gateway.storage.connection import AsyncConnection
from gateway.storage.words import workspace_of

FEW = 500
"""Rows up to which what is found is looked up row by row."""
SUBJECT: BindParameter[str] = bindparam("subject", type_=String)
"""The id of what is indexed."""


def statement(table: Table, number: ColumnElement[int], which: ColumnElement[bool]) -> Insert:
    """Write the statement that indexes the parameter `tokens` under the number that a query finds."""
    values = select(number, bindparam("tokens", type_=table.c.tokens.type)).where(which)
    return insert(table).from_select(["rowid", "tokens"], values)


async def among(connection: AsyncConnection, column: ColumnElement[int], found: Any) -> ColumnElement[bool]:
    """Tell which numbers are among those that `matching` or `anywhere` select.

    Few are read first: a database does not know how rare a word is, and would look through all that there is
    for one that a single row has.
    """
    few = list(await connection.scalars(found.limit(FEW + 1)))
    return column.in_(few if len(few) <= FEW else found)


def matching(table: Table, workspace_id: str, *wanted: str) -> Any:
    """Select the numbers of what has all that is wanted, as the functions of `words` return it."""
    sought = literal(" ".join([workspace_of(workspace_id), *wanted]), _Sought())
    return select(table.c.rowid).where(has_words(table.c.tokens, sought))


def anywhere(table: Table, *wanted: str) -> Any:
    """Select the numbers of what has all that is wanted, in any workspace."""
    return select(table.c.rowid).where(has_words(table.c.tokens, literal(" ".join(wanted), _Sought())))


class has_words(GenericFunction[Any]):  # noqa: N801
    """Tells whether the words of a row are those that are sought."""

    # SQLite knows MATCH where it stands alone, and a Boolean would be compared with 1.
    type = NullType()
    inherit_cache = True


@compiles(has_words, "sqlite")
def _in_sqlite(element: Any, compiler: SQLCompiler, **kwargs: Any) -> str:
    tokens, sought = element.clauses
    return f"{tokens.table.name} MATCH {compiler.process(sought, **kwargs)}"


@compiles(has_words, "postgresql")
def _in_postgres(element: Any, compiler: SQLCompiler, **kwargs: Any) -> str:
    tokens, sought = (compiler.process(each, **kwargs) for each in element.clauses)
    return f"{tokens} @@ CAST({sought} AS tsquery)"


class _Sought(TypeDecorator[str]):
    """Writes what is sought as each database does; the words are of ASCII letters and digits alone."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace("*", ":*").replace(" ", " & ")
