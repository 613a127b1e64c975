"""The configuration file that is delivered documents every key, and says what is true."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gateway import config as configs
from gateway.config import Config, Judge, Route, Strict, Tool, Upstream, load, order

DELIVERED = Path(__file__).parents[2] / "config.toml"


def documented() -> dict[str, Any]:
    """The delivered file with every commented-out key put in force."""
    lines = []
    for line in DELIVERED.read_text().splitlines():
        bare = line.removeprefix("# ")
        is_toml = re.match(r"\[[\w.]+\]$|[a-z_]+ = ", bare)
        lines.append(bare if is_toml else line)
    return tomllib.loads("\n".join(lines))


def keys_of(kind: type[Strict]) -> dict[str, type[Strict] | None]:
    found: dict[str, type[Strict] | None] = {}
    for field in msgspec.structs.fields(kind):
        is_table = isinstance(field.type, type) and issubclass(field.type, Strict)
        found[field.name] = field.type if is_table else None
    return found


def test_every_documented_key_is_valid() -> None:
    msgspec.convert(documented(), Config)


def test_every_key_is_documented() -> None:
    tables = documented()
    for name, kind in keys_of(Config).items():
        if kind is not None:
            assert tables[name].keys() == keys_of(kind).keys(), name
    assert tables["drift"]["judge"].keys() == keys_of(Judge).keys()
    # An alternative stands in the comment behind the value that it could replace.
    shown = set(re.findall(r"; or ([a-z_]+) = ", DELIVERED.read_text()))
    for upstream in tables["upstreams"].values():
        shown |= upstream.keys()
        if "timeouts" in upstream:
            assert upstream["timeouts"].keys() == keys_of(configs.Timeouts).keys()
    shown_of_tools: set[str] = {"api_key"}
    for tool in tables["tools"].values():
        shown_of_tools |= tool.keys()
    assert "api_key" in shown
    assert shown == keys_of(Upstream).keys()
    assert shown_of_tools == keys_of(Tool).keys()


def test_every_key_is_documented_with_its_default() -> None:
    in_force = tomllib.loads(DELIVERED.read_text())
    assert msgspec.convert(in_force, Config) == Config()
    for name, table in in_force.items():
        default = msgspec.to_builtins(getattr(Config(), name))
        assert table == set_ones(default), name


def set_ones(table: dict[str, Any]) -> dict[str, Any]:
    tables = {key: set_ones(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in tables.items() if value is not None}


def test_the_example_of_an_upstream_shows_defaults_where_it_can() -> None:
    example = documented()["upstreams"]["azure"]
    default = msgspec.to_builtins(Upstream(base_url="x"))
    for name in ("concurrency", "client", "text_only", "tools", "timeouts"):
        assert example[name] == default[name], name


def test_the_example_of_a_tool_shows_defaults_where_it_can() -> None:
    example, default = documented()["tools"]["shop"], msgspec.to_builtins(Tool())
    for name in ("personas", "timeout", "max_bytes"):
        assert example[name] == default[name], name


def test_the_delivered_file_can_be_loaded() -> None:
    found = load(DELIVERED, {})
    assert order(found) == [Route("local", configs.BUNDLED_MODEL)]
