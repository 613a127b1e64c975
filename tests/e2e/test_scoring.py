"""Scoring in a running gateway: it delays nobody, breaks nothing, and leaves nothing behind."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.test_drift import KINDS, answer, chat, said, turn, unscored
from tests.e2e.wire import CHAT, connect, fetch, written
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_model import answer_chunks, chunk
from tests.fakes.upstream_scripts import Delivery, Gate, Script, events

pytestmark = pytest.mark.serial

MANY = 200


class ScriptedScorer(Gateway):
    module = "tests.e2e.scripted_scorer"


@pytest.fixture(scope="module")
def patient(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose scorer does what answers say, and which waits for it a second."""
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "any"')
    settings = PATIENT + "[chat]\nkeep_alive = 0.05\n"
    made = ScriptedScorer(tmp_path_factory.mktemp("patient"), table + settings).start()
    yield made
    assert "Traceback" not in made.errors()
    assert made.stop() == 0


def changes(gateway: Gateway) -> dict[str, int]:
    found: dict[str, int] = fetch(gateway, "/health/ready", key="").json["verdict_changes"]
    return found


def after(text: str) -> list[Any]:
    """Make a request that follows this answer."""
    return [*hello(), {"role": "assistant", "content": text}, *hello("And then?")]


@KINDS
def test_a_verdict_that_changes_is_logged_and_counted(
    patient: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    counted = changes(patient)
    upstream.reply(answer("I slip, secretly.", stream), answer("Fine again.", stream))
    slipped = chat(patient, after("All is well."), stream=stream)
    back = chat(patient, after("I slip, secretly."), stream=stream)
    levels = {"voice": 0.875, "values": 0.25, "rules": None}
    assert said(slipped)["drift"] == {**levels, "verdict": "out-of-character"}
    assert changes(patient) == {
        name: counted.get(name, 0) + 1 for name in ("out-of-character", "in-character")
    }
    lines = [line for line in patient.errors().splitlines() if " gateway.drift: " in line][-2:]
    for line, reply, was, now in [
        (lines[0], slipped, "in-character", "out-of-character"),
        (lines[1], back, "out-of-character", "in-character"),
    ]:
        ids = f"turn={said(reply)['turn']} request={reply.headers['x-request-id']}"
        assert line.endswith(f" {ids} persona=the-night-librarian@v1 from={was} to={now}")
    assert "secretly" not in patient.errors()


def test_an_answer_that_goes_on_behind_its_finish_changes_the_verdict_once(
    patient: Gateway, upstream: ScriptedUpstream
) -> None:
    counted, logged = changes(patient), patient.errors()
    gate = Gate()
    upstream.reply(
        events([chunk("I slip."), chunk(finish="stop"), gate, chunk(" Again."), chunk(finish="stop")])
    )
    with connect(patient) as peer:
        body = {"model": LIBRARIAN, "messages": after("All is well."), "stream": True}
        peer.sendall(written(patient, body))
        received = read_until(peer, b'"persona":')
        assert b"Again" not in received
        gate.open()
        received += read_until(peer, b"[DONE]")
    assert received.count(b'"persona":') == 2
    until(lambda: "changed" in patient.errors().removeprefix(logged))
    assert changes(patient) == {**counted, "out-of-character": counted.get("out-of-character", 0) + 1}
    assert patient.errors().removeprefix(logged).count("verdict has changed") == 1


@KINDS
def test_a_turn_says_where_it_slipped_and_not_how(
    patient: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    upstream.reply(answer("Alas, I slip here.", stream))
    reply = chat(patient, stream=stream)
    found = turn(patient, reply)
    assert found["explain"] == {
        "values_basis": "fields",
        "signals": [{"name": "break", "axis": "voice", "p": 0.001, "start": 8, "end": 12}],
        "choices": [],
        "touched": [],
    }
    assert found["coherence"] == said(reply)["coherence"] == 4.5
    if not stream:
        named = {name: value for name, value in reply.headers.items() if name.startswith("x-persona-")}
        assert named["x-persona-verdict"] == "out-of-character"
        assert (named["x-persona-drift-voice"], named["x-persona-drift-values"]) == ("0.875", "0.25")
    assert "explain" not in fetch(patient, "/v1/turns?limit=1").json["data"][0]


@KINDS
@pytest.mark.parametrize("length", [1, 2000], ids=["quick", "long"])
def test_a_scorer_that_fails_breaks_no_answer(
    patient: Gateway, upstream: ScriptedUpstream, stream: bool, length: int
) -> None:
    before = patient.errors()
    upstream.reply(answer("boom! " + "hush " * length, stream))
    reply = chat(patient, hello("My secret"), stream=stream)
    assert said(reply)["drift"] == unscored("error")
    assert turn(patient, reply)["status"] == "completed"
    (line,) = patient.errors().removeprefix(before).splitlines()
    assert "ERROR gateway.drift: an answer of the-night-librarian@v1 cannot be scored: ValueError" in line
    assert "secret" not in patient.errors()
    assert "boom" not in patient.errors()


def test_keep_alives_go_on_while_an_answer_is_scored(patient: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(events(answer_chunks("busy 400 " + "word " * 1000)))
    with connect(patient) as peer:
        body = {"model": LIBRARIAN, "messages": hello(), "stream": True}
        peer.sendall(written(patient, body))
        received = read_until(peer, b"[DONE]")
    before, _, finish = received.partition(b'"finish_reason":"stop"')
    assert b": ping\n" in before[before.rindex(b'"content":') :]
    assert b'"verdict":"in-character"' in finish


@KINDS
def test_a_caller_who_leaves_while_an_answer_is_scored_leaves_nothing_behind(
    patient: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    newest = said(chat(patient))["turn"]
    until(lambda: fetch(patient, "/v1/turns?limit=1").json["data"][0]["id"] == newest)
    upstream.always(answer("busy 2000 " + "word " * 1000, stream))
    body = {"model": LIBRARIAN, "messages": hello(), "stream": stream}
    with connect(patient) as peer:
        peer.sendall(written(patient, body))
        seen = upstream.wait_for(2)[-1]
        if stream:
            # The gateway waits for nothing but the score.
            read_until(peer, b": ping")
        else:
            assert seen.settled.wait(25)
    row = until(
        lambda: (found := fetch(patient, "/v1/turns?limit=1").json["data"][0])["id"] != newest and found
    )
    assert isinstance(row, dict)
    assert (row["status"], row["drift"]) == ("cancelled", unscored("error"))
    upstream.always(None)
    until(lambda: said(chat(patient))["drift"]["verdict"] == "in-character")


@pytest.mark.parametrize("length", [1, 1000], ids=["quick", "long"])
async def test_many_streams_that_end_together_hold_up_no_other(
    patient: Gateway, upstream: ScriptedUpstream, length: int
) -> None:
    """Each takes 3 ms to score; a stream that is paced goes on between their ends."""
    end, running = Gate(), asyncio.Event()

    def script(seen: Seen) -> Script:
        if seen.json["messages"][-1]["content"] == "many":
            return events([chunk("busy 3 "), chunk("word " * length), end, chunk(finish="stop")])
        paced = Delivery(pause=0.005)
        return events([chunk(f"{at} ") for at in range(3000)], done=False, delivery=paced)

    upstream.always(script)
    heard: list[str] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def read(name: str) -> None:
            body = {"model": LIBRARIAN, "messages": hello(name), "stream": True}
            headers = {"authorization": f"Bearer {patient.key}"}
            async with session.post(patient.root + CHAT, json=body, headers=headers) as response:
                async for line in response.content:
                    if b'"persona":' in line:
                        heard.append("end")
                    elif name == "paced" and b'"content":' in line:
                        heard.append("paced")
                        running.set()

        many = [asyncio.create_task(read("many")) for _ in range(MANY)]
        await asyncio.to_thread(upstream.wait_for, MANY, 30)
        paced = asyncio.create_task(read("paced"))
        await running.wait()
        end.open()
        await asyncio.gather(*many)
        paced.cancel()
        await asyncio.gather(paced, return_exceptions=True)
    upstream.always(None)
    first, last = heard.index("end"), len(heard) - heard[::-1].index("end")
    assert heard.count("end") == MANY
    between = "".join("e" if one == "end" else "p" for one in heard[first:last])
    # Had they been scored in one go, or in a few, they would have ended so.
    assert len([run for run in between.split("p") if run]) >= 5, between


def test_the_verdicts_of_a_burst_are_stored(patient: Gateway) -> None:
    rows = json.loads(patient.cli("turns", "--limit", "300", "--json"))
    burst = [row for row in rows if row["stream"] and row["status"] == "completed"]
    assert {row["drift"]["verdict"] for row in burst} <= {"in-character", "out-of-character", "unscored"}
    assert {row["drift"].get("reason") for row in burst} <= {None, "budget", "error"}
