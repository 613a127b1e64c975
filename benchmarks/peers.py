"""`make bench-peers`: the same work for LiteLLM and Portkey, in environments of their own."""

import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import costs, nginx, results
from benchmarks.delays import delays
from benchmarks.process import BenchError, Process, environment, free_port, program, wait_for
from benchmarks.results import Figure, Run, figure
from benchmarks.rig import Rig, say, warm
from benchmarks.shapes import BURST, LARGE, SMALL, Shape, Workload
from benchmarks.stores import CACHE
from benchmarks.target import Target

LITELLM = "1.106.2"
"""No newer version is used, since 1.107.0 is listed as compromised."""
PORTKEY = "1.15.2"
NODE_SERVER = "1.13.8"
"""With a newer `@hono/node-server` Portkey's streams break off."""
FEW = Workload(Shape(True, 60, 50), connections=10)
"""These are few enough streams for the slowest server to keep up with."""
SLOW = 10_000
"""Microseconds for a request; a server that needs more is too busy for its delays to tell anything."""
LESS = {"nginx": 2, "gateway": 2, "portkey": 8, "litellm": 40}
"""The number of requests in a round is divided by this."""
START_SECONDS = 120
LITELLM_CONFIG = """
model_list:
  - model_name: mock-model
    litellm_params:
      model: openai/mock-model
      api_base: http://127.0.0.1:{upstream}/v1
      api_key: sk-mock
"""


async def measure(rig: Rig) -> Run:
    """Measure the figures that can be compared, of all four in turn."""
    began = time.monotonic()
    litellm, portkey = install_litellm(), install_portkey()
    versions = {"nginx": nginx.version(), "LiteLLM": LITELLM, "Portkey": PORTKEY}
    about = results.machine(len(rig.cores), versions)
    targets = [rig.nginx(), rig.gateway(rig.copy())]
    for start, place in ((start_portkey, portkey), (start_litellm, litellm)):
        targets.append(start(rig, place))
        rig.keep(targets[-1].process)
    say("warming up, checking answers")
    await warm(targets, (SMALL, LARGE, BURST))
    figures = await costs.pieces(targets, 5, LESS)
    figures += await costs.paced(targets, 3)
    figures += await costs.paced(targets, 3, FEW)
    slow = {name for name, taken in figures[0].samples.items() if taken.median > SLOW}
    figures += await delays(rig.direct, [target for target in targets if target.name not in slow], 4)
    figures.append(_memory(targets))
    notes = [f"{name} is too slow for its delays at this rate to be measured" for name in sorted(slow)]
    return results.run("peers", time.monotonic() - began, about, rig.disturbance(), figures, notes)


def _memory(targets: Sequence[Target]) -> Figure:
    found = {target.name: [target.process.memory_kb() / 1024] for target in targets}
    return figure("memory_after", "Memory after all this, all processes", "MB", found)


def install_litellm() -> Path:
    """Install LiteLLM's program in a virtual environment that is made once."""
    folder = CACHE / f"litellm-{LITELLM}"
    if not (folder / "ready").exists():
        say("installing LiteLLM")
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, f"litellm[proxy]=={LITELLM}"])
        (folder / "ready").touch()
    return folder / "bin/litellm"


def install_portkey() -> Path:
    """Install Portkey's server script in a folder of npm's that is made once."""
    folder = CACHE / f"portkey-{PORTKEY}"
    if not (folder / "ready").exists():
        say("installing Portkey")
        folder.mkdir(parents=True, exist_ok=True)
        package = {
            "private": True,
            "dependencies": {"@portkey-ai/gateway": PORTKEY},
            "overrides": {"@hono/node-server": NODE_SERVER},
        }
        (folder / "package.json").write_bytes(msgspec.json.encode(package))
        npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        _run([_tool("npm"), *npm], folder)
        (folder / "ready").touch()
    return folder / "node_modules/@portkey-ai/gateway/build/start-server.js"


def start_litellm(rig: Rig, place: Path) -> Target:
    """Start LiteLLM's proxy with one worker and a key, without records, which only helps it."""
    folder = rig.folder / "litellm"
    folder.mkdir()
    (folder / "config.yaml").write_text(LITELLM_CONFIG.format(upstream=rig.mock_port), "utf-8")
    port = free_port()
    options = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    key = f"sk-{secrets.token_hex(32)}"
    env = environment(
        LITELLM_MASTER_KEY=key,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        LITELLM_LOG="ERROR",
        LITELLM_MODE="PRODUCTION",
    )
    process = Process([str(place), *options], rig.server_core, folder, env)
    return _ready(Target("litellm", process, port, key))


def start_portkey(rig: Rig, place: Path) -> Target:
    """Start Portkey as a plain proxy to the mock."""
    folder = rig.folder / "portkey"
    folder.mkdir()
    port = free_port()
    command = [_tool("node"), str(place), f"--port={port}", "--headless"]
    process = Process(command, rig.server_core, folder, environment(NODE_ENV="production"))
    host = f"http://127.0.0.1:{rig.mock_port}/v1"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": host}
    return _ready(Target("portkey", process, port, headers=headers))


def _ready(target: Target) -> Target:
    try:
        wait_for(target.process, target.port, START_SECONDS)
    except BenchError:
        target.process.stop()
        raise
    return target


def _tool(name: str) -> str:
    try:
        return program(name)
    except BenchError:
        raise BenchError(f"{name} is not installed; Portkey needs Node.js 20 or newer with npm") from None


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"installing failed: {done.stderr[-2000:]}")
