"""Every fault of an upstream is run, held against what the caller has to get, and printed for the docs.

`python -m tests.faults.table` writes the table into docs/reliability.md.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import openai

from tests.fakes import upstream_faults as faults
from tests.fakes.process import CLIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.faults.catalogue import FAULTS, LATER_REASON, OK, OK_STREAM, OURS, Fault

LIMITS = "timeouts = { connect = 0.5, first_byte = 1.5, idle = 1.5, total = 4 }"
SHORT_LIMITS = LIMITS.replace("total = 4", "total = 2")
"""These hold where a time limit is waited for, as often as there are tries."""
LIMIT_SECONDS = 4.0
SLACK_SECONDS = 4.0
"""Seconds that a busy machine may add to the time limit before a request counts as hanging."""
AT_ONCE, AT_WORK = 8, 4
"""Cases that wait at a time, and others, which keep a core busy and must not hold each other up."""
IDLE = frozenset(
    {
        "429, Retry-After 1",
        "connecting hangs",
        "silent before the first byte",
        "comments only",
        "stalls for good",
        "endless slow drip",
    }
)
"""In these a time limit is waited for: they cost next to nothing meanwhile, and have places of their own."""


@dataclass
class Outcome:
    """The result of one request."""

    outcome: str
    seconds: float
    attempts: str
    exception: str
    turn: str = ""
    closed: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Case = tuple[str, bool, bool]
"""The fault's name, and whether the request streams and a fallback is available."""


def slug(name: str, *, fallback: bool) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join([*words, "fallback"] if fallback else words)


@contextmanager
def gateway_for_faults(
    folder: Path, client: str = CLIENT, own: Mapping[str, Fault] | None = None
) -> Iterator[tuple[Gateway, ScriptedUpstream]]:
    """Start a gateway with an upstream and two personas for every fault; `own` are those of upstreams with
    a Responses API, by the name of upstream and persona.
    """
    with ExitStack() as stack:
        bad = stack.enter_context(ScriptedUpstream())
        good = stack.enter_context(ScriptedUpstream())
        addresses = {
            "connection refused": f"http://127.0.0.1:{stack.enter_context(faults.refused_port())}/v1",
            "connecting hangs": f"http://127.0.0.1:{stack.enter_context(faults.unanswered_port())}/v1",
            "TLS failure": stack.enter_context(faults.tls_garbage_server()),
            "DNS failure": "http://upstream.invalid/v1",
        }
        tables = [upstream_table("good", good.base_url, LIMITS, client=client)]
        for fault in FAULTS:
            name = slug(fault.name, fallback=False)
            url = addresses.get(fault.name, bad.base_url)
            limits = SHORT_LIMITS if fault.name in IDLE else LIMITS
            tables.append(upstream_table(name, url, limits, client=client))
            if fault.answer is not None:
                bad.by_model(name, fault.answer)
        for name, fault in (own or {}).items():
            tables.append(upstream_table(name, bad.base_url, LIMITS, "responses = true", client=client))
            if fault.answer is not None:
                bad.by_model(name, fault.answer)
        # No machine is so busy that a try which fails at once takes this long: it is always made again.
        chat = '[chat]\nretries = 1\nretry_for = 30\nmax_answer = 8_000_000\nupstreams = ["good/good"]\n'
        gateway = stack.enter_context(_running(Gateway(folder, chat + "\n".join(tables))))
        _push_personas(gateway, list(own or ()))
        yield gateway, bad


@contextmanager
def _running(gateway: Gateway) -> Iterator[Gateway]:
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def _push_personas(gateway: Gateway, own: Sequence[str]) -> None:
    files = []
    for name in own:
        files.append(gateway.folder / f"{name}.yml")
        persona: dict[str, Any] = {"slug": name, "prompt": "Hello.", "upstreams": [f"{name}/{name}"]}
        files[-1].write_text(json.dumps(persona), "utf-8")
    for fault in FAULTS:
        for fallback in (False, True):
            name = slug(fault.name, fallback=False)
            upstreams = [f"{name}/{name}", "good/good"] if fallback else [f"{name}/{name}"]
            persona = {
                "slug": slug(fault.name, fallback=fallback),
                "prompt": "Hello.",
                "upstreams": upstreams,
            }
            files.append(gateway.folder / f"{persona['slug']}.yml")
            files[-1].write_text(json.dumps(persona), "utf-8")
    gateway.cli("personas", "push", *map(str, files))


class Slots:
    """So many cases of each sort are under way at a time."""

    def __init__(self) -> None:
        self._idle, self._busy = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_WORK)
        # The SDK has a thread for each.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE + AT_WORK))

    def of(self, fault: str) -> asyncio.Semaphore:
        return self._idle if fault in IDLE else self._busy


async def run(gateway: Gateway, bad: ScriptedUpstream) -> dict[Case, Outcome]:
    """Run every fault, streamed and whole, with and without fallback."""
    slots = Slots()
    cases = [
        (fault.name, stream, fallback)
        for fault in FAULTS
        for stream in (False, True)
        for fallback in (False, True)
    ]
    async with aiohttp.ClientSession() as session:
        with gateway.client() as client:

            async def one(case: Case) -> Outcome:
                async with slots.of(case[0]):
                    return await _request(gateway, session, client, case)

            outcomes = dict(zip(cases, await asyncio.gather(*map(one, cases)), strict=True))
    await asyncio.to_thread(_add_turns, gateway, outcomes)
    await asyncio.to_thread(_add_closed, bad, outcomes)
    return outcomes


async def _request(
    gateway: Gateway, session: aiohttp.ClientSession, client: openai.OpenAI, case: Case
) -> Outcome:
    name, stream, fallback = case
    body = {
        "model": f"persona/{slug(name, fallback=fallback)}",
        "stream": stream,
        "messages": [{"role": "user", "content": "Hello?"}],
    }
    began = asyncio.get_running_loop().time()
    async with session.post(
        f"{gateway.base_url}/chat/completions",
        json=body,
        headers={"authorization": f"Bearer {gateway.key}"},
        timeout=aiohttp.ClientTimeout(total=30),
    ) as answer:
        data = await answer.read()
        code, headers = answer.status, {key.lower(): value for key, value in answer.headers.items()}
    seconds = asyncio.get_running_loop().time() - began
    exception = await asyncio.to_thread(_sdk_exception, client, body)
    return Outcome(
        _outcome(code, data, stream),
        seconds,
        headers["x-persona-attempts"],
        exception,
        headers=headers,
        body=data,
    )


def _outcome(code: int, data: bytes, stream: bool) -> str:
    if code != 200:
        error = json.loads(data)["error"]
        if error["message"].startswith(OURS):
            return f"{code} {error['code']}"
        return f"{code} passed on" if code < 500 else f"{code} with the reason"
    if not stream:
        assert json.loads(data)["object"] == "chat.completion"
        return OK
    assert data.endswith(b"\n\n"), "half a frame at the end"
    frames = [frame for frame in data.split(b"\n\n") if frame]
    assert all(frame.startswith(b"data: ") for frame in frames)
    last = frames[-1].removeprefix(b"data: ")
    if last == b"[DONE]":
        return OK_STREAM
    error = json.loads(last)["error"]
    return f"200 then {error['code']}" if error["message"].startswith(OURS) else LATER_REASON


def _sdk_exception(client: openai.OpenAI, body: dict[str, Any]) -> str:
    """Return the class that the SDK raises for the same request, without retries of its own."""
    try:
        answer = client.chat.completions.create(**body)
        for _ in answer if body["stream"] else ():
            pass
    except openai.APIError as error:
        return type(error).__name__
    return ""


def _add_turns(gateway: Gateway, outcomes: dict[Case, Outcome]) -> None:
    """Add what the turn's row says: the first one for each model and mode, as the SDK's came later."""
    rows: list[dict[str, Any]] = []

    def are_there() -> bool:
        rows[:] = gateway.turns("--limit", "1000")
        return len(rows) >= 2 * len(outcomes)

    until(are_there, within=60)
    for (name, stream, fallback), outcome in outcomes.items():
        model = f"persona/{slug(name, fallback=fallback)}"
        row = [row for row in rows if row["model"] == model and row["stream"] is stream][-1]
        outcome.turn = row["status"] if row["error"] is None else f"{row['status']}: {row['error']}"
        assert str(row["attempts"]) == outcome.attempts


def _add_closed(bad: ScriptedUpstream, outcomes: dict[Case, Outcome]) -> None:
    """Add whether the faulty upstream's connections have ended; whole answers may leave theirs open for
    reuse."""
    for (name, stream, _), outcome in outcomes.items():
        mine = [
            seen for seen in bad.seen if seen.model == slug(name, fallback=False) and seen.is_stream is stream
        ]
        outcome.closed = _closed(mine)


def _closed(seen: list[Seen]) -> str:
    if not seen:
        return "none was made"
    settled = all(each.settled.wait(25) for each in seen)
    assert settled, "an upstream connection was left in the middle of an answer"
    return "kept" if all(each.finished and not each.closed.is_set() for each in seen) else "closed"


def table(outcomes: dict[Case, Outcome]) -> str:
    """Write Markdown, with a row for each fault and mode."""
    lines = [
        "| fault | mode | one upstream | SDK raises | attempts | turn | its connection | with a fallback |",
        "| --- | --- | --- | --- | --: | --- | --- | --- |",
    ]
    for fault in FAULTS:
        for stream in (False, True):
            alone, behind = outcomes[fault.name, stream, False], outcomes[fault.name, stream, True]
            cells = [
                fault.name,
                "stream" if stream else "whole",
                alone.outcome,
                alone.exception or "–",
                alone.attempts,
                alone.turn,
                alone.closed,
                f"{behind.outcome} ({behind.attempts})",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


BEGIN, END = "<!-- fault table: begin -->", "<!-- fault table: end -->"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, gateway_for_faults(Path(folder)) as (gateway, bad):
        outcomes = asyncio.run(run(gateway, bad))
    place = Path(__file__).parents[2] / "docs" / "reliability.md"
    text = place.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} by `python -m tests.faults.table`."
    place.write_text(f"{before}{BEGIN}\n{made}\n\n{table(outcomes)}\n{END}{after}", "utf-8")
    wrong = [
        f"{fault.name}, stream={stream}, fallback={fallback}: {got} instead of {wanted}"
        for fault in FAULTS
        for stream in (False, True)
        for fallback in (False, True)
        if (got := outcomes[fault.name, stream, fallback].outcome)
        != (wanted := fault.expected(stream=stream, fallback=fallback))
    ]
    sys.stdout.write("\n".join([*wrong, f"{len(wrong)} of {len(outcomes)} outcomes are wrong", ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
