"""A run is followed to its end, and told of as it goes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, NamedTuple, Protocol

import msgspec
import rich_click as click
from rich.console import Console
from rich.status import Status

from gateway.cli.failures import Failure
from gateway.cli.listing import printable
from gateway.runs.pipeline import packaged
from gateway.runs.run import LAST
from gateway.runs.view import CreateBody, RefineBody, RunDetail, RunView

HINT_SECONDS = 5.0
"""Seconds without an event after which it is said who would begin a run."""


class RunEvent(NamedTuple):
    """It tells what happened in a run; later versions of a gateway may tell of more than is known here."""

    type: str
    data: dict[str, Any]


class Runs(Protocol):
    """The runs of a target; every method raises Failure where it cannot do what is asked."""

    async def begin(self, wanted: CreateBody) -> RunView:
        """Ask for a run; it goes on whoever follows it."""

    async def refine(self, ref: str, wanted: RefineBody) -> RunView:
        """Ask for a run that makes a new version of a persona."""

    async def replay(self, run_id: str, from_step: str | None) -> RunView:
        """Ask for a run that repeats one that has ended."""

    async def listed(self, limit: int) -> list[RunView]:
        """List runs, the newest first."""

    async def find(self, run_id: str) -> RunDetail: ...

    def follow(self, run_id: str) -> AsyncGenerator[RunEvent, None]:
        """Yield what happened and happens in the run, from its beginning to its end."""

    async def cancel(self, run_id: str) -> None:
        """Ask for the end of a run that is open."""


async def watch(
    run_id: str, happens: AsyncGenerator[RunEvent, None], show: Callable[[RunEvent], None]
) -> RunEvent:
    """Show each event of a run, and return its last one. Raises Failure where the run makes no persona."""
    hint = asyncio.get_running_loop().call_later(HINT_SECONDS, _hint, run_id)
    try:
        async with aclosing(happens) as events:
            async for event in events:
                hint.cancel()
                show(event)
                if event.type == "run.completed":
                    return event
                if event.type in LAST:
                    raise _ended(run_id, event)
    finally:
        hint.cancel()
    raise Failure(f"{run_id} is gone; its persona was purged")


class Progress:
    """The steps of a run as they are done, on stderr: live in a terminal, else a plain line for each."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._status = Status("", console=self._console) if self._console.is_terminal else None

    def __enter__(self) -> "Progress":
        if self._status is not None:
            self._status.update("waiting to begin")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: RunEvent) -> None:
        data = event.data
        if self._status is not None and event.type == "run.started":
            self._status.update(f"{printable(str(data['step']))} …")
        if event.type != "step.completed":
            return
        step = step_line(data)
        if self._status is None:
            click.echo(step, err=True)
        else:
            self._console.print(f"✓ {step}", style="green")
            self._status.update(f"{_behind(str(data['step']))} …")


def step_line(step: dict[str, Any]) -> str:
    """Say what a step took."""
    cost = "" if step["cost_usd"] is None else f"  ${step['cost_usd']:.4f}"
    seconds = step["latency_ms"] / 1000
    return printable(f"{step['step']:<14}{step['tokens']:>8} tokens{cost}  {seconds:.1f} s")


def event_line(event: RunEvent) -> str:
    """Write any event in one line."""
    told = "  ".join(f"{name}={_word(value)}" for name, value in event.data.items() if name != "run_id")
    return f"{event.type:<16}{printable(told)}".rstrip()


def operation_line(operation: dict[str, Any]) -> str:
    """Write an operation of a JSON patch in one line."""
    return printable(msgspec.json.encode(operation).decode())


def _word(value: object) -> str:
    is_word = isinstance(value, str) and not set(value) & set(' "\n\t')
    return str(value) if is_word else msgspec.json.encode(value).decode()


def _behind(step: str) -> str:
    """Name the step that comes next, as far as the gateway has the pipeline that is packaged here."""
    names = [stage.name for stage in packaged().steps]
    return names[names.index(step) + 1] if step in names[:-1] else "the rest"


def _ended(run_id: str, event: RunEvent) -> Failure:
    if event.type == "run.cancelled":
        return Failure(f"{run_id} was cancelled")
    error = event.data.get("error") or {}
    return Failure(printable(f"{run_id} has failed: {error.get('message') or error.get('code')}"))


def _hint(run_id: str) -> None:
    click.echo(
        f"Nobody has begun {run_id} yet; a running gateway (`persona serve`) or `persona work` does it.",
        err=True,
    )
