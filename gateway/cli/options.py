"""The options that commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import rich_click as click

Command = TypeVar("Command", bound=Callable[..., object])


def example(*lines: str) -> str:
    """The epilog that shows how a command is called; every command has one."""
    # A blank line is what rich-click shows as the end of a line.
    return "\n\n".join(["Example:", *(f"$ {line}" for line in lines)])


def config(command: Command) -> Command:
    """`--config FILE`, handed on as `config_path`."""
    return click.option(
        "--config",
        "config_path",
        metavar="FILE",
        type=click.Path(path_type=Path),
        envvar="PERSONA_CONFIG",
        help="The configuration file; else PERSONA_CONFIG, else ./config.toml, else defaults.",
    )(command)


def workspace(command: Command) -> Command:
    """`--workspace NAME`."""
    return click.option(
        "--workspace",
        metavar="NAME",
        default="default",
        show_default=True,
        help="The workspace to work in.",
    )(command)


def as_json(command: Command) -> Command:
    """`--json`, handed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(command)
