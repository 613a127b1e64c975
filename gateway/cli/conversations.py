"""`persona conversations`: what was said in them, and how far answers have strayed."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from msgspec import UNSET

from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, print_json, printable, written
from gateway.cli.options import example
from gateway.cli.reasons import ASTRAY
from gateway.cli.ref import with_ref
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.conversations.view import MessageView
from gateway.personas.name import ModelName, parse_ref
from gateway.scoring.transcript import text_of
from gateway.turns.turn import Drift
from gateway.turns.view import TurnDetail

COLUMNS = {
    "CONVERSATION": "id",
    "TITLE": "title",
    "PERSONA": "persona",
    "V": "version",
    "FOLLOWS": "follow",
    "MESSAGES": "messages",
    "TURNS": "turns",
    "UPDATED": "updated_at",
}
COLOURS = {"in-character": "green", "warming-up": "cyan", "drifting": "yellow", "out-of-character": "red"}
LIMIT = 50
MOST = 10_000
Span = tuple[int, int]


@click.group(epilog=example("persona conversations list", "persona conversations show conv_72"))
def conversations() -> None:
    """List, show, export, import and delete conversations."""


@conversations.command(
    "list",
    epilog=example("persona conversations list", "persona conversations list --persona bookshop --json"),
)
@click.option("--persona", metavar="REF", help="Only those with this persona, by slug or id.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=LIMIT, show_default=True, help="How many at most."
)
@options.as_json
@on_target
async def list_(target: Target, persona: str | None, limit: int, as_json: bool) -> None:
    """List conversations, the newest first."""
    persona_id = (await target.find(parse_ref(persona))).persona.id if persona else None
    found = await target.conversations.listed(persona_id, limit)
    records: list[dict[str, Any]] = [msgspec.to_builtins(each) for each in found]
    listing(records, COLUMNS, as_json=as_json, empty=f"there is no conversation {target.where}")


@conversations.command(
    epilog=example("persona conversations show conv_72", "persona conversations show conv_72 --json")
)
@click.argument("conversation")
@click.option("--leaf", metavar="MESSAGE", help="The path up from this message, instead of the newest one.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=200, show_default=True, help="How many at most."
)
@options.as_json
@on_target
async def show(target: Target, conversation: str, leaf: str | None, limit: int, as_json: bool) -> None:
    """Print what was said, each answer with its verdict; a passage that strays is underlined."""
    said = await target.conversations.path(conversation, leaf, limit)
    if as_json:
        print_json(said)
        return
    if not said:
        click.echo("nothing was said yet", err=True)
    for message in said:
        astray = message.drift is not None and message.drift.verdict in ASTRAY
        detail = await _detail(target, message.id) if astray else None
        _print(message, [] if detail is None else _spans(detail))


@conversations.command(epilog=example("persona conversations export conv_72 -o conv_72.jsonl"))
@click.argument("conversation")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; else stdout."
)
@on_target
async def export(target: Target, conversation: str, output: Path | None) -> None:
    """Write every message of every path as a line of JSON, in OpenAI's form."""
    pieces = target.conversations.exported(conversation)
    if output is None:
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    # Nothing is written where there is no such conversation.
    whole = b"".join([piece async for piece in pieces])
    _save(output, whole)


@conversations.command("import", epilog=example("persona conversations import bookshop conv_72.jsonl"))
@with_ref
@click.argument("file", type=click.File("rb"))
@click.option("--title", default="", help="A title for people.")
@on_target
async def import_(target: Target, ref: ModelName, file: Any, title: str) -> None:
    """Make a conversation with REF of lines of JSON, and print its id; `-` reads them from stdin."""
    if len(title) > 200:
        raise click.BadParameter("at most 200 characters", param_hint="'--title'")
    found = await target.find(ref)
    made = await target.conversations.take_in(found, title, file.read())
    click.echo(made.id)
    written(target.place)


@conversations.command(epilog=example("persona conversations delete conv_72 --yes"))
@click.argument("conversation")
@click.option("--yes", is_flag=True, help="Do not ask.")
@on_target
async def delete(target: Target, conversation: str, yes: bool) -> None:
    """Erase a conversation and all that was said in it, at once and for good; backups keep theirs."""
    if not yes:
        click.confirm(f"Erase `{conversation}` {target.where} for good?", abort=True, err=True)
    await target.conversations.delete(conversation)
    written(target.place)


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    written(str(path))


async def _detail(target: Target, turn_id: str) -> TurnDetail | None:
    """Read why an answer has its verdict; one that was imported has no turn here."""
    try:
        return await target.turns.find(turn_id)
    except Failure:
        return None


def _spans(detail: TurnDetail) -> list[Span]:
    """List the passages that stray."""
    signals = detail.explain.signals if detail.explain is not None else ()
    found = [(one.start, one.end) for one in signals if one.start is not None and one.end is not None]
    judge = detail.judge
    if judge is not None and judge.start is not None and judge.end is not None:
        found.append((judge.start, judge.end))
    return sorted(found)


def _print(message: MessageView, spans: list[Span]) -> None:
    drift = message.drift
    verdict = "" if drift is None else click.style(f"  {_told(drift)}", fg=COLOURS.get(drift.verdict))
    click.echo(click.style(message.role, bold=True) + verdict)
    if text := text_of(message.content):
        click.echo(underlined(text, spans))
    for call in message.tool_calls if message.tool_calls is not UNSET else ():
        click.echo(click.style(printable(msgspec.json.encode(call).decode()), dim=True))
    click.echo()


def underlined(text: str, spans: list[Span]) -> str:
    """Underline these passages of a text, as a terminal shows it."""
    pieces, at = [], 0
    for start, end in spans:
        start, end = max(at, start), min(len(text), end)
        if start < end:
            pieces += [printable(text[at:start]), click.style(printable(text[start:end]), underline=True)]
            at = end
    return "".join([*pieces, printable(text[at:])])


def _told(drift: Drift) -> str:
    levels = [f"{name} {level:.2f}" for name, level in drift.levels().items() if level is not None]
    return " ".join([drift.verdict, *levels])
