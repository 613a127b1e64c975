"""A notice beside the store tells other processes of the gateway that runs there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.bulletin import Outcome
from gateway.config import Config, Store
from gateway.server.notice import TEXT, Notice, State, running

READ = """
import sys
import msgspec
from gateway.config import Config, Store
from gateway.server import notice

found = notice.running(Config(store=Store(url=sys.argv[1])))
sys.stdout.buffer.write(msgspec.json.encode(list(found.values())))
"""

HOLD = """
import sys
from gateway.config import Config, Store
from gateway.server.notice import Notice

notice = Notice(Config(store=Store(url=sys.argv[1])), "http://127.0.0.1:8080")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["persona.db", "persona[1]*.db"])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    return Config(store=Store(url=f"sqlite:///{tmp_path / request.param}"))


@pytest.fixture
def notice(settings: Config) -> Iterator[Notice]:
    made = Notice(settings, "http://127.0.0.1:8080")
    yield made
    made.take_down()
    assert not list(settings.store.path.parent.iterdir())


def seen(settings: Config) -> list[State]:
    """Read as another process does: none sees its own lock."""
    told = subprocess.run(
        [sys.executable, "-c", READ, settings.store.url], capture_output=True, check=True, timeout=60
    )
    return msgspec.json.decode(told.stdout, type=list[State])


def test_a_notice_tells_what_came_of_a_reload_whatever_its_length(settings: Config, notice: Notice) -> None:
    (before,) = seen(settings)
    assert (before.begun, before.answered) == (0, 0)
    notice.begin()
    notice.answer(Outcome(False, "\x01" * 2 * TEXT))
    (after,) = seen(settings)
    assert (after.begun, after.answered, after.is_done, after.text) == (1, 1, False, "\x01" * TEXT)


def test_only_a_notice_of_the_same_user_is_believed(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", HOLD, settings.store.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        (place,) = running(settings)
        place.with_name(f"{place.name}0").symlink_to(place)
        assert list(running(settings)) == [place]
        uid = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
        assert running(settings) == {}


def test_a_notice_is_written_over_nothing_that_was_there(settings: Config, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept", "utf-8")
    settings.store.beside(f".starting-{os.getpid()}").symlink_to(precious)
    notice = Notice(settings, "http://127.0.0.1:8080")
    notice.take_down()
    assert [(one, one.read_text("utf-8")) for one in tmp_path.iterdir()] == [(precious, "kept")]
