"""`persona doctor` says what is wrong here, and what to do about it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from gateway import config
from gateway.cli import failures, image_findings, options, store_findings, upstream_findings
from gateway.cli.finding import Finding, fail, ok, warn
from gateway.cli.listing import print_json, printable
from gateway.cli.options import example
from gateway.cli.store_findings import Moment
from gateway.config import Config, ConfigError
from gateway.runs.pipelines import Pipelines
from gateway.server import ports

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(epilog=example("persona doctor", "persona doctor --live", "persona doctor --json"))
@options.config
@click.option(
    "--live", is_flag=True, help="Make one short, real call to each upstream, which may cost a bit."
)
@options.as_json
@click.pass_context
def doctor(context: click.Context, config_path: Path | None, live: bool, as_json: bool) -> None:
    """Look at configuration, store, upstreams and ports, and say what to do.

    Nothing is changed, and no key is shown. The exit code is 1 where something fails, else 0.
    """
    found = examine(config_path, live=live)
    if as_json:
        print_json(found)
    else:
        show(found)
    if any(one.state == "fail" for one in found):
        context.exit(failures.FAILED)


def examine(config_path: Path | None, *, live: bool) -> list[Finding]:
    """Look at every part; without a configuration there is no other."""
    began = Moment.now()
    try:
        # A key that is missing is one upstream's trouble, not the end of the examination.
        settings = config.load(config_path, secrets=False)
        Pipelines(settings).require()
        place = config.find(config_path, {})
    except ConfigError as error:
        return [fail("config", str(error), "mend what it names; config.toml in the docs shows every key")]
    return [
        ok("config", str(place) if place else "built-in defaults: there is no config.toml here"),
        *misnamed(),
        *asyncio.run(store_findings.examine(settings, began)),
        *asyncio.run(upstream_findings.examine(settings, live=live)),
        *keyless_tools(settings),
        *asyncio.run(image_findings.examine(settings)),
        port(settings),
        *metrics(settings),
    ]


def misnamed() -> list[Finding]:
    """Find variables that look like overrides of the configuration and are none."""
    return [
        warn(
            "environment",
            f"{variable} does nothing",
            f"name it {variable.replace('PERSONA_', config.ENV_PREFIX, 1)} to override the configuration",
        )
        for variable in config.misnamed()
    ]


def keyless_tools(settings: Config) -> list[Finding]:
    """Find tools whose key is in no variable, without which the gateway does not start."""
    return [
        fail(f"tools.{name}", f"the environment variable {tool.api_key_env} is not set", "set it to the key")
        for name, tool in settings.tools.items()
        if tool.api_key_env and not tool.api_key
    ]


def port(settings: Config) -> Finding:
    """See whether the gateway can listen where the configuration says, or does already."""
    host, number = settings.server.host, settings.server.port
    place = f"{host}:{number}"
    try:
        found = ports.holder(host, number)
    except OSError as error:
        remedy = "see [server] host and port, and whether this user may listen there"
        return fail("port", f"{place} cannot be listened on: {error.strerror or error}", remedy)
    if found == "another program":
        return fail("port", f"another program listens on {place}", "stop it, or set another [server] port")
    return ok("port", f"{place} is free" if found == "nobody" else f"a gateway answers on {place}")


def metrics(settings: Config) -> list[Finding]:
    """See whether metrics can be told where the configuration says, and who could read them there."""
    host, number = settings.metrics.host, settings.metrics.port
    if number is None:
        return []
    place = f"{host}:{number}"
    if number and number == settings.server.port:
        remedy = "set another [metrics] port"
        return [fail("metrics", f"{place} is the port of the gateway itself", remedy)]
    try:
        found = ports.metrics_holder(host, number)
    except OSError as error:
        remedy = "see [metrics] host and port, and whether this user may listen there"
        return [fail("metrics", f"{place} cannot be listened on: {error.strerror or error}", remedy)]
    if found == "another program":
        message = f"another program listens on {place}, so that the gateway does not start"
        return [fail("metrics", message, "stop it, or set another [metrics] port")]
    if not config.is_here(host):
        message = f"whoever reaches {place} is told the names of all personas, without a key"
        return [warn("metrics", message, "let a firewall keep it inside, or set [metrics] host to 127.0.0.1")]
    return [ok("metrics", f"{place} is free" if found == "nobody" else f"metrics are told on {place}")]


def show(found: Sequence[Finding]) -> None:
    """Print a line for each finding, with what to do behind an arrow."""
    width = max(len(one.part) for one in found)
    for one in found:
        state = click.style(f"{one.state:<4}", fg=COLOURS[one.state])
        remedy = f" -> {one.remedy}" if one.remedy else ""
        click.echo(f"{state}  {one.part:<{width}}  {printable(' '.join(f'{one.message}{remedy}'.split()))}")
