"""`persona reload`: have a gateway that runs read its configuration again."""

import rich_click as click

from gateway.cli import options
from gateway.cli.target import Target
from gateway.cli.targeting import on_target


@click.command(epilog=options.example("persona reload", "persona reload --url https://personas.example.com"))
@on_target
async def reload(target: Target) -> None:
    """Have a gateway that runs read its configuration again.

    It tells which tables have changed, or why the new configuration is refused. New workers begin with it,
    and the old ones finish what they have begun: no stream is dropped. Without --url, every gateway that
    runs on the store here reads its own configuration again.
    """
    async for address, changed in target.gateways.reload():
        click.echo(f"{address}: {', '.join(changed) + ' changed' if changed else 'nothing has changed'}")
