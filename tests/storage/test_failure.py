"""A value that the store never takes is told apart from a store that is away."""

import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, text

from gateway.storage import tables
from gateway.storage.failure import StoreUnavailable, UnfitError, told_plainly
from gateway.storage.postgres import Postgres
from tests.fakes.store import opened

CHANGE = {"topic": "persona", "subject": "psn_1", "at": 1}
UNFIT = [
    {"subject": "a" * 41},
    {"subject": "A secret\0"},
    {"subject": "A secret\ud83d"},
    {"at": 10**30},
    {"seq": 10**19},
]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("value", UNFIT)
async def test_a_value_that_does_not_fit_is_unfit_and_is_not_quoted(
    place: Path | str, value: dict[str, Any]
) -> None:
    async with opened(place) as database:
        with pytest.raises(UnfitError) as raised:
            async with database.write() as connection:
                await connection.execute(insert(tables.changes).values({**CHANGE, **value}))
    assert "A secret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_more_words_than_an_index_takes_are_unfit(place: Path | str) -> None:
    words = " ".join(f"{number:x}" for number in range(400_000))
    async with opened(place) as database, database.read() as connection:
        with pytest.raises(UnfitError), told_plainly():
            await connection.execute(text("SELECT CAST(:words AS tsvector)"), {"words": words})


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError("gone"),
    ],
)
async def test_whatever_the_driver_says_of_a_server_that_stops_is_an_outage(error: Exception) -> None:
    async def fetchval(_statement: str, **_settings: float) -> None:
        raise error

    connection: Any = SimpleNamespace(driver=SimpleNamespace(fetchval=fetchval))
    with pytest.raises(StoreUnavailable):
        await Postgres("postgresql://nowhere.invalid/none").pulse(connection)
