"""The demo's gateway is `persona serve` as ever, in a folder that goes with the demo."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gateway.demo.upstream import MODEL, NAME

STOP_SECONDS = 20
ALERTED_TURNS = 4
"""Scored answers of a version from which on an alert may fire; the demo has no time for twenty."""


class DemoError(Exception):
    """The gateway did not start; the message says why."""


class Running(NamedTuple):
    root: str
    """The address, without a slash at its end."""
    key: str


@contextmanager
def serving(upstream: str) -> Iterator[Running]:
    """Start it in front of the upstream, and stop it at the end. Raises DemoError."""
    with TemporaryDirectory(prefix="persona-demo-") as name:
        folder = Path(name)
        config = folder / "config.toml"
        config.write_text(_config(upstream), "utf-8")
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--port", "0"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - it is this program
                command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, start_new_session=True
            )
        try:
            yield _ready(process, folder)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
            if process.stdout is not None:
                process.stdout.close()


def _ready(process: subprocess.Popen[str], folder: Path) -> Running:
    """Read what it says at its start."""
    said = []
    for line in process.stdout or ():
        said.append(line)
        if line.startswith("Ctrl-C"):
            text = "".join(said)
            root = re.search(r"(http://\S+)/v1/openai", text)
            file = re.search(r"key        in (.*), which only its owner can read", text)
            if root and file:
                return Running(root[1], Path(file[1]).read_text("ascii").strip())
    raise DemoError("the gateway did not start: " + (folder / "log").read_text("utf-8").strip()[-2000:])


def _config(upstream: str) -> str:
    return f"""[upstreams.{NAME}]
base_url = "{upstream}"
default_model = "{MODEL}"
api_key = "none"

[chat]
upstreams = ["{NAME}"]

[drift]
budget_ms = 500

[alerts]
minimum_turns = {ALERTED_TURNS}
"""
