"""A configuration is shown with every secret masked."""

from typing import Any

import msgspec

from gateway.config.serving import PASSWORD
from gateway.config.structs import Config


def masked(config: Config) -> dict[str, Any]:
    """Return the resolved configuration as plain data, with every secret replaced by `***`."""
    data: dict[str, Any] = msgspec.to_builtins(config)
    data["otel"]["headers"] = dict.fromkeys(data["otel"]["headers"], "***")
    for upstream in data["upstreams"].values():
        upstream["api_key"] = "***" if upstream["api_key"] else None
        upstream["headers"] = dict.fromkeys(upstream["headers"], "***")
        upstream["proxy"] = PASSWORD.sub(r"\1***@", upstream["proxy"] or "")
        upstream["base_url"] = PASSWORD.sub(r"\1***@", upstream["base_url"])
    for tool in data["tools"].values():
        tool["api_key"] = "***" if tool["api_key"] else None
        tool["headers"] = dict.fromkeys(tool["headers"], "***")
        # A program's arguments may be anything, and its name says enough.
        tool["command"] = [*tool["command"][:1], *["***"] * len(tool["command"][1:])]
    for name in ("access_key", "secret_key"):
        data["images"][name] = "***" if data["images"][name] else None
    data["egress"]["proxy"] = PASSWORD.sub(r"\1***@", data["egress"]["proxy"])
    data["keys"]["pepper"] = "***" if data["keys"]["pepper"] else None
    data["store"]["url"] = config.store.shown
    data["limits"]["store"] = config.limits.shown
    return data
