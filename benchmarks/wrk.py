"""wrk asks faster than a client in Python can, and so finds the highest rate."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import load, shapes
from benchmarks.process import BenchError, pin, program
from benchmarks.shapes import Workload
from benchmarks.target import Target

NUMBER = 900_000_000
"""Stands in the request for its number, and is the first of the numbers that wrk gives."""
SCRIPT = """
wrk.method = "POST"
wrk.path = {path}
wrk.headers = {{ {headers} }}
local before, after = {before}, {after}
local number = {number} + {start}
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, before .. number .. after)
end
"""


def rate(target: Target, workload: Workload, cores: Sequence[int], folder: Path, seconds: int = 3) -> float:
    """Measure how many requests a second the target answers on 64 connections. Raises BenchError where one
    failed."""
    script = folder / "ask.lua"
    script.write_text(_script(target, workload), "utf-8")
    url = f"http://127.0.0.1:{target.port}"
    done = subprocess.run(
        [program("wrk"), "-t1", f"-c{workload.connections}", f"-d{seconds}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        check=False,
        preexec_fn=pin(cores),
    )
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchError(f"wrk failed against {target.name}: {done.stdout} {done.stderr}")
    return float(found[1])


def _script(target: Target, workload: Workload) -> str:
    body = shapes.body(workload, NUMBER, target.model).decode()
    before, _, after = body.partition(f"{NUMBER}]")
    after = f"]{after}"
    headers = ", ".join(
        f"[{_quoted(name)}] = {_quoted(value)}" for name, value in target.all_headers().items()
    )
    # The numbers are far from those of every other load, and of every other run of wrk.
    start = next(load.numbers) * 1_000_000 % 90_000_000
    return SCRIPT.format(
        path=_quoted(target.path(workload)),
        headers=headers,
        before=_quoted(before),
        after=_quoted(after),
        number=NUMBER,
        start=start,
    )


def _quoted(text: str) -> str:
    """Write a string of Lua: JSON's form is one, but for characters beyond ASCII, which Lua takes as they
    are."""
    return msgspec.json.encode(text).decode().replace("\\/", "/")
