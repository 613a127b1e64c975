"""The gateway under measurement, with everything on: keys, a persona, overlay, recording, drift."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from benchmarks import texts
from benchmarks.process import BenchError, Process, environment
from benchmarks.target import Recorded, Target

SLUG = "the-ferryman"
READY = "Ctrl-C"
"""The last line that the gateway prints once it answers begins like this."""
PROMPT = (
    "You are Osman, fifty-eight, ferryman between two small harbours. You have crossed the same water eleven "
    "thousand times and still look at it first. You speak slowly, in short plain sentences, and you count "
    "things: crossings, gulls, sons, winters. You keep a green ledger of everyone who forgot something on "
    "board. You trust the weather report less than your knee. You never hurry a passenger, never argue about "
    "the fare, never say how deep the water is, and never break character. Answer in six sentences at most."
)
CONFIG = """
[upstreams.mock]
base_url = "http://127.0.0.1:{upstream}/v1"
api_key = "sk-mock"
default_model = "mock-model"
{more}
"""
PATIENT = "[drift]\nbudget_ms = 1000\n"
"""Every answer is waited for until it is scored: among many, some would go without, and cost less."""


class Home:
    """A folder with a configuration and a store that knows a key and a persona."""

    def __init__(self, folder: Path, key: str = "") -> None:
        self.folder = folder
        self.key = key
        self._before = 0
        """Turns that the store had before the gateway was started."""

    @property
    def store(self) -> Path:
        return self.folder / "persona.db"

    def copy(self, folder: Path) -> "Home":
        """Make another home with the same key and personas."""
        shutil.copytree(self.folder, folder)
        return Home(folder, self.key)

    def configure(self, upstream: int, more: str = "") -> None:
        (self.folder / "config.toml").write_text(CONFIG.format(upstream=upstream, more=more), "utf-8")

    def accepts(self, more: str) -> bool:
        """Tell whether this version of the gateway knows these settings."""
        self.configure(1, more)
        return _run(self.folder, "db", "upgrade").returncode == 0

    def start(self, cores: Sequence[int], upstream: int, *, more: str = "", workers: int = 1) -> Process:
        """Start a gateway and wait until it answers; its first key becomes the home's."""
        self.configure(upstream, more)
        self._before = self.turns() if self.store.exists() else 0
        process = Process([*_persona("serve"), "--port", "0", "--workers", str(workers)], cores, self.folder)
        self.banner = process.read_until(READY)
        if first := re.search(r"key        in (.*), which only its owner can read", self.banner):
            self.key = Path(first[1]).read_text("ascii").strip()
        return process

    def target(self, process: Process, name: str = "gateway") -> Target:
        port = re.search(r"http://127\.0\.0\.1:(\d+)/v1/openai", self.banner)
        if port is None:
            raise BenchError(f"the gateway did not say where it listens: {self.banner}")
        path = "/v1/openai/chat/completions"
        model = f"persona/{SLUG}"
        return Target(name, process, int(port[1]), self.key, model, path, path, counts=self.counts)

    def counts(self) -> Recorded:
        """Count the turns since the start by when they got their score, or will."""
        query = (
            "SELECT count(*), coalesce(sum(reason IN ('budget', 'later')), 0), coalesce(sum(late), 0) "
            f"FROM turns WHERE seq > {self._before}"
        )
        with closing(sqlite3.connect(self.store)) as connection:
            return Recorded(*connection.execute(query).fetchone())

    def push(self) -> None:
        """Store the persona that is measured."""
        examples = [texts.sentences()[place] for place in range(0, 240, 20)]
        persona = {"slug": SLUG, "name": "Osman", "prompt": PROMPT, "examples": examples}
        file = self.folder / f"{SLUG}.yml"
        file.write_bytes(msgspec.json.encode(persona))
        done = _run(self.folder, "personas", "push", str(file))
        if done.returncode:
            raise BenchError(f"the persona was not stored: {done.stderr}")

    def turns(self) -> int:
        """Count the turns of the store."""
        return self._ask("SELECT coalesce(max(seq), 0) FROM turns")

    def _ask(self, query: str) -> int:
        with closing(sqlite3.connect(self.store)) as connection:
            found: int = connection.execute(query).fetchone()[0]
            return found


def prepare(folder: Path, cores: Sequence[int]) -> Home:
    """Make a first home, from nothing; this also leaves the bytecode cached."""
    folder.mkdir()
    home = Home(folder)
    home.start(cores, 1).stop()
    home.push()
    return home


def _persona(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", *arguments, "--config", "config.toml"]


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _persona(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
