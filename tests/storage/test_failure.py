"""A value that the store never takes is told apart from a store that is away."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from gateway.storage import tables
from gateway.storage.failure import UnfitError
from tests.fakes.store import opened

CHANGE = {"topic": "persona", "subject": "psn_1", "at": 1}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("value", [{"subject": "a" * 41}, {"subject": "\0"}, {"at": 10**30}, {"seq": 10**18}])
async def test_a_value_that_does_not_fit_is_unfit(place: Path | str, value: dict[str, Any]) -> None:
    async with opened(place) as database:
        with pytest.raises(UnfitError):
            async with database.write() as connection:
                await connection.execute(insert(tables.changes).values({**CHANGE, **value}))
