"""Personas and messages are found by their words, those that are there already too."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.storage import words

revision = "0022"
down_revision = "0021"
TABLES = ("persona_words", "message_words")
NUMBERS = "ix_personas_seq"
NUMBER = """
    UPDATE personas SET seq = numbered.place
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM personas) AS numbered
    WHERE numbered.id = personas.id
"""
BATCH = 200
PERSONAS = """
    SELECT p.id, p.seq, p.workspace_id, p.slug, p.name, p.tags, v.prompt FROM personas p
    JOIN versions v ON v.persona_id = p.id AND v.number = p.latest
    WHERE p.seq > :after ORDER BY p.seq LIMIT :batch
"""
MESSAGES = """
    SELECT m.seq, m.body, c.workspace_id FROM messages m JOIN conversations c ON c.seq = m.conversation
    WHERE m.seq > :after AND m.body IS NOT NULL ORDER BY m.seq LIMIT :batch
"""


def upgrade() -> None:
    op.add_column("personas", sa.Column("seq", sa.Integer()))
    op.execute(NUMBER)
    op.create_index(op.f(NUMBERS), "personas", ["seq"], unique=True)
    for name in TABLES:
        _make(name)
    _fill("persona_words", PERSONAS, _of_persona)
    _fill("message_words", MESSAGES, _of_message)
    op.drop_column("personas", "search")


def downgrade() -> None:
    op.add_column("personas", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    for row in _rows(PERSONAS):
        marked = "".join(f"\n#{tag}\n" for tag in _tags(row.tags))
        text = "\n".join([row.slug, row.name, marked, row.prompt[:65_536]]).casefold()[:65_536]
        change = sa.text("UPDATE personas SET search = :search WHERE id = :id")
        op.get_bind().execute(change, {"search": text, "id": row.id})
    for name in TABLES:
        op.drop_table(name)
    op.drop_index(op.f(NUMBERS), table_name="personas")
    op.drop_column("personas", "seq")


def _make(name: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Where a word stands in its text is not asked for, so that it is not kept.
        op.execute(
            f"CREATE VIRTUAL TABLE {name} USING fts5(tokens, detail=none, columnsize=0, tokenize='unicode61')"
        )
        return
    op.create_table(
        name,
        sa.Column("rowid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tokens", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("rowid", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_tokens"), name, ["tokens"], postgresql_using="gin")


def _fill(name: str, query: str, tokens: Any) -> None:
    value = "CAST(:tokens AS tsvector)" if op.get_bind().dialect.name == "postgresql" else ":tokens"
    statement = sa.text(f"INSERT INTO {name} (rowid, tokens) VALUES (:seq, {value})")  # noqa: S608
    for row in _rows(query):
        op.get_bind().execute(statement, {"seq": row.seq, "tokens": tokens(row)})


def _rows(query: str) -> Iterator[sa.Row[Any]]:
    after = 0
    while rows := op.get_bind().execute(sa.text(query), {"after": after, "batch": BATCH}).all():
        yield from rows
        after = rows[-1].seq


def _of_persona(row: sa.Row[Any]) -> str:
    tags = _tags(row.tags)
    text = "\n".join([row.slug, row.name, *tags, row.prompt])
    return words.indexed(text, row.workspace_id, *map(words.tag_of, tags))


def _of_message(row: sa.Row[Any]) -> str:
    content = msgspec.json.decode(row.body).get("content")
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return words.indexed("".join(text for text in texts if isinstance(text, str)), row.workspace_id)


def _tags(stored: Any) -> list[str]:
    # JSON comes as text from SQLite, and as a value from PostgreSQL.
    found: list[str] = msgspec.json.decode(stored) if isinstance(stored, str) else stored
    return found
