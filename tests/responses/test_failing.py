"""An upstream fails, or answers in a form that nobody knows: at once, in the middle and at the end."""

from typing import Any

import openai
import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk
from tests.fakes.upstream_scripts import CLOSE, Named, events, json_answer, status
from tests.responses.asking import PATH, ask, recorded, told


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstreams_refusal_keeps_its_status(
    responding: Gateway, upstream: ScriptedUpstream, kind: str, stream: bool
) -> None:
    upstream.always(status(422))
    reply = ask(responding, kind, stream=stream)
    assert (reply.status, reply.error["message"]) == (422, "Scripted error 422.")


def test_a_stream_that_fails_midway_says_so(
    responding: Gateway, upstream: ScriptedUpstream, kind: str
) -> None:
    if kind == "bridged":
        upstream.reply(events([chunk("Hel"), {"error": {"message": "Gone.", "code": "gone"}}], done=False))
    else:
        begun = {"type": "response.output_text.delta", "sequence_number": 0, "item_id": "m", "delta": "Hel"}
        failed = {"status": "failed", "error": {"message": "Gone.", "code": "gone"}}
        upstream.reply(
            events(
                [
                    Named(begun["type"], begun),  # type: ignore[arg-type]
                    Named("response.failed", {"type": "response.failed", "response": failed}),
                ],
                done=False,
            )
        )
    found = told(ask(responding, kind, stream=True))
    assert [event["type"] for event in found[-2:]] == ["response.failed", "error"]
    assert found[-2]["response"]["error"] == {"code": "gone", "message": "Gone."}
    assert (found[-1]["message"], found[-1]["error"]["code"]) == ("Gone.", "gone")
    turn = found[-2]["response"]["id"].replace("resp_", "msg_")
    assert until(lambda: recorded(responding, turn))["status"] == "failed"


def test_a_stream_that_is_cut_off_fails(responding: Gateway, upstream: ScriptedUpstream, kind: str) -> None:
    if kind == "bridged":
        upstream.reply(events([*answer_chunks("Hello there")[:2], CLOSE]))
    else:
        begun = {"type": "response.output_text.delta", "sequence_number": 0, "item_id": "m", "delta": "Hel"}
        upstream.reply(events([Named("response.output_text.delta", begun), CLOSE], done=False))
    with responding.client() as client, pytest.raises(openai.APIError) as failed:
        list(client.responses.create(model=f"persona/{kind}", input="Hi", store=False, stream=True))
    assert failed.value.code == "provider.stream_broken"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "odd", [{"status": "queued"}, {"status": 5}, {"output": [5]}, {"output": None}], ids=lambda odd: str(odd)
)
def test_what_is_no_response_that_has_ended_is_never_told_as_one(
    responding: Gateway, upstream: ScriptedUpstream, stream: bool, odd: dict[str, Any]
) -> None:
    answer = {"id": "r", "object": "response", "status": "completed", "output": [], **odd}
    told_so = {"type": "response.completed", "response": answer}
    upstream.always(
        events([Named("response.completed", told_so)], done=False) if stream else json_answer(answer)
    )
    reply = ask(responding, "native", store=True, stream=stream)
    assert (reply.status, b"response.completed" in reply.body) == (503, False)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_in_another_form_is_passed_on_and_kept(
    responding: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    output = [
        {"type": "message", "content": None},
        {"type": "message", "content": ["x"]},
        {"type": "reasoning", "summary": ["x"]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A \ud83d b"}]},
    ]
    upstream.reply(json_answer({"id": "r", "object": "response", "status": None, "output": output}))
    reply = ask(responding, "native", store=True, stream=stream)
    found = told(reply)[-1]["response"] if stream else reply.json
    assert found["output"][:3] == output[:3]
    assert found["output"][3]["content"][0]["text"] == "A ? b"
    assert fetch(responding, f"{PATH}/{found['id']}").json["output"] == found["output"]


def test_a_response_that_fails_at_once_is_a_proper_error(
    responding: Gateway, upstream: ScriptedUpstream
) -> None:
    failed = {"id": "r", "status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow."}}
    begun = {"type": "response.created", "response": {"id": "r", "status": "in_progress"}}
    script = events(
        [
            Named("response.created", begun),
            Named("response.failed", {"type": "response.failed", "response": failed}),
        ],
        done=False,
    )
    upstream.always(script)
    assert ask(responding, "native", stream=True).status == 429
