"""`python -m benchmarks.access`: what the line of a request costs, all of its CPU time, threads included."""

import asyncio
import os
import sys
import time
from types import SimpleNamespace
from typing import Any, cast

from gateway.config import Log
from gateway.openai_api.account import Account
from gateway.personas.resolved import Resolved
from gateway.server.cycle import Cycle
from gateway.server.reports import line
from gateway.telemetry.access import WAITING, Access
from gateway.turns.turn import Drift, Turn
from gateway.turns.usage import Usage

ROUNDS = 20


def cycle() -> Cycle:
    """Make what is left of a chat request when it has ended."""
    turn = Turn(
        id="msg_0QvXb3k2A1b2C3d4E5f6",
        request_id="req_0QvXb3k2A1b2C3d4E5f6",
        workspace_id="ws_1",
        key_id="key_1",
        model="persona/muse",
        stream=True,
        created_at=0,
        upstream="main/gpt-4o-mini",
        status="completed",
        attempts=1,
        usage=Usage(900, 120, 1020),
        drift=Drift(voice=0.1, verdict="in-character"),
    )
    persona = cast(Resolved, SimpleNamespace(label="muse@v3"))
    scope = {"method": "POST", "raw_path": b"/v1/openai/chat/completions", "state": {}}
    ended: Any = SimpleNamespace(
        scope=scope,
        status=200,
        began=time.perf_counter(),
        request_id=turn.request_id,
        account=Account(turn, 0.0, persona, ""),
    )
    return cast(Cycle, ended)


async def emptied(access: Access) -> None:
    """Wait until the thread has written all."""
    if access.is_busy:
        await asyncio.sleep(0.01)
        await emptied(access)


async def measure(form: str) -> float:
    """Return the microseconds of CPU time for one line, written to /dev/null."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123, ASYNC230 - the log's own stream is like this

        def write(lines: str) -> None:
            nowhere.write(lines)
            nowhere.flush()

        access = Access(Log(format="json" if form == "json" else "text"), write)
        loop, ended = asyncio.get_running_loop(), cycle()
        before = time.process_time()
        for _ in range(ROUNDS):
            for _ in range(WAITING):
                access.note(line(ended), loop)
            await emptied(access)
        spent = time.process_time() - before
        access.close()
    assert not access.dropped
    return spent / (ROUNDS * WAITING) * 1e6


if __name__ == "__main__":
    for form in ("text", "json"):
        print(f"{form}: {asyncio.run(measure(form)):.2f} µs for each request")
    sys.exit(0)
