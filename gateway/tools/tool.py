"""A tool, a call of it and what came of that, as workers and the tools' process tell each other."""

from typing import Any, Literal

import msgspec

from gateway import config

WEB = "web"
"""The name in front of the gateway's own tools."""
SEARCH = "search"
WEB_SEARCH = f"{WEB}.{SEARCH}"
LINE_BYTES = 8 << 20
"""Bytes of one line between a worker and the tools' process."""
MOST_TOOLS = 128
"""Tools of one server that are known."""
DESCRIPTION_CHARACTERS = 4096
SCHEMA_BYTES = 32 * 1024
ARGUMENTS_CHARACTERS = 256 * 1024

Outcome = Literal["ok", "failed", "timed_out", "unavailable", "refused"]


class Tool(msgspec.Struct, frozen=True):
    """A model is told this of a tool."""

    name: str
    """Its name on its server."""
    description: str
    parameters: dict[str, Any]
    """A JSON Schema."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A tool is to be called like this."""

    server: str
    tool: str
    arguments: str
    """JSON, as the model has written it."""
    seconds: float
    bytes: int
    """The result is cut to them."""


class Result(msgspec.Struct, frozen=True):
    outcome: Outcome
    text: str
    """The tool's words, or ours where there are none, for the model to read."""


class Order(msgspec.Struct, frozen=True):
    """One line to the tools' process: servers whose tools are to be listed, or a call."""

    servers: list[str] = []
    call: Call | None = None


class Listing(msgspec.Struct, frozen=True):
    """The answer to an order to list: the tools of each server that can be reached."""

    tools: dict[str, list[Tool]]


class Job(msgspec.Struct):
    """The owner tells the process this at its start."""

    parent: int
    listener: int
    """The number of the listening socket that it inherits."""
    search: str
    tools: dict[str, config.Tool]
    environment: dict[str, dict[str, str]]
    """The variables of each command."""
    egress: config.Egress
    log: config.Log


def cut(text: str, most: int) -> str:
    """Cut the text to so many bytes of UTF-8, and say so at its end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    mark = "\n[cut]"
    return raw[: most - len(mark)].decode("utf-8", "ignore") + mark
