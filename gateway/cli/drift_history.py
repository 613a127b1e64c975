"""`persona drift history`: how far a persona's answers were, drawn over time."""

from collections.abc import Sequence

import rich_click as click

from gateway import clock
from gateway.cli import options
from gateway.cli.listing import listing, print_json, printable
from gateway.cli.ref import with_ref
from gateway.cli.rooms import Course
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas.name import ModelName
from gateway.turns.drift_view import Bucket, DriftSeries, Spread

COLUMNS = {"": "name", "OVER TIME": "line", "MEAN": "mean", "P50": "p50", "P90": "p90", "P99": "p99"}
BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
"""A piece of time in which nothing of this kind was measured."""
LEAST = 0.25
"""The highest bar stands for this much at least, so that small levels look small."""


@click.command(
    epilog=options.example(
        "persona drift history the-night-librarian",
        "persona drift history bookshop@v3 --bucket hour --since 12h --upstream main/gpt-4o-mini",
        "persona drift history bookshop --json --remote",
    )
)
@with_ref
@click.option(
    "--bucket",
    type=click.Choice(["hour", "day"]),
    default="day",
    show_default=True,
    help="How long a piece of time is.",
)
@click.option(
    "--since",
    metavar="AGE",
    callback=options.age,
    help="Only turns that are younger; else 30 days, or 2 by the hour.",
)
@click.option("--upstream", metavar="NAME/MODEL", help="Only answers of this one.")
@options.as_json
@on_target
async def history(
    target: Target, ref: ModelName, bucket: Bucket, since: int | None, upstream: str | None, as_json: bool
) -> None:
    """Show how far answers were from the persona, for each version on each upstream.

    REF is a slug or a `psn_…` id; with `@v3` or `@production` it is that version alone. Bars stand for the
    means of hours or days in which there were turns, from 0 (1 for coherence) to the highest one; the newest
    comes last. Without --since they are those of 30 days, or of 2 by the hour.
    """
    found = await target.find(ref)
    is_one = ref.version is not None or ref.label is not None
    wanted = Course(
        persona_id=found.persona.id,
        version=found.version.version if is_one else None,
        upstream=upstream,
        since=None if since is None else clock.now_ms() - since * 1000,
        bucket=bucket,
    )
    told = await target.turns.history(wanted)
    if as_json:
        print_json(told)
        return
    if not told.data:
        click.echo("no turns in this time", err=True)
    for series in told.data:
        _show(found.persona.slug, series)


def _show(slug: str, series: DriftSeries) -> None:
    where = printable(series.upstream or "no upstream")
    shares = ", ".join(f"{verdict} {share:.1%}" for verdict, share in series.verdicts.items() if share)
    first, last = series.buckets[0].at, series.buckets[-1].at
    click.echo(f"{slug}@v{series.version} on {where}: {series.turns} turns from {first} to {last}")
    click.echo(f"{shares}\n")
    rows = []
    for name, spread in series.levels.items():
        if spread is not None:
            means = [_mean(each.levels[name]) for each in series.buckets]
            figures = {part: f"{getattr(spread, part):.3f}" for part in ("mean", "p50", "p90", "p99")}
            rows.append(
                {"name": name, "line": sparkline(means, 1.0 if name == "coherence" else 0.0), **figures}
            )
    listing(rows, COLUMNS, as_json=False, empty="nothing of it was scored")
    click.echo()


def _mean(spread: Spread | None) -> float | None:
    return None if spread is None else spread.mean


def sparkline(levels: Sequence[float | None], lowest: float = 0.0) -> str:
    """Draw a bar for each level, and a dot where there is none."""
    highest = max([level - lowest for level in levels if level is not None], default=0.0)
    step = max(highest, LEAST) / len(BARS)
    return "".join(
        NOTHING if level is None else BARS[min(len(BARS) - 1, max(0, int((level - lowest) / step)))]
        for level in levels
    )
