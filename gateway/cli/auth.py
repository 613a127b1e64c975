"""`persona auth`: the gateway that `--remote` stands for, and the key to it."""

import asyncio
import sys
from pathlib import Path

import rich_click as click

from gateway.cli import credentials, options
from gateway.cli.credentials import Credentials
from gateway.cli.failures import Failure
from gateway.cli.options import example

HERE = "http://127.0.0.1:8080"


@click.group(epilog=example("persona auth login --url https://personas.example.com"))
def auth() -> None:
    """Log in to a gateway somewhere else."""


@auth.command(
    epilog=example(
        "persona auth login",
        "persona auth login --url https://personas.example.com",
        "persona auth login --url https://personas.example.com < key.txt",
    )
)
@options.url
@options.key
@options.config
def login(url: str | None, key: str | None, config_path: Path | None) -> None:
    """Keep a gateway and a key for --remote, in a file that only you can read.

    What is not given is asked for. The key is tried before it is kept.
    """
    if url is None:
        url = options.root(click.prompt("URL of the gateway", default=HERE, err=True))
    given = Credentials(url, options.checked_key(key or _ask_key()))
    asyncio.run(_try(given))
    click.echo(f"Logged in to {url}; kept in {credentials.save(given)}")


@auth.command(epilog=example("persona auth status"))
@options.config
def status(config_path: Path | None) -> None:
    """Show where you are logged in, and whether the key still works."""
    kept = credentials.load()
    if kept is None:
        raise Failure("you are not logged in; `persona auth login` changes that")
    for name, value in {
        "gateway": kept.url,
        "key": credentials.masked(kept.key),
        "file": credentials.place(),
    }.items():
        click.echo(f"{name:<12}{value}")
    asyncio.run(_try(kept))
    click.echo(f"{'state':<12}works")


@auth.command(epilog=example("persona auth logout"))
@options.config
def logout(config_path: Path | None) -> None:
    """Forget the gateway and the key. The key stays valid; `persona keys revoke` ends it."""
    kept = credentials.remove()
    click.echo("Logged out." if kept else "You were not logged in.")


def _ask_key() -> str:
    """Ask for the key, which is hidden while it is typed; from a pipe, read its first line."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Key", hide_input=True, err=True)
        return typed.strip()
    return sys.stdin.readline().strip()


async def _try(given: Credentials) -> None:
    """Raises Failure unless there is a gateway that takes the key, whatever the key may do there."""
    # Imported here, since it needs an HTTP client.
    from gateway.cli import api
    from gateway.personas.view import PersonaView

    async with api.connected(given) as gateway:
        try:
            answer = await gateway.call("GET", "/v1/personas", query={"limit": "1"})
        except api.Refused as refused:
            if refused.code != "auth.missing_scope":
                raise
        else:
            answer.read(api.Page[PersonaView])
