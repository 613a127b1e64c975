"""`persona turns --follow`: turns as they end, here and from a gateway."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from tests.cli.conftest import Persona, Remote
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

pytestmark = pytest.mark.slow

LONGEST = 120
AT_A_TERMINAL = """
import signal
from gateway.__main__ import main

# Whoever runs the tests in the background may have them, and this, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
Follow = Callable[..., "Follower"]


class Follower:
    """The command in a process of its own, which is waiting for turns."""

    def __init__(self, *args: str) -> None:
        command = [sys.executable, "-c", AT_A_TERMINAL, "turns", "--follow", *args]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self._limit = Timer(LONGEST, self._process.kill)
        self._limit.start()
        assert self._process.stderr is not None
        assert self._process.stdout is not None
        self._said, self._out = self._process.stderr, self._process.stdout
        said = self._said.readline()
        if not said.startswith("Waiting for turns to end"):
            raise AssertionError((said, *self.leave()))

    def line(self) -> str:
        """Read the next line, as soon as it comes."""
        return self._out.readline()

    def turn(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.line())
        return found

    def leave(self) -> tuple[int, str, str]:
        """Press Ctrl-C; return the exit code and what was printed after that."""
        self._process.send_signal(signal.SIGINT)
        out, said = self._process.communicate()
        self._limit.cancel()
        return self._process.returncode, out, said.strip()


@pytest.fixture
def follow(folder: Path) -> Iterator[Follow]:
    following: list[Follower] = []

    def begin(*args: str) -> Follower:
        following.append(Follower(*args))
        return following[-1]

    yield begin
    assert [each.leave() for each in following] == [(130, "", "Aborted.")] * len(following)


def ask(gateway: Gateway, key: str, model: str) -> None:
    with gateway.client(api_key=key) as client:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])


@pytest.fixture
def asked(remote: Remote, served: Gateway) -> Callable[[str], None]:
    """Let one of two personas of the test's workspace end a turn."""
    for slug in ("one", "two"):
        Path(f"{slug}.yml").write_text(f"slug: {slug}\nprompt: p")
    remote("personas", "push", "one.yml", "two.yml")
    return lambda slug: ask(served, remote.key, f"persona/{slug}")


def test_turns_come_as_they_end_here_and_there(
    follow: Follow, remote: Remote, persona: Persona, served: Gateway, asked: Callable[[str], None]
) -> None:
    asked("one")
    there = ("--url", remote.root, "--key", remote.key)
    # Turns are stored a moment after their end, and whoever follows is shown what is stored from then on.
    until(lambda: json.loads(persona("turns", "--json", *there).out))
    followers = [follow("--json", *there), follow("--json", *remote.there)]
    narrow = [follow("--json", "--persona", "two", *place) for place in (there, remote.there)]
    failed = [follow("--json", "--status", "failed", *place) for place in (there, remote.there)]
    ask(served, served.key, "persona/the-night-librarian")
    asked("one")
    asked("two")
    first, second = [[each.turn(), each.turn()] for each in followers]
    assert first == second
    assert [turn["model"] for turn in first] == ["persona/one", "persona/two"]
    assert [each.turn()["model"] for each in narrow] == ["persona/two"] * 2
    listed = json.loads(persona("turns", "--json", *there).out)
    assert listed[:2] == first[::-1]
    assert [each.leave()[1] for each in failed] == ["", ""]


def test_people_get_columns(follow: Follow, remote: Remote, asked: Callable[[str], None]) -> None:
    following = follow("--url", remote.root, "--key", remote.key)
    asked("one")
    heading, row = following.line(), following.line()
    assert heading.split()[:3] == ["TURN", "AT", "MODEL"]
    assert heading.index("MODEL") == row.index("persona/one")
    asked("two")
    assert following.line().index("persona/two") == row.index("persona/one")


def test_the_very_first_turn_comes_too(follow: Follow, remote: Remote, asked: Callable[[str], None]) -> None:
    following = follow("--json", "--url", remote.root, "--key", remote.key)
    asked("one")
    assert following.turn()["model"] == "persona/one"


def test_a_gateway_that_comes_back_is_followed_on_and_nothing_is_missed(
    follow: Follow, shared_upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    place = tmp_path / "restarted"
    place.mkdir()
    config = f'[upstreams.main]\nbase_url = "{shared_upstream.base_url}"\ndefault_model = "gpt-4o-mini"\n'
    gateway = Gateway(place, config).start()
    try:
        following = follow("--json", "--url", gateway.root, "--key", gateway.key)
        ask(gateway, gateway.key, "persona/the-night-librarian")
        first = following.turn()
        port = re.findall(r"\d+", gateway.root)[-1]
        key = gateway.key
        assert gateway.stop() == 0
        gateway = Gateway(place, config, "--port", port).start()
        ask(gateway, key, "persona/the-istanbul-bookseller")
        second = following.turn()
        assert [first["model"], second["model"]] == [
            "persona/the-night-librarian",
            "persona/the-istanbul-bookseller",
        ]
    finally:
        gateway.stop()


def test_a_gateway_that_is_not_there_is_not_waited_for(persona: Persona) -> None:
    told = persona("turns", "--follow", "--url", "http://127.0.0.1:1", "--key", "k", code=1).err
    assert told == "Error: http://127.0.0.1:1 cannot be reached: Connection refused\n"


def test_an_unknown_persona_is_not_waited_for(persona: Persona, remote: Remote) -> None:
    for place in (("--url", remote.root, "--key", remote.key), remote.there):
        persona("turns", "--follow", "--persona", "nobody", *place, code=1)


@pytest.mark.parametrize("option", [("--since", "1h"), ("--limit", "5"), ("--request", "req_1")])
def test_what_is_over_is_not_followed(persona: Persona, option: tuple[str, str]) -> None:
    assert "takes neither --since, --limit nor --request" in persona("turns", "--follow", *option, code=2).err


@pytest.mark.parametrize("age", ["1", "h", "1w", "-1h", ""])
def test_an_age_looks_like_one(persona: Persona, age: str) -> None:
    assert "an age such as 15m" in persona("turns", "--since", age, code=2).err
