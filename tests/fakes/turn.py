"""A turn, as stores, judges and views are given one."""

from typing import Any

from gateway.turns.turn import Turn


def new_turn(id: str = "msg_1", **more: Any) -> Turn:
    """Make a turn of which a test says what matters to it."""
    plain: dict[str, Any] = {
        "request_id": "req_1",
        "workspace_id": "ws_1",
        "key_id": "key_1",
        "model": "m",
        "stream": False,
        "created_at": 1,
    }
    return Turn(id=id, **plain | more)
