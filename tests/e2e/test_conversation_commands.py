"""`persona conversations` works on the store here, and on a gateway somewhere else."""

import json
from collections.abc import Callable, Iterator

import pytest

from gateway.cli.conversations import underlined
from tests.e2e.test_talking import PLACE, SLUG, post, told
from tests.e2e.wire import fetch
from tests.fakes import nursery
from tests.fakes.process import Gateway, scrubbed_environment
from tests.fakes.until import until

Command = Callable[..., str]


@pytest.fixture(params=["here", "elsewhere"])
def command(request: pytest.FixtureRequest, gateway: Gateway) -> Command:
    """Run `persona conversations` on the gateway's own store, or on the gateway."""

    def run(*arguments: str, check: bool = True) -> str:
        place = ["--config", str(gateway.config)]
        if request.param == "elsewhere":
            place = ["--url", gateway.root, "--key", gateway.key]
        line = ["conversations", *arguments, *place]
        done = nursery.run(line, gateway.folder, scrubbed_environment())
        assert "Traceback" not in done.stderr
        assert (done.returncode == 0) is check, done.stderr
        return done.stdout if check else done.stderr

    return run


@pytest.fixture
def conversation(gateway: Gateway) -> Iterator[str]:
    found = told(post(gateway, "conv_shown", "Good \x1b evening", persona=SLUG))
    until(lambda: fetch(gateway, f"/v1/turns/{found['message_id']}").status == 200)
    yield "conv_shown"
    fetch(gateway, f"{PLACE}/conv_shown", method="DELETE")


def test_conversations_are_listed_and_shown(command: Command, conversation: str) -> None:
    assert conversation in command("list")
    (listed,) = (
        each
        for each in json.loads(command("list", "--persona", SLUG, "--json"))
        if each["id"] == conversation
    )
    assert (listed["messages"], listed["turns"]) == (2, 1)
    shown = command("show", conversation)
    assert shown.startswith("user\nGood \ufffd evening\n\nassistant  ")
    assert "voice 0." in shown
    assert "You said: Good" in shown
    first, second = json.loads(command("show", conversation, "--json"))
    assert (first["role"], second["role"]) == ("user", "assistant")
    assert len(json.loads(command("show", conversation, "--json", "--leaf", first["id"]))) == 1


def test_what_is_exported_is_imported_and_deleted(
    command: Command, gateway: Gateway, conversation: str
) -> None:
    file = gateway.folder / "moved.jsonl"
    lines = command("export", conversation)
    command("export", conversation, "-o", str(file))
    assert file.read_text("utf-8") == lines
    made = command("import", SLUG, str(file), "--title", "Moved").strip()
    assert command("export", made) == lines
    assert fetch(gateway, f"{PLACE}/{made}").json["title"] == "Moved"
    command("delete", made, "--yes")
    assert fetch(gateway, f"{PLACE}/{made}").status == 404


def test_what_is_not_there_or_no_conversation_is_told(command: Command, gateway: Gateway) -> None:
    for arguments in (("show", "conv_none"), ("export", "conv_none"), ("delete", "conv_none", "--yes")):
        assert "conversation" in command(*arguments, check=False)
    file = gateway.folder / "broken.jsonl"
    file.write_text("{broken\n")
    assert "Line 1 cannot be read" in command("import", SLUG, str(file), check=False)
    assert "persona" in command("import", "nobody", str(file), check=False)


def test_passages_are_underlined_where_they_stand() -> None:
    mark, end = "\x1b[4m", "\x1b[0m"
    assert underlined("I am a machine.", [(5, 14)]) == f"I am {mark}a machine{end}."
    assert underlined("abc", [(0, 2), (1, 9)]) == f"{mark}ab{end}{mark}c{end}"
    assert underlined("a\x1bb", [(5, 9)]) == "a\ufffdb"
