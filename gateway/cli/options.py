"""Commands share these options."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import rich_click as click
from click.core import ParameterSource

Command = TypeVar("Command", bound=Callable[..., object])

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
KEY = re.compile(r"[!-~]+")


def example(*lines: str) -> str:
    """Write the epilog that shows how a command is called; every command has one."""
    # A blank line is what rich-click shows as the end of a line.
    return "\n\n".join(["Example:", *(f"$ {line}" for line in lines)])


def config(command: Command) -> Command:
    """Add `--config FILE`, which is handed on as `config_path`."""
    return click.option(
        "--config",
        "config_path",
        metavar="FILE",
        type=click.Path(path_type=Path),
        envvar="PERSONA_CONFIG",
        help="The configuration file; else PERSONA_CONFIG, else ./config.toml, else defaults.",
    )(command)


def warn_misnamed() -> None:
    """Say of variables that look like overrides of the configuration and are none."""
    # Imported here, since the help is shown without it.
    from gateway import config as configs

    for variable in configs.misnamed():
        right = variable.replace("PERSONA_", configs.ENV_PREFIX, 1)
        click.echo(f"Warning: {variable} does nothing; {right} overrides the configuration", err=True)


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
    """Add `--json`, which is handed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(command)


def age(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Read, as a callback, a length of time such as `15m` as seconds."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if match is None:
        raise click.BadParameter(f"an age such as 15m, 12h or 7d is needed, not `{text}`")
    return int(match[1]) * UNITS[match[2]]


def is_typed(name: str) -> bool:
    """Tell whether the option of the running command stands on the command line."""
    context = click.get_current_context()
    return context is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def root(text: str) -> str:
    """Find the root of a gateway from any of its addresses. Raises BadParameter."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in ("http", "https") or not KEY.fullmatch(text):
        raise click.BadParameter(f"`{text}`: an address such as http://127.0.0.1:8080 is needed")
    if parts.username is not None or parts.query or parts.fragment:
        raise click.BadParameter("the address of a gateway holds no user, no `?` and no `#`")
    path = parts.path.rstrip("/").removesuffix("/openai").removesuffix("/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def checked_key(text: str) -> str:
    """Raises BadParameter for a key that cannot stand in a header."""
    if not KEY.fullmatch(text):
        raise click.BadParameter("a key is one word of plain ASCII, such as pk_live_…")
    return text


def url(command: Command) -> Command:
    """Add `--url URL`, which is handed on as a gateway's root."""
    return click.option(
        "--url",
        metavar="URL",
        callback=lambda _context, _option, text: None if text is None else root(text),
        help="The gateway to work on, such as https://personas.example.com; else the store here.",
    )(command)


def key(command: Command) -> Command:
    """`--key KEY`."""
    return click.option(
        "--key",
        metavar="KEY",
        envvar="PERSONA_API_KEY",
        callback=lambda _context, _option, text: None if text is None else checked_key(text),
        help="The key to that gateway; else PERSONA_API_KEY, else that of `persona auth login`.",
    )(command)


def remote(command: Command) -> Command:
    """Add `--url URL`, `--key KEY`, `--remote` and `--local`."""
    there = click.option(
        "--remote", is_flag=True, help="Work on the gateway of `persona auth login`, as without --local."
    )
    here = click.option(
        "--local", is_flag=True, help="Work on the store here, also after `persona auth login`."
    )
    return url(key(there(here(command))))
