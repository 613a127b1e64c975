"""`persona personas` label, unlabel, diff and rollback: versions and what stands for them."""

import rich_click as click
from msgspec.structs import replace

from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import coloured, print_json, written
from gateway.cli.options import example
from gateway.cli.ref import version_number, with_ref
from gateway.cli.rooms import Found
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas.name import VERSION, ModelName
from gateway.personas.slug import LATEST, PRODUCTION, is_label
from gateway.personas.view import LabelMove


def _label(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not is_label(text):
        raise click.BadParameter("lower-case letters, digits and hyphens, and no `v<digits>`")
    return text


@click.command(
    epilog=example(
        "persona personas label the-night-librarian@v2 production",
        "persona personas label the-night-librarian@staging production",
    )
)
@with_ref
@click.argument("label", callback=_label)
@on_target
async def label(target: Target, ref: ModelName, label: str) -> None:
    """Let LABEL mean the version that REF names, from now on.

    While a persona bears `production`, its bare name means that version; without it, the newest one.
    """
    found = await target.find(ref)
    await target.label(found, label)
    number, before = found.version.version, found.persona.labels.get(label)
    was = f" (was v{before})" if before not in (None, number) else ""
    click.echo(f"{found.persona.slug}@{label} is v{number}{was}")
    written(target.place)


@click.command(epilog=example("persona personas unlabel the-night-librarian staging"))
@with_ref
@click.argument("label", callback=_label)
@on_target
async def unlabel(target: Target, ref: ModelName, label: str) -> None:
    """Take LABEL away from a persona. Without `production`, its bare name means the newest version."""
    found = await target.find(replace(ref, version=None, label=LATEST))
    await target.unlabel(found, label)
    click.echo(f"{found.persona.slug} bears `{label}` no more (was v{found.persona.labels.get(label)})")
    written(target.place)


def _which(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    text = f"v{text}" if text.isdigit() else text
    if not VERSION.fullmatch(text) and not is_label(text):
        raise click.BadParameter("a version such as v3, or a label")
    return text


@click.command(
    epilog=example(
        "persona personas diff the-night-librarian@v1 v2",
        "persona personas diff the-night-librarian latest --json",
    )
)
@with_ref
@click.argument("other", metavar="OTHER", callback=_which)
@options.as_json
@on_target
async def diff(target: Target, ref: ModelName, other: str, as_json: bool) -> None:
    """Show what changes from the version that REF names to OTHER, a version or label of the same persona."""
    found = await target.find(ref)
    compared = await target.diff(found, _number(found, other))
    if as_json:
        print_json(compared)
    elif compared.a == compared.b or not compared.patch:
        click.echo(f"v{compared.a} and v{compared.b} are the same")
    else:
        coloured(compared.text)


@click.command(
    epilog=example(
        "persona personas rollback the-night-librarian",
        "persona personas rollback the-night-librarian --to v3",
    )
)
@with_ref
@click.option(
    "--to",
    metavar="VERSION",
    callback=lambda *given: given[2] and _which(*given),
    help="Else the one before.",
)
@on_target
async def rollback(target: Target, ref: ModelName, to: str | None) -> None:
    """Let callers of the bare name have the version again that they had before.

    The label `production` moves; no version is lost, and `label REF@latest production` undoes it.
    """
    if ref.version is not None or ref.label is not None:
        raise click.UsageError("leave out what stands behind `@`; --to names a version")
    found = await target.find(ref)
    slug, now = found.persona.slug, found.version.version
    number = _number(found, to) if to else _before(now, await target.moves(found))
    if number < 1:
        raise Failure(f"callers of `{slug}` had no other version before v{now}; --to names one")
    back = await target.find(replace(ref, version=number))
    await target.label(back, PRODUCTION)
    click.echo(f"{slug}@{PRODUCTION} is v{number} (was v{now})")
    written(target.place)


def _number(found: Found, text: str) -> int:
    """Read `v3` or a label. Raises Failure."""
    version, persona = VERSION.fullmatch(text), found.persona
    name = (
        ModelName(persona.slug, version=int(version[1])) if version else ModelName(persona.slug, label=text)
    )
    return version_number(name, persona.version, persona.labels)


def _before(now: int, moves: list[LabelMove]) -> int:
    """Find the version that callers had before they first got the one that they have now; 0: none.

    What counts is the first time, so that two rollbacks go back two steps.
    """
    first = [move for move in moves if move.label == PRODUCTION and move.version == now][-1:]
    return next((move.previous for move in first if move.previous), now - 1)
