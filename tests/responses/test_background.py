"""Responses are answered in the background: nobody need wait, and no process that is killed loses one."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from openai.resources.responses import Responses

from gateway.responses.following import behind
from gateway.responses.store.background import Piece
from tests.e2e.wire import Reply, fetch
from tests.fakes import upstream_faults as faults
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until, within_a_second
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import error_object, status
from tests.faults.proc import PROC, work_processes
from tests.responses.asking import PATH, recorded, told
from tests.responses.conftest import PROMPT

OPEN = ("queued", "in_progress")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared_laboured(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    config = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    config += upstream_table("own", shared_upstream.base_url, "responses = true")
    gateway = Gateway(tmp_path_factory.mktemp("background"), config + PATIENT).start()
    for kind, route in (("bridged", "main/gpt-4o-mini"), ("native", "own/gpt-5.4-mini")):
        persona = {"slug": kind, "name": "Mira", "prompt": PROMPT, "upstreams": [route]}
        assert fetch(gateway, "/v1/personas", {**persona, "visibility": "workspace"}).status == 201
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def laboured(shared_laboured: Gateway, upstream: ScriptedUpstream) -> Gateway:
    return shared_laboured


def begin(gateway: Gateway, kind: str, given: object = "Hi", **more: Any) -> Reply:
    return fetch(gateway, PATH, {"model": f"persona/{kind}", "input": given, "background": True, **more})


def ended(gateway: Gateway, response_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        found: dict[str, Any] = fetch(gateway, f"{PATH}/{response_id}").json
        return {} if found["status"] in OPEN else found

    return until(look)


def followed(gateway: Gateway, response_id: str, after: int | None = None) -> list[dict[str, Any]]:
    query = "stream=true" if after is None else f"stream=true&starting_after={after}"
    return told(fetch(gateway, f"{PATH}/{response_id}?{query}"))


def test_a_response_of_the_background_is_polled_until_it_has_ended(
    laboured: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    first = begin(laboured, kind, metadata={"a": "b"}).json
    assert (first["status"], first["background"], first["output"]) == ("queued", True, [])
    found = ended(laboured, first["id"])
    assert (found["status"], found["background"], found["metadata"]) == ("completed", True, {"a": "b"})
    assert (found["id"], found["created_at"]) == (first["id"], first["created_at"])
    assert found["output"][0]["content"][0]["text"] == "You said: Hi"
    assert found["persona"]["turn"] == "msg_" + first["id"].partition("_")[2]
    assert "background" not in upstream.seen[-1].json
    turn = until(lambda: recorded(laboured, found["persona"]["turn"]))
    assert (turn["status"], turn["usage"]["completion_tokens"]) == ("completed", 3)
    items = fetch(laboured, f"{PATH}/{first['id']}/input_items").json["data"]
    assert [item["content"][0]["text"] for item in items] == ["Hi"]
    following = begin(laboured, kind, "Go on", previous_response_id=first["id"]).json
    assert ended(laboured, following["id"])["output"][0]["content"][0]["text"] == "You said: Go on"
    cancelled = fetch(laboured, f"{PATH}/{first['id']}/cancel", {}).json
    assert cancelled == found


@pytest.fixture
def client(laboured: Gateway) -> Iterator[Responses]:
    """The routes of responses, as openai-python has them."""
    with laboured.client() as opened:
        yield opened.responses


def test_openai_python_polls_streams_and_resumes(client: Responses, kind: str) -> None:
    made = client.create(model=f"persona/{kind}", input="Hi", background=True)
    assert made.status == "queued"
    until(lambda: client.retrieve(made.id).status == "completed")
    assert client.retrieve(made.id).output_text == "You said: Hi"
    stream = client.create(model=f"persona/{kind}", input="Good evening", background=True, stream=True)
    events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert kinds.count("response.created") == 1
    assert kinds[-1] == "response.completed"
    last: Any = events[-1]
    assert last.response.output_text == "You said: Good evening"
    again = list(client.retrieve(last.response.id, stream=True, starting_after=3))
    assert again == events[4:]
    assert list(client.retrieve(last.response.id, stream=True, starting_after=len(events))) == []


def test_a_cancelled_response_lets_the_upstream_go_at_once(
    laboured: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    upstream.always(faults.silent())
    first = begin(laboured, kind, stream=False).json
    (seen,) = upstream.wait_for(1)
    open_ = fetch(laboured, f"{PATH}/{first['id']}").json
    assert open_["status"] == "in_progress"
    cancelled = fetch(laboured, f"{PATH}/{first['id']}/cancel", {}).json
    assert cancelled["status"] == "cancelled"
    within_a_second(seen.gone.is_set)
    assert not seen.finished
    assert fetch(laboured, f"{PATH}/{first['id']}/cancel", {}).json == cancelled
    assert fetch(laboured, f"{PATH}/{first['id']}").json == cancelled
    turn = until(lambda: recorded(laboured, "msg_" + first["id"].partition("_")[2]))
    assert (turn["status"], turn["usage_source"]) == ("cancelled", "estimated")


@pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")
@pytest.mark.parametrize("stream", [False, True])
def test_a_killed_process_loses_no_response(
    laboured: Gateway, upstream: ScriptedUpstream, client: Responses, kind: str, stream: bool
) -> None:
    has_begun = stream and kind == "bridged"
    upstream.reply(faults.falls_silent() if has_begun else faults.silent())
    if stream:
        last = "response.output_text.delta" if has_begun else "response.queued"
        events = client.create(model=f"persona/{kind}", input="Hi", background=True, stream=True)
        with events:
            first: Any = next(iter(events))
            next(event for event in events if event.type == last)
        response_id = first.response.id
    else:
        response_id = begin(laboured, kind).json["id"]
    upstream.wait_for(1)
    (pid,) = work_processes(laboured.pid)
    os.kill(pid, signal.SIGKILL)
    found = ended(laboured, response_id)
    assert (found["status"], found["output"][0]["content"][0]["text"]) == ("completed", "You said: Hi")
    if stream:
        again = followed(laboured, response_id)
        assert [event["sequence_number"] for event in again] == list(range(len(again)))
        assert again[-1]["response"] == found
        assert [event["type"] for event in again].count("response.in_progress") == 1


def test_a_response_that_fails_says_why(laboured: Gateway, upstream: ScriptedUpstream, kind: str) -> None:
    upstream.always(status(400, error_object("no such thing", code="odd")))
    first = begin(laboured, kind).json
    found = ended(laboured, first["id"])
    assert (found["status"], found["output"]) == ("failed", [])
    assert found["error"]["message"]
    assert fetch(laboured, f"{PATH}/{first['id']}/cancel", {}).json == found


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"store": False}, "store"),
        ({"background": "yes"}, "background"),
        ({"previous_response_id": "resp_" + "0" * 20}, "previous_response_id"),
        ({"input": [{"type": "unheard_of"}]}, "input"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    laboured: Gateway, more: dict[str, Any], param: str
) -> None:
    reply = begin(laboured, "bridged", **more)
    assert (reply.status, reply.json["error"]["param"]) == (400, param)


def test_only_a_response_of_the_background_is_cancelled_or_followed(laboured: Gateway) -> None:
    answered = fetch(laboured, PATH, {"model": "persona/bridged", "input": "Hi"}).json
    place = f"{PATH}/{answered['id']}"
    assert fetch(laboured, f"{place}/cancel", {}).status == 400
    assert fetch(laboured, f"{place}?stream=true").json["error"]["param"] == "stream"
    assert fetch(laboured, f"{place}?starting_after=1").json["error"]["param"] == "starting_after"
    unstreamed = begin(laboured, "bridged").json
    assert fetch(laboured, f"{PATH}/{unstreamed['id']}?stream=true").status == 400


@pytest.mark.parametrize("is_open", [False, True])
def test_a_deleted_response_leaves_no_text(
    laboured: Gateway, upstream: ScriptedUpstream, client: Responses, is_open: bool
) -> None:
    secret = f"secret-{'open' if is_open else 'ended'}"
    if is_open:
        upstream.always(faults.silent())
    with client.create(model="persona/bridged", input=secret, background=True, stream=True) as stream:
        response_id = next(iter(stream)).response.id  # type: ignore[union-attr]
    if is_open:
        (seen,) = upstream.wait_for(1)
        assert (
            fetch(laboured, PATH, {"model": "persona/bridged", "previous_response_id": response_id})
            .json["error"]["message"]
            .endswith("has not been answered.")
        )
    else:
        ended(laboured, response_id)
    assert kept(laboured, secret)
    assert fetch(laboured, f"{PATH}/{response_id}", method="DELETE").json["deleted"]
    assert fetch(laboured, f"{PATH}/{response_id}").status == 404
    assert not kept(laboured, secret)
    if is_open:
        assert seen.gone.wait(25)


@pytest.mark.parametrize("end", ["failed", "cancelled", "open"])
@pytest.mark.parametrize("named", ["conversation", "previous_response_id"])
def test_a_deleted_conversation_leaves_no_text_of_what_was_not_answered(
    laboured: Gateway, upstream: ScriptedUpstream, end: str, named: str
) -> None:
    secret = f"secret-{named}-{end}"
    model = {"model": "persona/bridged"}
    conversation = fetch(laboured, "/v1/openai/conversations", {}).json["id"]
    first = fetch(laboured, PATH, {**model, "input": "Hi", "conversation": conversation}).json["id"]
    if end == "failed":
        upstream.reply(status(400, error_object("No.")))
    else:
        upstream.always(faults.silent())
    where = {named: conversation if named == "conversation" else first}
    response_id = begin(laboured, "bridged", secret, **where).json["id"]
    if end == "failed":
        assert ended(laboured, response_id)["status"] == "failed"
    else:
        upstream.wait_for(2)
    if end == "cancelled":
        fetch(laboured, f"{PATH}/{response_id}/cancel", {})
    assert kept(laboured, secret)
    assert fetch(laboured, f"/v1/openai/conversations/{conversation}", method="DELETE").status == 200
    assert not kept(laboured, secret)
    assert fetch(laboured, f"{PATH}/{response_id}").status == 404
    if end == "open":
        assert upstream.seen[-1].gone.wait(25)


def test_a_response_that_has_ended_is_not_tried_again(laboured: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.reply(status(400, error_object("No.")))
    response_id = begin(laboured, "bridged").json["id"]
    found = ended(laboured, response_id)
    assert laboured.cli("work", "retry", response_id, check=False) == ""
    assert laboured.cli("work", "list", "--state", "failed").count(response_id) == 1
    assert fetch(laboured, f"{PATH}/{response_id}").json == found


def kept(gateway: Gateway, text: str) -> list[str]:
    """List the tables that hold a text."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = []
        for table in tables:
            rows = store.execute(f'SELECT * FROM "{table}"').fetchall()
            if any(text in str(row) for row in rows):
                found.append(table)
    return found


@pytest.mark.parametrize("after", [-1, 3, 4, 5, 6])
def test_a_follower_goes_on_within_a_piece(after: int) -> None:
    frames = [f"event: a\ndata: {number}\n\n" for number in (4, 5, 6)]
    expected = "".join(frame for frame, number in zip(frames, (4, 5, 6), strict=True) if number > after)
    assert behind(Piece(4, 6, "".join(frames)), after) == expected.encode()
