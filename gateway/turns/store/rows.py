"""A turn becomes a row, and a row becomes a turn again, with its place and the owner of its persona."""

from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import astuple
from sqlalchemy import Row, select

from gateway.auth.guard import Caller as Reader
from gateway.drift.axes import AXES
from gateway.storage import erasure, tables
from gateway.storage.database import fields
from gateway.storage.visibility import OWNED, Owned, owned
from gateway.turns.turn import Drift, Explain, Judgement, Turn
from gateway.turns.usage import Usage

TURN = tables.turns.c
DETAILS: dict[str, Any] = {"explain": Explain, "judge": Judgement}
"""Types of the columns that hold JSON, which lists leave out."""
_LISTED = [column for column in tables.turns.columns if column.name not in DETAILS]
_OF_PERSONAS = tables.turns.outerjoin(tables.personas, tables.personas.c.id == TURN.persona_id)
WHOLE = select(*TURN, *OWNED).select_from(_OF_PERSONAS)
BRIEF = select(*_LISTED, *OWNED).select_from(_OF_PERSONAS)
"""Queries for turns, with their details and without."""
MADE = ("stream", "judged", "late", "reason", *erasure.TURN)
"""Columns that are not stored just as the turn has them."""
KEPT = tuple(name for name in Turn.__struct_fields__ if name in TURN and name not in MADE)
"""Columns that are fields of the turn."""
COLUMNS = (*KEPT, *Usage.__struct_fields__, *[axis.column for axis in AXES], "verdict", *MADE)
# To take all fields and choose among them costs a third of asking for each by its name.
_kept = itemgetter(*map(Turn.__struct_fields__.index, KEPT))
_measured = attrgetter(*[axis.name for axis in AXES], "verdict")


class Stored(msgspec.Struct, frozen=True):
    """A turn and its place in the order in which turns ended."""

    seq: int
    turn: Turn
    persona: Owned | None
    """The owner of the persona; `None` for a plain model, and for a persona that has been purged."""

    def is_named_to(self, reader: Reader) -> bool:
        """Tell whether the reader may know the persona's name."""
        return self.persona is None or self.persona.is_shown_to(reader.workspace_id, reader.owner)


def row_of(turn: Turn) -> tuple[Any, ...]:
    """List the values of `COLUMNS`; a boolean becomes a number, which spares the driver a search."""
    drift = turn.drift
    made = int(turn.stream), int(turn.judged), int(turn.late), drift.reason or None
    told = turn.model, encoded(turn.explain), encoded(turn.judge)
    return (*_kept(astuple(turn)), *astuple(turn.usage), *_measured(drift), *made, *told)


def erased(turn: Turn) -> tuple[Any, ...]:
    """Return the row as a purge leaves it."""
    return (*row_of(turn)[: -len(erasure.TURN)], *erasure.turn(turn.persona_id))


def turn_of(found: Row[Any]) -> Stored:
    row = fields(found)
    levels = {axis.name: row[axis.column] for axis in AXES}
    drift = Drift(verdict=row["verdict"], reason=row["reason"] or UNSET, **levels)
    details = {name: _decoded(row.get(name), kind) for name, kind in DETAILS.items()}
    whole = {**row, "drift": drift, "usage": msgspec.convert(row, Usage), **details}
    return Stored(row["seq"], msgspec.convert(whole, Turn), owned(found))


def encoded(value: Explain | Judgement | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _decoded(text: str | None, kind: Any) -> Any:
    return None if text is None else msgspec.json.decode(text, type=kind)
