"""`/status` tells people and machines how the gateway is, and no more than `/health/ready` may."""

import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from gateway import __version__
from gateway.work.queue import Queue
from gateway.work.store.rows import Depth

Readiness = Callable[[], tuple[bool, Mapping[str, Any]]]

HTML, JSON = "text/html", "application/json"
WORDS = {
    "ready": "Everything works",
    "degraded": "Chat is answered, but a part does not work",
    "unavailable": "Chat requests are not answered",
}


class Status(msgspec.Struct, frozen=True):
    """The gateway is like this, as the worker that answers sees it."""

    status: str
    version: str
    uptime_seconds: int
    workers: int
    draining: bool
    store: str
    limits: str
    upstreams: Mapping[str, str]
    work: Depth | None


class Watch:
    """Tells the state of one worker since its start."""

    def __init__(self, readiness: Readiness, queue: Queue, workers: int) -> None:
        self._readiness = readiness
        self._queue = queue
        self._workers = workers
        self._started = time.monotonic()

    async def status(self) -> Status:
        _, state = self._readiness()
        return Status(
            status=state["status"],
            version=__version__,
            uptime_seconds=int(time.monotonic() - self._started),
            workers=self._workers,
            draining=state["draining"],
            store=state["store"],
            limits=state["limits"],
            upstreams=state["upstreams"],
            work=await self._queue.depth(),
        )


def page(status: Status, build: str) -> str:
    """Write the status as a page in the style of the page for people, whose files are under `build`."""
    parts = [("Version", status.version), ("Up for", lasting(status.uptime_seconds))]
    parts += [("Workers", str(status.workers)), ("Store", status.store), ("Limits", status.limits)]
    upstreams = sorted(status.upstreams.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persona Gateway: {status.status}</title>
<link rel="icon" href="/page/{build}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/{build}/style.css">
</head>
<body>
<main>
<h1>Persona Gateway</h1>
<p><strong>{WORDS[status.status]}</strong>{", and it is about to end" if status.draining else ""}.</p>
<h2>Gateway</h2>
{_pairs(parts)}
<h2>Upstreams</h2>
{_pairs(upstreams) if upstreams else "<p>None.</p>"}
<h2>Work</h2>
{_work(status.work)}
<p><a href="/">The page</a> <a href="/docs">The API</a></p>
</main>
</body>
</html>
"""


def lasting(seconds: int) -> str:
    """Write a time in its two largest units, such as `3 d 4 h`."""
    for name, size, below, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size} {name} {seconds % size // part} {below}"
    return f"{seconds} s"


def _work(depth: Depth | None) -> str:
    if depth is None:
        return "<p>The store has not been read yet.</p>"
    counts = [("Waiting", depth.waiting), ("Running", depth.running), ("Failed", depth.failed)]
    return _pairs([(name, str(count)) for name, count in counts])


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="pairs">{rows}</dl>'
