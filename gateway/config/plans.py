"""Plans that a configuration has, and where what they limit is counted, are checked."""

import re
from importlib.util import find_spec
from urllib.parse import urlsplit

from gateway.config.parts import ConfigError
from gateway.config.serving import Plan
from gateway.config.structs import Config

PLANS = {
    "free": Plan(
        chat_per_minute=30,
        generations_per_minute=5,
        concurrent_runs=1,
        webhook_deliveries_per_minute=60,
        pipelines=False,
    ),
    "pro": Plan(
        chat_per_minute=600,
        generations_per_minute=60,
        concurrent_runs=10,
        webhook_deliveries_per_minute=600,
        pipelines=False,
    ),
    "team": Plan(
        chat_per_minute=3000,
        generations_per_minute=300,
        concurrent_runs=50,
        webhook_deliveries_per_minute=3000,
    ),
}
"""Plans that there are unless the configuration has others of these names."""
LIMIT_STORES = ("valkey", "valkeys", "redis", "rediss")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_limits(config: Config) -> None:
    """Raises ConfigError for a plan that there is not, and for a store that cannot count."""
    for name in config.plans:
        if not NAME.fullmatch(name):
            raise ConfigError(f"[plans.{name[:100]}]: a name holds letters, digits, `-`, `_` and `.` only")
    for name, workspace in config.workspaces.items():
        if workspace.plan is not None and workspace.plan not in config.plans:
            known = ", ".join(config.plans)
            raise ConfigError(
                f"[workspaces.{name}] plan: there is no plan `{workspace.plan}`; there are: {known}"
            )
    if config.limits.store:
        _check_count(config.limits.store)


def _check_count(url: str) -> None:
    """Raises ConfigError unless the limits can be counted there."""
    if not _names_a_server(url):
        needed = "`valkey://HOST:PORT` or `redis://HOST:PORT` is needed, perhaps with `/N` for a database"
        raise ConfigError(f"[limits] store: {needed}")
    if find_spec("valkey") is None:
        raise ConfigError("[limits] store: its driver is missing; pip install 'persona-gateway[redis]'")


def _names_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port is not None
    except ValueError:
        return False
    is_database = re.fullmatch(r"/?|/[0-9]{1,4}", parts.path) is not None
    is_plain = not (parts.query or parts.fragment)
    return parts.scheme in LIMIT_STORES and has_place and is_database and is_plain
