"""One row for every turn, and none of its words."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import fetch
from tests.fakes import nursery
from tests.fakes.process import Gateway, scrubbed_environment, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import status

BOOKSELLER = "persona/the-istanbul-bookseller"
SECRET = "a word that nobody else says"


def ask(gateway: Gateway, model: str = LIBRARIAN, **more: Any) -> str:
    """Ask, and return the id of the request that was answered."""
    return fetch(gateway, body={"model": model, "messages": hello(SECRET), **more}).headers["x-request-id"]


def row(gateway: Gateway, request_id: str) -> dict[str, Any]:
    """Read the turn of this request, once it is written."""
    return until(lambda: [turn for turn in gateway.turns() if turn["request_id"] == request_id])[0]


@pytest.mark.parametrize("stream", [False, True])
def test_a_completed_turn_is_recorded(library: Gateway, upstream: ScriptedUpstream, stream: bool) -> None:
    reply = fetch(library, body={"model": LIBRARIAN, "messages": hello(SECRET), "stream": stream})
    answer = reply.chunks[-1] if stream else reply.json
    turn = row(library, reply.headers["x-request-id"])
    assert turn["id"] == answer["persona"]["turn"]
    assert turn["persona"] == answer["persona"]["id"]
    assert re.fullmatch(r"key_\w+", turn["key"])
    assert (turn["status"], turn["error"], turn["finish_reason"]) == ("completed", None, "stop")
    assert (turn["model"], turn["version"], turn["stream"]) == (LIBRARIAN, 1, stream)
    assert (turn["upstream"], turn["attempts"]) == ("main/gpt-4o-mini", 1)
    assert turn["completion_tokens"] == 8
    assert turn["total_tokens"] == turn["prompt_tokens"] + 8
    assert 0 <= turn["first_byte_ms"] <= turn["latency_ms"] < 5000
    drift = answer["persona"]["drift"]
    assert [turn[name] for name in ("verdict", "voice", "values")] == [
        drift[name] for name in ("verdict", "voice", "values")
    ]
    assert turn["coherence"] == answer["persona"]["coherence"]
    age = datetime.now(UTC) - datetime.fromisoformat(turn["created_at"])
    assert abs(age.total_seconds()) < 60


def test_attempts_are_counted(library: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(500))
    assert row(library, ask(library))["attempts"] == 2


def test_a_failed_turn_says_why(library: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(status(422))
    turn = row(library, ask(library))
    assert (turn["status"], turn["error"], turn["attempts"]) == ("failed", "status_422", 1)
    assert (turn["total_tokens"], turn["finish_reason"]) == (None, None)


def test_a_plain_models_turn_has_no_persona(library: Gateway, upstream: ScriptedUpstream) -> None:
    turn = row(library, ask(library, "plain-model"))
    assert (turn["persona"], turn["version"], turn["upstream"]) == (None, None, "main/plain-model")
    assert turn["completion_tokens"] == 8


def test_turns_are_filtered(library: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(422))
    failed, completed = ask(library, BOOKSELLER), ask(library, BOOKSELLER)
    row(library, completed)

    def found(*arguments: str) -> list[str]:
        return [turn["request_id"] for turn in library.turns(*arguments)]

    assert found("--persona", "the-istanbul-bookseller") == [completed, failed]
    assert found("--persona", "the-istanbul-bookseller", "--status", "failed") == [failed]
    assert found("--limit", "1") == [completed]
    assert completed in found("--since", "1h")
    assert not found("--status", "cancelled")
    assert completed not in found("--persona", "the-night-librarian")
    table = library.cli("turns", "--persona", "the-istanbul-bookseller")
    assert table.count(BOOKSELLER) == 2
    assert "status_422" in table


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--since", "soon"], 2),
        (["--status", "lost"], 2),
        (["--persona", "nobody"], 1),
        (["--workspace", "nowhere"], 1),
    ],
)
def test_a_wrong_filter_is_one_line(library: Gateway, arguments: list[str], code: int) -> None:
    line = ["turns", *arguments, "--config", str(library.config)]
    done = nursery.run(line, library.folder, scrubbed_environment())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)


def test_another_workspace_sees_no_turns_of_this_one(library: Gateway, upstream: ScriptedUpstream) -> None:
    row(library, ask(library))
    library.cli("workspaces", "create", "elsewhere")
    assert library.turns("--workspace", "elsewhere") == []
    mint(library, "--workspace", "elsewhere")


def test_turns_are_written_when_the_gateway_is_told_to_stop(start: Start, upstream: ScriptedUpstream) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = start(table + "[turns]\nflush_interval = 1\n", "--workers", "2")
    asked = {ask(gateway, stream=bool(number % 2)) for number in range(20)}
    assert gateway.stop() == 0
    assert {turn["request_id"] for turn in gateway.turns()} == asked


def test_no_words_are_kept(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(upstream_table("main", upstream.base_url, 'default_model = "any"'))
    asked = [ask(gateway), ask(gateway, stream=True)]
    upstream.always(status(422))
    asked.append(ask(gateway))
    assert gateway.stop() == 0
    assert len(gateway.turns()) == len(asked)
    # The first key is told in this file where no terminal is there.
    kept = [file for file in gateway.folder.iterdir() if file.is_file() and file.suffix != ".first-key"]
    assert any(file.name == "persona.db" for file in kept)
    assert not any(SECRET.encode() in file.read_bytes() for file in kept)
    assert not any(gateway.key.encode() in file.read_bytes() for file in kept)


def test_turns_are_found_by_what_was_said_and_private_ones_by_their_owner_alone(library: Gateway) -> None:
    secret = "marmalade"
    assert fetch(library, "/v1/personas", {"slug": "hidden", "prompt": "You keep quiet."}).status == 201
    talk = fetch(library, "/v1/chat/conversations", {"persona": "hidden"}).json["id"]
    said = f"Where is the {secret} kept?"
    assert fetch(library, f"/v1/chat/conversations/{talk}/messages", {"message": said}).status == 200
    place = f"/v1/turns?q={secret}"
    (found,) = until(lambda: fetch(library, place).json["data"])
    assert found["conversation"] == talk
    assert fetch(library, "/v1/turns?q=nobodysaidthis").json["data"] == []
    other = mint(library, "--scope", "chat:read")
    assert fetch(library, place, key=other).json["data"] == []
    assert fetch(library, "/v1/personas/hidden", {"visibility": "workspace"}, method="PATCH").status == 200
    (shown,) = until(lambda: fetch(library, place, key=other).json["data"])
    assert shown["id"] == found["id"]
