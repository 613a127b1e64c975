"""The engine that does work reaches tables of its own, beside the store's, by these connections."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import URL, Engine, create_engine, event, make_url

from gateway.config import Store

WAIT_SECONDS = 30
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # What steps have given is overwritten when it is deleted.
    "secure_delete=ON",
)
CONNECTIONS = 5


def connections(store: Store) -> Engine:
    """Open a second file beside the store's, or the same database, in which the engine has its own schema."""
    if store.is_file:
        return _file(store)
    url = make_url(urlsplit(store.url)._replace(scheme="postgresql+psycopg").geturl())
    # A pooler may stand in front of the database, and hand a connection to another server each time.
    settings = {"prepare_threshold": None, "application_name": "persona-gateway"}
    return create_engine(
        url, connect_args=settings, pool_size=CONNECTIONS, pool_pre_ping=True, hide_parameters=True
    )


def scrub(engine: Engine) -> None:
    """Empty the log of a file, in which what was deleted could be read; a server sees to its own."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _file(store: Store) -> Engine:
    url = URL.create("sqlite", database=str(store.beside(".work.db")))
    engine = create_engine(
        url, connect_args={"timeout": WAIT_SECONDS}, pool_size=CONNECTIONS, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Writers take the lock at their beginning, so that none fails for what another one has written.
        connection.isolation_level = "IMMEDIATE"
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return engine
