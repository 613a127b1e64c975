"""One parent, several workers, and what outlives each of them."""

import http.client
import json
import os
import pty
import re
import signal
import socket
import stat as stat_module
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.restarts import AT_ONCE
from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import CHAT, ask, connect, fetch, line, written
from tests.fakes.process import Gateway, scrubbed_environment, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until, within_a_second
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events
from tests.faults import proc

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
SAID = "You said: Good evening"


def table(upstream: ScriptedUpstream) -> str:
    return upstream_table(
        "main", upstream.base_url, 'default_model = "gpt-4o-mini"', 'models = ["plain-model"]'
    )


@pytest.fixture
def pair(start: Start, upstream: ScriptedUpstream) -> Gateway:
    """A gateway with two workers."""
    return start(table(upstream), "--workers", "2")


def stat(pid: int) -> tuple[str, int]:
    """Read the state and the parent of a process; `X` where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    return fields[0], int(fields[1])


def children(pid: int) -> set[int]:
    return set(proc.children(pid))


def is_running(pid: int) -> bool:
    return stat(pid)[0] not in "XZ"


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Let these processes do nothing meanwhile, so that the others have to."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            until(lambda pid=pid: stat(pid)[0] == "T")  # type: ignore[misc]
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def line_to_each(gateway: Gateway) -> Iterator[list[http.client.HTTPConnection]]:
    """Open a connection to each worker, made while the others cannot accept any."""
    workers = children(gateway.pid)
    with ExitStack() as stack:
        opened = []
        for worker in workers:
            with frozen(*(workers - {worker})):
                opened.append(stack.enter_context(line(gateway)))
                assert ask(opened[-1], "/health/live").status == 200
        yield opened


@needs_proc
def test_every_worker_answers(pair: Gateway) -> None:
    workers = children(pair.pid)
    assert len(workers) == 2
    for worker in workers:
        with frozen(worker):
            assert fetch(pair, body=ASK).status == 200


@needs_proc
def test_the_parent_has_one_thread_so_that_it_may_fork(pair: Gateway) -> None:
    assert "Threads:\t1\n" in Path(f"/proc/{pair.pid}/status").read_text()


@needs_proc
def test_a_killed_worker_is_missed_by_nobody_and_comes_back(pair: Gateway) -> None:
    victim, survivor = children(pair.pid)
    os.kill(victim, signal.SIGKILL)
    until(lambda: not is_running(victim))
    assert fetch(pair, body=ASK).status == 200
    (heir,) = until(lambda: children(pair.pid) - {victim, survivor})
    with frozen(survivor):
        assert fetch(pair, body=ASK).status == 200
    assert children(pair.pid) == {survivor, heir}
    assert f"worker {victim} died" in pair.errors()


@needs_proc
def test_a_worker_that_dies_again_at_once_is_replaced_each_time(pair: Gateway) -> None:
    """`tests/test_restarts.py` shows that the first of them cost no pause."""
    victim, *_ = children(pair.pid)
    for _ in range(AT_ONCE):
        known = children(pair.pid)
        os.kill(victim, signal.SIGKILL)
        (victim,) = until(partial(newcomers, pair, known))
    assert fetch(pair, body=ASK).status == 200


def newcomers(pair: Gateway, known: set[int]) -> set[int]:
    return children(pair.pid) - known


def on_each(
    lines: list[http.client.HTTPConnection], key: str, expected: Callable[[Any], bool], model: str = LIBRARIAN
) -> None:
    """Wait until every worker answers like this, within a second."""
    for one in lines:
        within_a_second(lambda one=one: expected(ask(one, CHAT, {**ASK, "model": model}, key=key)))  # type: ignore[misc]


@needs_proc
def test_what_other_processes_change_is_used_by_all_workers_within_a_second(pair: Gateway) -> None:
    pair.push(slug="guide", prompt="The first.")
    key = mint(pair, "--name", "short-lived")
    with line_to_each(pair) as lines:
        guide = "persona/guide"
        on_each(lines, key, lambda reply: reply.headers.get("x-persona") == "guide@v1", guide)
        pair.push(slug="guide", prompt="The second.")
        on_each(lines, key, lambda reply: reply.headers["x-persona"] == "guide@v2", guide)
        pair.cli("personas", "label", "guide@v1", "production")
        on_each(lines, key, lambda reply: reply.headers["x-persona"] == "guide@v1", guide)
        on_each(lines, key, lambda reply: reply.status == 404, "persona/newcomer")
        pair.push(slug="newcomer", prompt="Hello.")
        on_each(lines, key, lambda reply: reply.status == 200, "persona/newcomer")
        listed = json.loads(pair.cli("keys", "list", "--json"))
        pair.cli("keys", "revoke", next(one["id"] for one in listed if one["name"] == "short-lived"))
        on_each(lines, key, lambda reply: reply.status == 401)
        on_each(lines, pair.key, lambda reply: reply.status == 200)


def test_a_restart_keeps_everything(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream))
    gateway.push(slug="guide", prompt="The first.")
    gateway.push(slug="guide", prompt="The second.")
    gateway.cli("personas", "label", "guide@v1", "stable")
    other = mint(gateway)
    assert fetch(gateway, body={**ASK, "model": "persona/guide@stable"}).status == 200
    assert gateway.stop() == 0
    commands = (["personas", "list"], ["personas", "show", "guide"], ["keys", "list"], ["turns"])
    before = [json.loads(gateway.cli(*command, "--json")) for command in commands]
    assert len(before[-1]) == 1
    gateway.start()
    assert [json.loads(gateway.cli(*command, "--json")) for command in commands] == before
    for key in (gateway.key, other):
        reply = fetch(gateway, body={**ASK, "model": "persona/guide@stable"}, key=key)
        assert reply.headers["x-persona"] == "guide@v1"


# The end


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_exits_0_and_leaves_no_child(pair: Gateway, number: signal.Signals) -> None:
    workers = children(pair.pid)
    assert len(workers) == 2
    with line(pair) as idle:
        assert ask(idle, "/health/live").status == 200
        assert pair.stop(number) == 0
    assert not any(is_running(worker) for worker in workers)
    assert "Traceback" not in pair.errors()


@needs_proc
def test_without_their_parent_the_workers_end(pair: Gateway) -> None:
    workers = children(pair.pid)
    assert len(workers) == 2
    os.kill(pair.pid, signal.SIGKILL)
    until(lambda: not any(is_running(worker) for worker in workers))


def test_an_open_stream_ends_whole_before_the_gateway_does(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream))
    gate = Gate()
    upstream.reply(events([chunk("first"), gate, chunk("second"), chunk(finish="stop")]))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, {**ASK, "stream": True}))
        read_until(peer, b"first")
        os.kill(gateway.pid, signal.SIGTERM)
        until(lambda: refuses(gateway))
        gate.open()
        rest = read_until(peer, b"[DONE]")
    assert b"second" in rest
    assert b'"persona":{' in rest
    assert gateway.stop() == 0
    assert [turn["status"] for turn in gateway.turns()] == ["completed"]


def test_a_stream_beyond_the_grace_ends_with_an_error(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream) + "[server]\nshutdown_grace = 0.2\n")
    gate = Gate()
    upstream.reply(events([chunk("first"), gate]))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, {**ASK, "stream": True}))
        read_until(peer, b"first")
        assert gateway.stop() == 0
        rest = read_until(peer, b"server.draining")
    assert b'data: {"error":{' in rest
    assert b"[DONE]" not in rest
    assert [turn["status"] for turn in gateway.turns()] == ["failed"]


def refuses(gateway: Gateway) -> bool:
    try:
        connect(gateway).close()
    except ConnectionRefusedError:
        return True
    return False


# The start


def serve(folder: Path, *arguments: str, config: str = "") -> subprocess.CompletedProcess[str]:
    """Start a gateway that is bound to fail."""
    (folder / "config.toml").write_text(config)
    command = [sys.executable, "-m", "gateway", "serve", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_one_line(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        ended = serve(tmp_path, "--port", str(port), config=table(upstream))
    assert (ended.returncode, ended.stdout) == (1, "")
    told = f"Error: 127.0.0.1:{port} cannot be listened on: Address already in use"
    assert ended.stderr == f"{told}; --port or [server] port names another\n"
    # Nothing was begun: the start that succeeds is the first one, and shows the first key.
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("[server]\nprot = 1\n", "[server]"),
        ("[chat]\nupstreams = ['nobody/model']\n", "nobody"),
        ("[upstreams.openai]\napi_key_env = 'NO_SUCH_KEY'\ndefault_model = 'x'\n", "NO_SUCH_KEY"),
        ("[server\n", "config.toml"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(tmp_path: Path, config: str, named: str) -> None:
    ended = serve(tmp_path, "--port", "0", config=config)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert named in ended.stderr


def stat_of(path: Path) -> int:
    return stat_module.S_IMODE(path.stat().st_mode)


def test_a_terminal_is_told_the_first_key(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    (tmp_path / "config.toml").write_text(table(upstream))
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0"]
    with (tmp_path / "errors").open("wb") as errors:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=scrubbed_environment(), stdout=child, stderr=errors, close_fds=True
        )
    os.close(child)
    told = b""
    while b"Ctrl-C" not in told:
        told += os.read(parent, 4096)
    assert re.search(rb"key        pk_live_[0-9A-Za-z]{40}   \(shown this once; keep it\)", told)
    assert not (tmp_path / "persona.first-key").exists()
    server.terminate()
    assert server.wait(30) == 0
    os.close(parent)


def test_a_store_that_was_emptied_stays_empty(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream))
    with httpx.Client(base_url=gateway.root, headers={"authorization": f"Bearer {gateway.key}"}) as client:
        for slug in ("the-night-librarian", "the-istanbul-bookseller"):
            assert client.delete(f"/v1/personas/{slug}").status_code == 204
    assert gateway.stop() == 0
    gateway.start()
    assert "models     none yet; `persona personas push FILE` stores one\n" in gateway.banner
    assert "Try it" not in gateway.banner
    gateway.push(slug="ada", prompt="You are Ada.")
    assert gateway.stop() == 0
    gateway.start()
    assert "models     persona/ada\n" in gateway.banner
    assert '"model": "persona/ada"' in gateway.banner


def snippet(banner: str, first: str) -> str:
    """Find the paragraph of the banner that begins like this."""
    return next(part for part in banner.split("\n\n") if part.startswith(first))


def paste(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=scrubbed_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_banner_has_all_that_a_newcomer_needs(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(table(upstream))
    banner = gateway.banner
    assert f"base URL   {gateway.base_url}\n" in banner
    file = gateway.folder / "persona.first-key"
    assert f"key        in {file}, which only its owner can read" in banner
    assert (stat_of(file), file.read_text()) == (0o600, f"{gateway.key}\n")
    assert gateway.key not in banner
    assert f"models     {LIBRARIAN}, persona/the-istanbul-bookseller\n" in banner
    assert "answers    main/gpt-4o-mini\n" in banner
    python = snippet(banner, "import")
    assert python.count("\n") == 5
    heard = "You said: Good evening! What should I read tonight?"
    export = snippet(banner, "export")
    assert paste(["bash", "-c", f"{export}\n{sys.executable} -c '{python}'"], gateway.folder) == heard
    curled = paste(["bash", "-c", f"{export}\n{snippet(banner, 'curl')}"], gateway.folder)
    assert curled.endswith("data: [DONE]\n\n")
    assert "evening!" in curled
    assert gateway.stop() == 0

    gateway.start()
    again = gateway.banner
    assert "persona.first-key" not in again
    assert "persona keys create" in again
    key = {"PERSONA_API_KEY": gateway.key}
    assert paste([sys.executable, "-c", snippet(again, "import")], gateway.folder, **key) == heard
    assert "evening!" in paste(["bash", "-c", snippet(again, "curl")], gateway.folder, **key)
    for secret in (gateway.key, "upstream-secret-key"):
        assert secret not in gateway.errors()
