"""`persona check` prints the configuration in force, as TOML with its secrets masked."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import rich_click as click

from gateway import config
from gateway.cli import options
from gateway.cli.options import example
from gateway.runs.pipelines import Pipelines


@click.command(epilog=example("persona check", "persona check --config /etc/persona/config.toml"))
@options.config
def check(config_path: Path | None) -> None:
    """Show the configuration in force, or where it is mistaken.

    What is printed is whole: the file, the PERSONA__TABLE__KEY variables and the defaults together.
    """
    settings = config.load(config_path)
    Pipelines(settings).require()
    options.warn_misnamed()
    # `--config` has PERSONA_CONFIG in it already.
    found = config.find(config_path, {})
    click.echo(f"# from {found or 'built-in defaults: there is no config.toml here'}")
    click.echo("\n".join(toml(config.masked(settings))).encode())


def toml(table: Mapping[str, object], name: str = "") -> Iterator[str]:
    """Write the lines of a TOML table; a key without a value stands in a comment."""
    below = {}
    if name:
        yield ""
        yield f"[{name}]"
    for key, value in table.items():
        if isinstance(value, Mapping):
            below[key] = value
        elif value is None:
            yield f"# {_key(key)} is not set"
        else:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in below.items():
        yield from toml(value, f"{name}.{_key(key)}" if name else _key(key))


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _value(text)


def _value(value: object) -> str:
    """Write a value: JSON's numbers, truth values, lists and texts are TOML's too, but for one character."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
