"""One rule says who may know of a persona, for statements and for the rows that they have found."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, or_

from gateway.storage import tables

PERSONA = tables.personas.c
OWNED = (
    PERSONA.workspace_id.label("of_workspace"),
    PERSONA.visibility.label("of_visibility"),
    PERSONA.owner.label("of_owner"),
)
"""Columns that a query reads of a persona to which something belongs."""


class Owned(msgspec.Struct, frozen=True):
    """Says whose a persona is."""

    workspace_id: str
    visibility: str
    owner: str | None

    def is_shown_to(self, workspace_id: str, owner: str) -> bool:
        """Tell whether a key of this owner may know its name."""
        if self.workspace_id != workspace_id:
            return self.visibility == "public"
        return self.visibility != "private" or self.owner == owner


def owned(row: Row[Any]) -> Owned | None:
    """Read a row with the columns OWNED; `None` where there is no such persona."""
    return None if row.of_workspace is None else Owned(row.of_workspace, row.of_visibility, row.of_owner)


def is_own(workspace_id: str, owner: str) -> ColumnElement[bool]:
    """Select those of the workspace that a key of this owner may know."""
    mine = or_(PERSONA.visibility != "private", PERSONA.owner == owner)
    return (PERSONA.workspace_id == workspace_id) & mine


def is_shown(workspace_id: str, owner: str) -> ColumnElement[bool]:
    """Select the same, and what other workspaces have made public."""
    return or_(is_own(workspace_id, owner), PERSONA.visibility == "public")


def is_open(workspace_id: str, owner: str) -> ColumnElement[bool]:
    """Select what belongs to no persona, or to one that does not hide it: the workspace's own private
    personas keep what belongs to them for their owners."""
    others = or_(PERSONA.workspace_id != workspace_id, PERSONA.visibility != "private")
    return or_(PERSONA.id.is_(None), others, PERSONA.owner == owner)
