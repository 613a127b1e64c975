"""Every answer says how far it strayed: on the finish chunk, on whole answers, in heads, turns and logs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from gateway.drift.axes import AXES
from tests.conftest import LIBRARIAN, Start
from tests.e2e.conftest import hello
from tests.e2e.wire import Reply, fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk, completion
from tests.fakes.upstream_scripts import Json, Script, events, json_answer

TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
KINDS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
VERDICTS = {"warming-up", "in-character", "drifting", "out-of-character"}
LINES = [
    "Sit down, dear, the kettle has just stopped complaining and the tide is on the turn.",
    "I read that one by lamplight, dear, the winter the harbour froze; it kept me warmer than the stove.",
    "Quarto has only the one eye, dear, and he has already judged you by your shoes.",
    "Take this one book, dear, and bring it back with sand in it.",
    "A lighthouse is only a library for ships, dear; sit, and I will pour the tea.",
    "Nobody sleeps tonight, dear; the fog horn is reading aloud again.",
]
SLIPS = [
    "As an AI language model, I don't have personal experiences or feelings. However, I can help you!",
    "As an AI language model, I can provide a list of books:\n\n1. Classics\n2. Mysteries\n3. Poetry",
    "I'm sorry for the confusion! As an AI assistant, I cannot drink tea. How can I assist you today?",
    "Certainly! Here are some key factors to consider:\n\n- **Genre**\n- **Length**\n- **Reading level**",
    "As an AI developed to assist users, I don't own a cat. Is there anything else I can help you with?",
    "As a large language model, I cannot recommend a single book. Here are 5 tips:\n\n1. Set goals\n2. Skim",
]


def said(reply: Reply) -> dict[str, Any]:
    """Read the `persona` object of an answer in either form."""
    whole = not reply.headers["content-type"].startswith("text/event-stream")
    found: dict[str, Any] = reply.json["persona"] if whole else reply.chunks[-1]["persona"]
    return found


def chat(gateway: Gateway, messages: list[Any] | None = None, **more: Any) -> Reply:
    reply = fetch(gateway, body={"model": LIBRARIAN, "messages": messages or hello(), **more})
    assert reply.status == 200, reply.body
    return reply


def turn(gateway: Gateway, reply: Reply) -> dict[str, Any]:
    """Read the turn of this answer, once it is stored."""
    place = f"/v1/turns/{said(reply)['turn']}"
    found = until(lambda: (read := fetch(gateway, place)).status == 200 and read)
    assert isinstance(found, Reply)
    whole: dict[str, Any] = found.json
    return whole


def answer(text: str, stream: bool) -> Script:
    return events(answer_chunks(text)) if stream else json_answer(completion(text))


def message(stream: bool, **fields: Any) -> Script:
    """Make an answer with these fields in its message, and no text unless they have it."""
    if stream:
        return events([chunk(delta={"role": "assistant", **fields}), chunk(finish="stop")])
    return json_answer(completion(None, message=fields))


def test_the_sdk_reads_the_drift_of_a_whole_answer(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model=LIBRARIAN, messages=hello())
    extra: Any = raw.parse().model_extra
    drift = extra["persona"]["drift"]
    assert drift["verdict"] in VERDICTS
    assert raw.headers["x-persona-verdict"] == drift["verdict"]
    assert float(raw.headers["x-persona-drift-voice"]) == drift["voice"]
    assert ("x-persona-drift-values" in raw.headers) == (drift["values"] is not None)


def test_the_sdk_reads_the_drift_on_the_finish_chunk(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(
        model=LIBRARIAN, messages=hello(), stream=True
    ) as raw:
        assert not [name for name in raw.headers if name.startswith(("x-persona-verdict", "x-persona-drift"))]
        *_, last = raw.parse()
    assert last.choices[0].finish_reason == "stop"
    extra: Any = last.model_extra
    assert extra["persona"]["drift"]["verdict"] in VERDICTS
    assert 1 <= extra["persona"]["coherence"] <= 5


@KINDS
def test_each_of_several_answers_is_scored(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    reply = chat(gateway, n=3, stream=stream)
    found = turn(gateway, reply)
    choices = found["explain"]["choices"]
    assert [one["index"] for one in choices] == [0, 1, 2]
    assert all(one["drift"]["verdict"] in VERDICTS for one in choices)
    assert found["drift"] == said(reply)["drift"]
    assert found["drift"] in [one["drift"] for one in choices]
    assert found["drift"]["voice"] == max(one["drift"]["voice"] for one in choices)


@KINDS
def test_an_answer_that_only_calls_tools_is_not_scored(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    reply = chat(gateway, hello("use the tool"), tools=[TOOL], stream=stream)
    assert said(reply)["drift"] == unscored("tool_call")
    assert turn(gateway, reply)["explain"] is None
    if not stream:
        assert reply.headers["x-persona-verdict"] == "unscored"
        assert "x-persona-drift-voice" not in reply.headers


@KINDS
def test_what_is_no_turn_of_a_dialogue_is_not_scored(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    title = "### Task:\nGenerate a title.\n<chat_history>\nUSER: Hi\n</chat_history>"
    for messages, more in (
        (hello(title), {}),
        (hello(), {"response_format": {"type": "json_object"}}),
    ):
        reply = chat(gateway, messages, stream=stream, **more)
        assert said(reply)["drift"] == unscored("structured")
        assert turn(gateway, reply)["drift"] == unscored("structured")
    spoken = chat(gateway, stream=stream, response_format={"type": "text"})
    assert said(spoken)["drift"]["verdict"] in VERDICTS


def test_data_that_a_version_asks_for_is_not_scored(library: Gateway, upstream: ScriptedUpstream) -> None:
    library.push(slug="form", prompt="Fill in.", defaults={"response_format": {"type": "json_object"}})
    reply = fetch(library, body={"model": "persona/form", "messages": hello()})
    assert said(reply)["drift"] == unscored("structured")


@KINDS
def test_the_text_beside_a_tool_call_is_scored(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    call = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": "{}"},
    }
    upstream.reply(message(stream, content="Let me look, dear.", tool_calls=[call]))
    assert said(chat(gateway, stream=stream))["drift"]["verdict"] in VERDICTS


@KINDS
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"refusal": "I cannot help with that."}, "refusal"),
        ({"content": ""}, "empty"),
        ({"content": " \n"}, "empty"),
        ({"reasoning_content": "As an AI language model, I think", "reasoning": "that I am one."}, "empty"),
    ],
)
def test_what_says_nothing_is_not_scored(
    gateway: Gateway, upstream: ScriptedUpstream, stream: bool, fields: Any, reason: str
) -> None:
    upstream.reply(message(stream, **fields))
    reply = chat(gateway, stream=stream)
    assert said(reply)["drift"] == unscored(reason)
    assert said(reply)["coherence"] is None


def unscored(reason: str) -> Json:
    return {**{axis.name: None for axis in AXES}, "verdict": "unscored", "reason": reason}


def test_plain_models_are_not_scored(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    reply = fetch(gateway, body={"model": "plain-model", "messages": hello()})
    assert "persona" not in reply.json
    assert "x-persona-verdict" not in reply.headers
    newest = until(
        lambda: [
            one
            for one in fetch(gateway, "/v1/turns?limit=5").json["data"]
            if one["request_id"] == reply.headers["x-request-id"]
        ]
    )
    assert newest[0]["drift"] == unscored("disabled")


def history(turns: int, answers: list[str] | None = None) -> list[Any]:
    """Make a conversation of `turns` turns, and the next question."""
    found: list[Any] = []
    for number in range(turns):
        found += hello(f"And what about number {number}?")
        text = answers[number] if answers else LINES[number % len(LINES)] + f" Number {number} it is."
        found.append({"role": "assistant", "content": text})
    return [*found, *hello("And then?")]


def test_what_is_over_the_budget_is_unscored_and_whole(start: Start, upstream: ScriptedUpstream) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = start(table + "[drift]\nbudget_ms = 0.001\n")
    long = history(1000)
    for stream in (False, True):
        reply = chat(gateway, long, stream=stream)
        assert said(reply)["drift"] == unscored("budget")
        if stream:
            text = "".join(one["choices"][0]["delta"].get("content") or "" for one in reply.chunks)
        else:
            text = reply.json["choices"][0]["message"]["content"]
        assert text == "You said: And then?"
        assert turn(gateway, reply)["drift"] == unscored("budget")


def test_nothing_is_scored_where_that_is_switched_off(start: Start, upstream: ScriptedUpstream) -> None:
    table = upstream_table("main", upstream.base_url, 'default_model = "any"')
    gateway = start(table + "[drift]\nenabled = false\n")
    for stream in (False, True):
        reply = chat(gateway, stream=stream)
        assert said(reply)["drift"] == unscored("disabled")
        assert turn(gateway, reply)["explain"] is None


def test_a_failed_turn_has_no_score(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(events([chunk("Sit ")], done=False))
    reply = fetch(gateway, body={"model": LIBRARIAN, "messages": hello(), "stream": True})
    assert reply.payloads[-1].startswith('{"error":')
    (row,) = until(
        lambda: [
            one
            for one in fetch(gateway, "/v1/turns?limit=5").json["data"]
            if one["request_id"] == reply.headers["x-request-id"]
        ]
    )
    assert (row["status"], row["drift"]) == ("failed", unscored("error"))


def test_the_terminal_chat_shows_the_drift_of_each_turn(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(upstream_table("main", upstream.base_url, 'default_model = "any"') + PATIENT)
    command = [
        sys.executable,
        "-m",
        "gateway",
        "chat",
        "the-night-librarian",
        "--config",
        str(gateway.config),
    ]
    upstream.reply(*(answer(text, stream=True) for text in (LINES[0], SLIPS[0], "")))
    done = subprocess.run(command, input="Hi\nOh?\nAnd?\n", capture_output=True, text=True, check=True)
    assert done.stdout == f"{LINES[0]}\n{SLIPS[0]}\n\n"
    told_of = done.stderr.splitlines()
    reasons = [line for line in told_of if line.startswith("  ")]
    assert any(": “" in line and line.split("“")[1].rstrip("”")[:20] in SLIPS[0] for line in reasons)
    first, second, third = (line for line in told_of if line not in reasons)
    others = "".join(rf"(, {axis.name} [01]\.\d\d)?" for axis in AXES if axis.name != "voice")
    for line in (first, second):
        told = re.fullmatch(r"([a-z-]+): voice [01]\.\d\d" + others, line)
        assert told
        assert told[1] in VERDICTS
    assert third == "unscored (empty)"


@pytest.fixture(scope="module")
def pair(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with two workers that logs JSON."""
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "any"')
    folder = tmp_path_factory.mktemp("pair")
    made = Gateway(folder, table + PATIENT + '[log]\nformat = "json"\n', "--workers", "2").start()
    yield made
    assert made.stop() == 0


def test_a_conversation_may_go_from_one_worker_to_the_other(
    pair: Gateway, upstream: ScriptedUpstream
) -> None:
    for number in range(12):
        stream = bool(number % 2)
        upstream.reply(answer(LINES[number % len(LINES)], stream))
        # Each request has a connection of its own, which either worker may take.
        assert said(chat(pair, history(number), stream=stream))["drift"]["verdict"] in VERDICTS


@KINDS
def test_a_conversation_that_slips_at_turn_7_of_12_is_caught(
    pair: Gateway, upstream: ScriptedUpstream, stream: bool
) -> None:
    answers = [*LINES, *SLIPS]
    verdicts, turns = [], []
    for number, text in enumerate(answers):
        upstream.reply(answer(text, stream))
        reply = chat(pair, history(number, answers), stream=stream)
        verdicts.append(said(reply)["drift"]["verdict"])
        turns.append(said(reply)["turn"])
    assert set(verdicts[:6]) <= {"warming-up", "in-character"}
    assert set(verdicts[6:]) <= {"drifting", "out-of-character"}
    lines = [json.loads(line) for line in pair.errors().splitlines()]
    (change,) = [line for line in lines if line.get("turn") == turns[6]]
    assert (change["logger"], change["persona"]) == ("gateway.drift", "the-night-librarian@v1")
    assert (change["from"], change["to"]) == (verdicts[5], verdicts[6])
    assert not any(text[:20] in pair.errors() for text in answers)
