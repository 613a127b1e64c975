"""A real gateway process on a socket, for tests."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openai

from tests.fakes import nursery
from tests.fakes.nursery import Child
from tests.fakes.store import put_empty, put_empty_engine

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
CLIENT = os.environ.get("PERSONA_TEST_CLIENT", "native")
"""The gateways under test reach their upstreams with this client, so that any tests can run on the other."""
FORKED = ("PERSONA_", "OPENAI_", "XDG_")
"""Variables that the gateway reads by itself, and not Python before it."""
STOP_SECONDS = 30


def scrubbed_environment(**more: str) -> dict[str, str]:
    """Copy the environment without anybody's keys and settings."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | more


ROUTINE = ("gateway.access", "gateway.upstreams")


class Gateway:
    """`persona serve` in a folder of its own."""

    module = "gateway"
    """`python -m` runs this as the server."""

    def __init__(self, folder: Path, config: str | None, *arguments: str, **environment: str) -> None:
        """Without a configuration the folder stays empty."""
        self.folder = folder
        self.config = folder / "config.toml"
        self.python = sys.executable
        self._has_own_variables = any(not name.startswith(FORKED) for name in environment)
        self._place: list[str] = []
        self._has_usual_store = config is not None and "[store]" not in config
        if config is not None:
            self.config.write_text(config, "utf-8")
            self._place = ["--config", str(self.config)]
        self._arguments = arguments
        self._environment = scrubbed_environment(**environment)
        if config is not None and "models_hours" not in config:
            # A minute after its start it would ask the upstreams for their models, among a test's requests.
            self._environment["PERSONA__ALERTS__MODELS_HOURS"] = "0"
        self.key = ""
        self.base_url = ""
        self.banner = ""
        self._process: subprocess.Popen[str] | Child | None = None

    def start(self) -> "Gateway":
        arguments = ["serve", *self._place, "--port", "0", *self._arguments]
        self._log = (self.folder / "stderr.log").open("a")
        if self._has_usual_store:
            put_empty(self.folder)
            put_empty_engine(self.folder)
        if self._is_forked():
            self._process = nursery.begin(arguments, self.folder, self._environment, self._log)
        else:
            self._process = subprocess.Popen(
                [self.python, "-m", self.module, *arguments],
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                env=self._environment,
                cwd=self.folder,
                start_new_session=True,
            )
        self.banner = self._read_banner()
        self.base_url = re.search(r"http://\S+/v1/openai", self.banner)[0]  # type: ignore[index]
        if first := re.search(r"key        in (.*), which only its owner can read", self.banner):
            self.key = Path(first[1]).read_text("ascii").strip()
        return self

    def _is_forked(self) -> bool:
        """Tell whether it may come from the nursery, which knows one Python and one program."""
        is_usual = self.python == sys.executable and self.module == Gateway.module
        return is_usual and not self._has_own_variables

    def _read_banner(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                return "".join(lines)
        raise AssertionError(f"the gateway did not start: {self.errors()}")

    @property
    def root(self) -> str:
        return self.base_url.removesuffix("/v1/openai")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, and return the exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(number)
        code = process.wait(STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        self._log.close()
        return code

    def log(self) -> str:
        """Read what it has written to standard error."""
        return (self.folder / "stderr.log").read_text("utf-8")

    def errors(self) -> str:
        """Read the same without what is said of requests, and of upstreams that fail as they are told to."""
        lines = self.log().splitlines(keepends=True)
        return "".join(line for line in lines if not any(name in line for name in ROUTINE))

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Run another `persona` command on the same store, and return its standard output."""
        given = [*arguments, *self._place]
        if self._is_forked():
            done = nursery.run(given, self.folder, self._environment)
        else:
            command = [self.python, "-m", "gateway", *given]
            done = subprocess.run(
                command, capture_output=True, text=True, env=self._environment, cwd=self.folder, check=False
            )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def push(self, **persona: Any) -> None:
        """Store a persona; JSON is YAML too."""
        file = self.folder / f"{persona['slug']}.yml"
        file.write_text(json.dumps(persona), "utf-8")
        self.cli("personas", "push", str(file))

    def turns(self, *arguments: str) -> list[dict[str, Any]]:
        """List the recorded turns, the newest first, with what is counted and scored beside the rest."""
        found: list[dict[str, Any]] = json.loads(self.cli("turns", "--json", *arguments))
        return [{**turn, **turn["usage"], "reason": None, **turn["drift"]} for turn in found]

    def client(self, **options: Any) -> openai.OpenAI:
        settings: Any = {"base_url": self.base_url, "api_key": self.key, "max_retries": 0} | options
        return openai.OpenAI(**settings)

    def async_client(self, **options: Any) -> openai.AsyncOpenAI:
        settings: Any = {"base_url": self.base_url, "api_key": self.key, "max_retries": 0} | options
        return openai.AsyncOpenAI(**settings)


PATIENT = "[drift]\nbudget_ms = 1000\n"
"""Tests about something else use this, since they must not depend on how busy the machine is."""


def upstream_table(name: str, base_url: str, *lines: str, client: str = CLIENT) -> str:
    """Write a table of config.toml for a scripted upstream."""
    place, own = f'base_url = "{base_url}"', f'client = "{client}"'
    settings: Sequence[str] = (place, own, 'api_key = "upstream-secret-key"', *lines)
    return "\n".join([f"[upstreams.{name}]", *settings, ""])
