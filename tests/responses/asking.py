"""Tests ask for responses by this, and read what is told of them."""

import json
from typing import Any

from tests.e2e.wire import Reply, fetch
from tests.fakes.process import Gateway

PATH = "/v1/openai/responses"
TOOL: dict[str, Any] = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
    "strict": False,
}


def ask(gateway: Gateway, kind: str, given: object = "Good evening", **more: Any) -> Reply:
    return fetch(gateway, PATH, {"model": f"persona/{kind}", "input": given, "store": False, **more})


def recorded(gateway: Gateway, turn_id: str) -> dict[str, Any]:
    """Return the row of a turn; it is empty until that is written."""
    reply = fetch(gateway, f"/v1/turns/{turn_id}")
    found: dict[str, Any] = reply.json if reply.status == 200 else {}
    return found


def told(reply: Reply) -> list[dict[str, Any]]:
    """Decode the events of a stream, each of which bears its name twice."""
    found = []
    for frame in reply.body.decode().split("\n\n")[:-1]:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found
