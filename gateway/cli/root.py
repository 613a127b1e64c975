"""The `persona` command knows its commands, imports each when it is called, and decides the exit code."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import rich_click as click

from gateway import __version__
from gateway.cli import failures
from gateway.cli.loading import undisturbed
from gateway.cli.options import example

COMMANDS: Mapping[str, str] = {
    "serve": "Start the gateway, with the bundled model where no provider is configured.",
    "reload": "Have a gateway that runs read its configuration again.",
    "demo": "Start a gateway for the moment, open its page, and play a story before it.",
    "check": "Show the configuration in force, or where it is mistaken.",
    "doctor": "Look at configuration, store, upstreams and ports, and say what to do.",
    "personas": "Create, push, list, show, pull, label, fork, compare and archive personas.",
    "runs": "List, show, follow, repeat and cancel the runs that make personas.",
    "population": "Make personas by the hundred, validate them, and keep them as personas.",
    "keys": "Create, list, rotate and revoke API keys.",
    "workspaces": "Create and list workspaces, and give them plans.",
    "conversations": "List, show, export, import and delete conversations.",
    "turns": "List recorded turns, and show why one has its score.",
    "webhooks": "Create, list, change, test, rotate and delete webhooks, and look after deliveries.",
    "budgets": "Set, list and remove budgets of keys, personas and the workspace.",
    "usage": "Sum up requests, tokens and cost.",
    "audit": "List who did what to which record.",
    "work": "Do work that lasts, and look after what waits, runs or has failed.",
    "chat": "Talk to a persona in the terminal.",
    "import": "Make personas of character cards and of prompts of other products.",
    "export": "Write a persona as a character card or a prompt of another product.",
    "mcp": "Speak MCP on standard input and output, for assistants that start a program.",
    "drift": "Score how far an answer strays from a persona.",
    "auth": "Log in to a gateway somewhere else.",
    "db": "Look after the store.",
}
"""The commands by name; each name is also that of its module in this package and of its function there."""
ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "import": ("importing", "import_"),
    "export": ("importing", "export"),
}
"""Commands whose module and function have other names."""


class Deferred(click.RichCommand):
    """Imports a command's module when it is called, so that `persona --help` is quick."""

    def load(self) -> click.Command:
        with undisturbed():
            name = str(self.name)
            module, function = ELSEWHERE.get(name, (name, name))
            command: click.Command = getattr(import_module(f"gateway.cli.{module}"), function)
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.RichContext:
        context = self.load().make_context(info_name, args, parent, **extra)
        assert isinstance(context, click.RichContext)  # noqa: S101 - every command here is a rich one
        return context


@click.group(
    epilog=example(
        "persona serve", "persona personas list --json", "persona keys create --name 'reading room'"
    )
)
@click.version_option(__version__, prog_name="persona")
def persona() -> None:
    """Personas behind the OpenAI API.

    Commands work on the store directly: no server needs to run, and one that runs follows within a second.
    With --url, or --remote after `persona auth login`, some work on a gateway somewhere else.
    """


for _name, _summary in COMMANDS.items():
    persona.add_command(Deferred(name=_name, help=_summary))


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; what can be foreseen to fail is one line on stderr."""
    try:
        return persona.main(args, prog_name="persona", standalone_mode=False) or 0
    except click.Abort:
        click.echo("Aborted.", err=True)
        return failures.INTERRUPTED
    except Exception as error:
        told = failures.explain(error)
        if told is None:
            raise
        click.echo(f"Error: {told.message}", err=True)
        return told.exit_code
