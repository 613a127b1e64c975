"""A turn's row has each of its columns once, and each value in its own."""

from typing import Any

import msgspec

from gateway.drift.axes import AXES
from gateway.storage import tables
from gateway.turns.store.rows import COLUMNS, row_of
from gateway.turns.turn import Drift, Turn
from gateway.turns.usage import Usage


def test_every_column_of_a_turn_is_written_once() -> None:
    assert sorted(COLUMNS) == sorted(column.name for column in tables.turns.columns if column.name != "seq")


def test_each_value_stands_in_its_own_column() -> None:
    names: Any = {
        "id": "msg_1",
        "request_id": "req_1",
        "workspace_id": "ws_1",
        "key_id": "key_1",
        "model": "m",
    }
    usage = Usage(*range(len(Usage.__struct_fields__)))
    levels: Any = {axis.name: at / 10 for at, axis in enumerate(AXES)}
    drift = Drift(verdict="drifting", **levels)
    turn = Turn(**names, stream=True, created_at=7, usage=usage, drift=drift, late=True, latency_ms=2.5)
    row = dict(zip(COLUMNS, row_of(turn), strict=True))
    assert {name: row[name] for name in names} == names
    assert {name: row[name] for name in Usage.__struct_fields__} == msgspec.structs.asdict(usage)
    assert [row[axis.column] for axis in AXES] == [getattr(drift, axis.name) for axis in AXES]
    assert (row["verdict"], row["reason"], row["stream"], row["late"]) == ("drifting", None, 1, 1)
    assert (row["judged"], row["created_at"], row["latency_ms"], row["status"]) == (0, 7, 2.5, "failed")
