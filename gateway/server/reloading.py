"""A configuration may take the place of another one while the gateway runs, or not."""

from typing import Any

import msgspec

from gateway import config
from gateway.config import Config
from gateway.server.tool_process import uses_tools

FIXED = (
    "server.host",
    "server.port",
    "server.workers",
    "store",
    "local",
    "keys",
    "metrics",
    "work.processes",
)
"""The parent and its sockets are made of these."""


class RefusedError(Exception):
    """The configuration cannot be taken; the message is a sentence that says why."""


def require_reloadable(old: Config, new: Config) -> None:
    """Raises RefusedError where only a restart could bring the new configuration into force."""
    for place in FIXED:
        if _at(old, place) != _at(new, place):
            table, _, key = place.partition(".")
            named = f"[{table}] {key}" if key else f"[{table}]"
            raise RefusedError(f"{named} has changed, which takes a restart; the old configuration stays.")
    if config.uses_local(old) != config.uses_local(new):
        raise RefusedError("The bundled model comes or goes with a restart; the old configuration stays.")
    if uses_tools(old) != uses_tools(new):
        raise RefusedError(
            "The first tool comes, and the last one goes, with a restart; the old configuration stays."
        )


def changed(old: Config, new: Config) -> list[str]:
    """Name the tables that differ."""
    return [name for name in Config.__struct_fields__ if getattr(old, name) != getattr(new, name)]


def _at(settings: Config, place: str) -> Any:
    table, _, key = place.partition(".")
    found = getattr(settings, table)
    return getattr(found, key) if key else found


def completed(settings: Config, address: str) -> Config:
    """Say where the gateway is: callers are told, and the Host header is only their word."""
    server = settings.server
    server = msgspec.structs.replace(server, public_url=server.public_url or address)
    return msgspec.structs.replace(settings, server=server)
