"""It is told in lines, numbers and traces how a request has ended."""

import time

from gateway import clock
from gateway.server.cycle import Cycle
from gateway.telemetry.access import Line, shown
from gateway.telemetry.trace import Request, Trace
from gateway.turns.meter import Meter
from gateway.turns.usage import total


def traced(cycle: Cycle, trace: Trace) -> Request:
    scope, seconds = cycle.scope, time.perf_counter() - cycle.began
    path = shown(scope["raw_path"])
    return Request(trace, scope["method"], path, cycle.status, cycle.request_id, seconds, time.time_ns())


def count(meter: Meter, cycle: Cycle) -> None:
    seconds, account = time.perf_counter() - cycle.began, cycle.account
    if account is None:
        meter.request(cycle.scope["path"], cycle.status, seconds, None, "")
        return
    label = "" if account.persona is None else account.persona.label
    meter.request(cycle.scope["path"], cycle.status, seconds, account.turn, label)


def line(cycle: Cycle) -> Line:
    """Say in one line what became of a request."""
    scope, account = cycle.scope, cycle.account
    ms = (time.perf_counter() - cycle.began) * 1000
    method, path, client = scope["method"], scope["raw_path"], scope["state"].get("caller_address")
    if account is None:
        return Line(clock.now_ms(), method, path, cycle.status, ms, cycle.request_id, client=client)
    turn, persona = account.turn, account.persona
    return Line(
        clock.now_ms(),
        method,
        path,
        cycle.status,
        ms,
        cycle.request_id,
        None if persona is None else persona.label,
        turn.upstream,
        turn.attempts,
        total(turn.usage),
        turn.drift.verdict,
        f"{turn.status}:{turn.error}" if turn.error else turn.status,
        client,
    )
