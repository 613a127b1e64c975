"""`persona demo`: watch a persona slip and recover, without a key or an account."""

import signal
import time
import webbrowser

import rich_click as click

from gateway.cli.failures import Failure
from gateway.cli.loading import undisturbed
from gateway.cli.options import example

PAUSE_SECONDS = 0.6
TURNS = 12


@click.command(epilog=example("persona demo", "persona demo --no-open --end"))
@click.option("--no-open", is_flag=True, help="Open no browser; the address is printed in any case.")
@click.option("--end", is_flag=True, help="End with the story instead of serving on until Ctrl-C.")
@click.option("--turns", type=click.IntRange(4, 200), default=TURNS, help="Turns in each of the three parts.")
@click.option(
    "--pause", type=click.FloatRange(0, 60), default=PAUSE_SECONDS, help="Seconds between two turns."
)
def demo(no_open: bool, end: bool, turns: int, pause: float) -> None:
    """Start a gateway for the moment, open its page, and play a story before it.

    Gateway, routes and scores are real; the model is a script, and the page says so. All of it is gone
    afterwards.
    """
    with undisturbed():
        from gateway.demo.gateway import DemoError, serving
        from gateway.demo.lines import PERSONA
        from gateway.demo.story import Story
        from gateway.demo.upstream import served

    # Whoever ends it otherwise than by Ctrl-C must not leave its gateway behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with served() as upstream, serving(upstream) as running:
            address = f"{running.root}/#key={running.key}&to=/personas/{PERSONA}/drift"
            click.echo(f"The page: {address}\nThe model is a script; everything else is real.\n")
            if not no_open:
                webbrowser.open(address)
            Story(running.root, running.key, click.echo, pause).play(turns)
            click.echo(_own())
            if not end:
                click.echo("The demo's gateway goes on until Ctrl-C.")
                while True:
                    time.sleep(3600)
    except DemoError as error:
        raise Failure(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nThe demo and what it stored are gone.")


def _own() -> str:
    """Say the three lines for somebody's own model."""
    return """
The same with your own model: these three lines in config.toml, then `persona serve`.

  [upstreams.openai]
  api_key_env = "OPENAI_API_KEY"
  default_model = "gpt-5.4-mini"
"""
