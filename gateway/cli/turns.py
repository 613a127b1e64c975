"""`persona turns`: what was asked and how it ended."""

import re
from typing import Any

import rich_click as click

from gateway import clock
from gateway.auth.keys import Workspace
from gateway.chat import store
from gateway.chat.turn import Turn
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing
from gateway.cli.opening import Opened, in_workspace
from gateway.personas import registry

COLUMNS = {
    "TURN": "id",
    "AT": "created_at",
    "MODEL": "model",
    "V": "version",
    "UPSTREAM": "upstream",
    "STATUS": "status",
    "ERROR": "error",
    "TOKENS": "total_tokens",
    "MS": "latency_ms",
    "FIRST MS": "first_byte_ms",
    "TRIES": "attempts",
    "VERDICT": "verdict",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.command(
    epilog=options.example(
        "persona turns --since 1h", "persona turns --persona the-night-librarian --status failed --json"
    )
)
@in_workspace
@click.option("--persona", metavar="REF", help="Only turns of this persona, by slug or id.")
@click.option("--status", type=click.Choice(["completed", "failed", "cancelled"]), help="Only these.")
@click.option("--since", metavar="AGE", help="Only turns that are younger, such as 30s, 15m, 12h or 7d.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@options.as_json
async def turns(
    opened: Opened,
    workspace: Workspace,
    persona: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List what was asked and how it ended.

    The newest turn comes first. A running gateway writes its turns about four times a second.
    """
    after = None if since is None else clock.now_ms() - _seconds(since) * 1000
    async with opened.database.read() as connection:
        persona_id = None
        if persona is not None:
            found = await registry.find(connection, workspace.id, persona)
            if found is None:
                raise Failure(f"there is no persona `{persona}` in the workspace `{workspace.name}`")
            persona_id = found.id
        rows = await store.turns(
            connection, workspace.id, persona_id=persona_id, status=status, since=after, limit=limit
        )
    records = [_record(turn) for turn in rows]
    listing(records, COLUMNS, as_json=as_json, empty="no turns yet")


def _seconds(age: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", age)
    if match is None:
        raise click.UsageError(f"--since takes an age such as 15m, 12h or 7d, not `{age}`")
    return int(match[1]) * UNITS[match[2]]


def _record(turn: Turn) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(turn, name) for name in Turn.__struct_fields__}
    usage, drift = record.pop("usage"), record.pop("drift")
    return record | {
        "created_at": clock.iso(turn.created_at),
        "latency_ms": round(turn.latency_ms),
        "first_byte_ms": None if turn.first_byte_ms is None else round(turn.first_byte_ms),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "voice": drift.voice,
        "values": drift.values,
        "verdict": drift.verdict,
        "reason": drift.reason,
    }
