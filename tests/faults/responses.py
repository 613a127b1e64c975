"""The same faults meet Responses requests, whose upstream chats alone or has a Responses API of its own.

`python -m tests.faults.responses` writes the table into docs/reliability.md.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import openai

from tests.fakes.process import Gateway
from tests.fakes.upstream import Answer, Seen
from tests.fakes.upstream_responses import output, response, told
from tests.fakes.upstream_scripts import (
    CLOSE,
    RESET,
    SILENCE,
    Item,
    Json,
    Named,
    Step,
    error_object,
    events,
    json_answer,
)
from tests.faults.catalogue import BROKEN, FAULTS, LATER_REASON, OK, OK_STREAM, OURS, REASON, Fault, midway
from tests.faults.table import Slots, gateway_for_faults, slug

Case = tuple[str, bool]
"""The fault's name, and whether the request streams."""
BEGUN = 7
"""Events behind which an answer breaks off: some of its text has been told by then."""
SHARED = ("400", "401", "429", "500 with HTML", "redirect", "empty 200", "broken JSON 200", "a gzip bomb")


def _made(seen: Seen) -> tuple[list[Named], Json]:
    body: Json = seen.json
    items = output(body, {"role": "assistant", "content": "Hello there, stranger."}, "Hi")
    spent = {"input_tokens": 1, "output_tokens": 3, "total_tokens": 4}
    whole = response(body, items, "stop", spent)
    return list(told(body, items, whole)), whole


def _breaks(*ending: Item, cut: Step | None = None) -> Answer:
    """Break off within an answer; `cut` breaks off a whole one, which is good without it."""

    def script(seen: Seen) -> Any:
        begun, whole = _made(seen)
        if seen.is_stream:
            return events([*begun[:BEGUN], *ending], done=False)
        answer = json_answer(whole)
        return answer if cut is None else answer.cut(100, cut)

    return script


def _failed(seen: Seen) -> Any:
    begun, whole = _made(seen)
    error = {"code": "server_error", "message": "The engine is overloaded."}
    lost = {**whole, "status": "failed", "output": [], "error": error}
    if not seen.is_stream:
        return json_answer(lost)
    event = {"type": "response.failed", "sequence_number": BEGUN, "response": lost}
    return events([*begun[:BEGUN], Named("response.failed", event)], done=False)


OVERLOADED = error_object("The engine is overloaded.", code="overloaded")["error"]
ERROR = Named("error", {**OVERLOADED, "type": "error"})
NATIVE: Sequence[Fault] = (
    *(fault for fault in FAULTS if fault.name in SHARED),
    midway("reset midway", _breaks(RESET, cut=RESET), BROKEN),
    midway("cut between events", _breaks(CLOSE, cut=CLOSE), BROKEN),
    midway("cut mid-event", _breaks(b"event: response.out", CLOSE), BROKEN, whole=OK, attempts=1),
    midway("ends without its end", _breaks(), BROKEN, whole=OK, attempts=1),
    midway("error event later", _breaks(ERROR), LATER_REASON, whole=OK, attempts=1),
    midway("response.failed later", _failed, LATER_REASON, whole=REASON),
    midway("falls silent", _breaks(SILENCE), "200 then provider.idle_timeout", whole=OK, attempts=1),
)


def own(fault: Fault) -> str:
    """Name the persona, and the upstream with a Responses API, for a fault."""
    return "own-" + slug(fault.name, fallback=False)


def cases() -> list[tuple[str, Fault, bool]]:
    """List the persona, the fault, and whether it is streamed."""
    chats = [(slug(fault.name, fallback=False), fault) for fault in FAULTS]
    return [
        (name, fault, stream)
        for name, fault in [*chats, *((own(fault), fault) for fault in NATIVE)]
        for stream in (False, True)
    ]


async def run(gateway: Gateway) -> dict[Case, tuple[str, str]]:
    """Ask for every case; return what came of it, and what the SDK raises, by persona and mode."""
    slots = Slots()
    async with aiohttp.ClientSession() as session:
        with gateway.client() as client:

            async def one(name: str, fault: Fault, stream: bool) -> tuple[str, str]:
                async with slots.of(fault.name):
                    return await _asked(gateway, session, client, name, stream)

            found = await asyncio.gather(*(one(*case) for case in cases()))
    return {(name, stream): each for (name, _, stream), each in zip(cases(), found, strict=True)}


async def _asked(
    gateway: Gateway, session: aiohttp.ClientSession, client: openai.OpenAI, name: str, stream: bool
) -> tuple[str, str]:
    body = {"model": f"persona/{name}", "stream": stream, "input": "Hello?"}
    async with session.post(
        f"{gateway.base_url}/responses",
        json=body,
        headers={"authorization": f"Bearer {gateway.key}"},
        timeout=aiohttp.ClientTimeout(total=30),
    ) as answer:
        data, code = await answer.read(), answer.status
    return _outcome(code, data, stream), await asyncio.to_thread(_sdk_exception, client, body)


def _outcome(code: int, data: bytes, stream: bool) -> str:
    if code != 200:
        error = json.loads(data)["error"]
        if error["message"].startswith(OURS):
            return f"{code} {error['code']}"
        return f"{code} passed on" if code < 500 else f"{code} with the reason"
    if not stream:
        assert json.loads(data)["status"] in ("completed", "incomplete")
        return OK
    assert data.endswith(b"\n\n"), "half an event at the end"
    found = [
        json.loads(frame.partition(b"\ndata: ")[2]) for frame in data.split(b"\n\n") if b"data: " in frame
    ]
    kinds = [each["type"] for each in found]
    if kinds[-1] in ("response.completed", "response.incomplete"):
        assert not {"response.failed", "error"} & set(kinds)
        return OK_STREAM
    assert kinds[-2:] == ["response.failed", "error"]
    assert "response.completed" not in kinds
    message = found[-1]["message"]
    return f"200 then {found[-1]['code']}" if message.startswith(OURS) else LATER_REASON


def _sdk_exception(client: openai.OpenAI, body: dict[str, Any]) -> str:
    try:
        answer = client.responses.create(**body)
        for _ in answer if body["stream"] else ():
            pass
    except openai.APIError as error:
        return type(error).__name__
    return ""


BEGIN, END = "<!-- responses table: begin -->", "<!-- responses table: end -->"


def main() -> int:
    known = {own(fault): fault for fault in NATIVE}
    with tempfile.TemporaryDirectory() as folder, gateway_for_faults(Path(folder), own=known) as (gateway, _):
        outcomes = asyncio.run(run(gateway))
    lines = ["| fault | upstream | whole | stream | SDK raises |", "| --- | --- | --- | --- | --- |"]
    wrong = []
    for name, fault, stream in cases():
        outcome, exception = outcomes[name, stream]
        if outcome != fault.expected(stream=stream, fallback=False):
            wrong.append(f"{name}, stream={stream}: {outcome}")
        if stream:
            kind = "Responses API" if name.startswith("own-") else "chat"
            told = outcome.replace("[DONE]", "completed")
            cells = [fault.name, kind, outcomes[name, False][0], told, exception or "–"]
            lines.append(f"| {' | '.join(cells)} |")
    place = Path(__file__).parents[2] / "docs" / "reliability.md"
    text = place.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    place.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{after}", "utf-8")
    sys.stdout.write("\n".join([*wrong, f"{len(wrong)} of {len(outcomes)} outcomes are wrong", ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
