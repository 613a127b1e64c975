"""`persona budgets`: what keys, personas and the workspace may spend."""

import re
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import rich_click as click

from gateway.budgets.budget import Period, Unit
from gateway.budgets.view import BudgetView
from gateway.cli import options
from gateway.cli.listing import listing, print_json, written
from gateway.cli.options import example
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas.name import parse_ref

IDS = re.compile(r"(key|psn|ws)_[0-9A-Za-z]+|workspace")
COLUMNS = {
    "SUBJECT": "subject",
    "UNIT": "unit",
    "PER": "period",
    "LIMIT": "limit",
    "SPENT": "spent",
    "RESERVED": "reserved",
    "LEFT": "left",
    "CALLS": "calls",
    "RESETS": "resets_at",
}

per = click.option(
    "--per",
    "period",
    type=click.Choice(get_args(Period)),
    default="month",
    show_default=True,
    help="Hours, days and months of the calendar, in UTC.",
)


@click.group(epilog=example("persona budgets set workspace --usd 50 --per month"))
def budgets() -> None:
    """Set, list and remove budgets of keys, personas and the workspace.

    SUBJECT is `workspace`, the id of a key, or the slug or id of a persona.
    """


def _subject(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("subject", metavar="SUBJECT")(command)


@budgets.command(
    "set",
    epilog=example(
        "persona budgets set workspace --usd 50",
        "persona budgets set key_0QvXb3k2a81FZq05mmPw --tokens 200000 --per day",
        "persona budgets set the-night-librarian --usd 2.5 --per hour",
    ),
)
@_subject
@click.option("--usd", type=click.FloatRange(0), help="US dollars.")
@click.option("--tokens", type=click.IntRange(0), help="Tokens, of prompts and answers together.")
@per
@options.as_json
@on_target
async def set_(
    target: Target, subject: str, usd: float | None, tokens: int | None, period: Period, as_json: bool
) -> None:
    """Set a budget, or change it; what was spent of it stays spent."""
    if (usd is None) == (tokens is None):
        raise click.UsageError("one of --usd and --tokens is needed")
    unit: Unit = "tokens" if usd is None else "usd"
    limit = tokens if usd is None else usd
    assert limit is not None  # noqa: S101 - one of them is there
    found = await target.budgets.set(await _id(target, subject), unit, period, limit)
    if as_json:
        print_json(found)
    else:
        _show([found])
        written(target.place)


@budgets.command("list", epilog=example("persona budgets list", "persona budgets list workspace --json"))
@click.argument("subject", metavar="[SUBJECT]", required=False)
@options.as_json
@on_target
async def list_(target: Target, subject: str | None, as_json: bool) -> None:
    """List budgets, and what of each is spent, reserved and left."""
    found = await target.budgets.listed(None if subject is None else await _id(target, subject))
    if as_json:
        print_json(found)
    else:
        _show(found)


@budgets.command(epilog=example("persona budgets remove workspace --unit usd --per month"))
@_subject
@click.option("--unit", type=click.Choice(get_args(Unit)), default="usd", show_default=True)
@per
@on_target
async def remove(target: Target, subject: str, unit: Unit, period: Period) -> None:
    """Remove a budget, and what is known of its spending."""
    await target.budgets.remove(await _id(target, subject), unit, period)
    written(target.place)


async def _id(target: Target, subject: str) -> str:
    """Find the id of a persona that is named by its slug."""
    if IDS.fullmatch(subject):
        return subject
    return (await target.find(parse_ref(subject))).persona.id


def _show(found: list[BudgetView]) -> None:
    empty = "there are no budgets; `persona budgets set` makes one"
    listing([msgspec.structs.asdict(each) for each in found], COLUMNS, as_json=False, empty=empty)
