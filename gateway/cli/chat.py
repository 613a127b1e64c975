"""`persona chat`: a conversation with a persona in the terminal, without a server."""

import asyncio
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import rich_click as click
from msgspec import UNSET

from gateway import config, ids
from gateway.auth import pepper
from gateway.auth import store as auth
from gateway.auth.guard import Caller
from gateway.auth.scopes import SCOPES
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import printable
from gateway.cli.opening import opened, require_store
from gateway.cli.reasons import ASTRAY, passages
from gateway.config import LOCAL, Config
from gateway.drift import fact
from gateway.drift.character import Character
from gateway.errors import Refusal
from gateway.gateway import Gateway
from gateway.openai_api import chunk as chunks
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.sse import DONE, Framer
from gateway.openai_api.watch import Watch
from gateway.personas.name import PREFIX
from gateway.scoring import conversations
from gateway.scoring.transcript import text_of
from gateway.server import seed
from gateway.telemetry import logs
from gateway.turns.turn import Drift, Turn
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.local import LocalModel, LocalModelFailed, LocalModelMissing

Message = dict[str, str]
PATIENCE_MS = 1000
"""Milliseconds that an answer may wait for its score in a terminal."""


@click.command(
    epilog=options.example(
        "persona chat the-night-librarian", "persona chat the-istanbul-bookseller@v1 -m 'Merhaba!'"
    )
)
@click.argument("ref")
@click.option("-m", "--message", help="Send this one message, print the answer and end.")
@options.workspace
@options.config
def chat(ref: str, message: str | None, workspace: str, config_path: Path | None) -> None:
    """Talk to a persona in the terminal.

    REF is a slug or id, with @v3 or @label where you like. Ctrl-D ends the conversation.
    """
    settings = config.load(config_path)
    require_store(settings, config_path)
    logs.configure(settings.log)
    # The warnings of the scorer are shown after each answer anyway.
    logging.getLogger("gateway.drift").setLevel(logging.WARNING)
    conversations.load()
    # Whoever sits there would rather wait for a score than read that there is none yet.
    drift = msgspec.structs.replace(settings.drift, budget_ms=max(PATIENCE_MS, settings.drift.budget_ms))
    settings = msgspec.structs.replace(settings, drift=drift)
    try:
        with _local_model(settings) as ready, asyncio.Runner() as runner:
            runner.run(_converse(ready, workspace, ref, message))
    except (LocalModelMissing, LocalModelFailed) as error:
        raise Failure(str(error)) from None
    except Refusal as refusal:
        raise Failure(refusal.message) from None
    except UpstreamFailure as failure:
        raise Failure(failure.refusal().message) from None


@contextmanager
def _local_model(settings: Config) -> Iterator[Config]:
    """Yield the configuration, with the bundled model running where it is asked for."""
    if not config.uses_local(settings):
        yield settings
        return
    model = LocalModel(settings.local)
    model.start()
    try:
        while model.poll() != "ready":
            time.sleep(0.1)
        upstreams = {**settings.upstreams, LOCAL: model.upstream()}
        yield msgspec.structs.replace(settings, upstreams=upstreams)
    finally:
        model.stop()


async def _converse(settings: Config, workspace: str, ref: str, message: str | None) -> None:
    caller = await _caller(settings, workspace)
    gateway = Gateway(settings)
    async with gateway.running():
        await gateway.registry.resolve(caller, PREFIX + ref)
        said: list[Message] = []
        while (line := message or await asyncio.to_thread(_ask)) is not None:
            if line.strip():
                said.append({"role": "user", "content": line})
                said.append({"role": "assistant", "content": await _turn(gateway, caller, ref, said)})
            if message is not None:
                return


async def _caller(settings: Config, workspace: str) -> Caller:
    """Whoever sits at the terminal may do everything in the workspace."""
    async with opened(settings) as database:
        await seed.prepare(database)
        await pepper.prepare(database, settings)
        async with database.read() as connection:
            found = await auth.workspace(connection, workspace)
    if found is None:
        raise Failure(f"there is no workspace `{workspace}`")
    return Caller("key_terminal", found.id, "", frozenset(SCOPES), operator=False)


def _ask() -> str | None:
    """Read the next line that is typed; `None` at the end."""
    if sys.stdin.isatty():
        sys.stdout.write("\nyou: ")
        sys.stdout.flush()
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


async def _turn(gateway: Gateway, caller: Caller, ref: str, said: list[Message]) -> str:
    """Print the answer as it comes and return it."""
    body = msgspec.json.encode({"model": PREFIX + ref, "messages": said, "stream": True})
    exchange = await gateway.exchanges.prepare(caller, body, ids.new("req"), time.perf_counter())
    screen = Screen(gateway.config.chat.max_answer)
    try:
        await exchange.run(Watch(None, total=exchange.limit()), screen)
    finally:
        sys.stdout.write("\n")
        sys.stdout.flush()
    if exchange.account.turn.status != "completed":
        raise Failure(screen.refusal.message if screen.refusal else "the answer was cut short")
    # The line must not go into the answer, which may go into a file or another program.
    answer, turn = "".join(screen.pieces), exchange.account.turn
    persona = await gateway.registry.resolve(caller, PREFIX + ref)
    for line in _lines(turn, answer, persona.character):
        click.echo(click.style(line, dim=True), err=True)
    return answer


class Screen:
    """Prints an answer as it comes."""

    def __init__(self, limit: int) -> None:
        self.writer: Writer | None = None
        self.started = False
        self.pieces: list[str] = []
        self.refusal: Refusal | None = None
        self._framer = Framer(limit)

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        self.started = True
        for event in self._framer.feed(frames):
            piece = _text(event.data)
            self.pieces.append(piece)
            sys.stdout.write(printable(piece))
        sys.stdout.flush()

    async def close(self) -> None:
        """Leave the line, which ends after the answer however that ends."""

    async def whole(self, body: bytes | bytearray) -> None:
        raise TypeError("the terminal asks for streams alone")

    async def refuse(self, refusal: Refusal) -> None:
        self.refusal = refusal

    def ping(self) -> None:
        """Print nothing, since whoever sits there sees that it waits."""


def _lines(turn: Turn, answer: str, character: Character) -> list[str]:
    """Say how far the answer has strayed, and where it has, by which rule or fact and in which passage."""
    lines = [_told(turn.drift)]
    if turn.drift.verdict in ASTRAY and turn.explain is not None:
        # Imported here, since the tables of every language come with it.
        from gateway.drift import facts

        stored = {one.id: one.source for one in facts.facts(character)} | fact.statements(character.facts)
        lines += [f"  {printable(line)}" for line in passages(turn.explain.signals, answer, stored)]
    return lines


def _told(drift: Drift) -> str:
    """Say in one line how far the answer has strayed."""
    if drift.reason is not UNSET:
        return f"{drift.verdict} ({drift.reason})"
    levels = [f"{name} {level:.2f}" for name, level in drift.levels().items() if level is not None]
    return f"{drift.verdict}: {', '.join(levels)}"


def _text(data: bytes) -> str:
    if data == DONE:
        return ""
    choices = chunks.read(data).choices
    first = choices[0] if isinstance(choices, list) and choices else None
    return text_of(first.delta.content) if first and first.delta else ""
