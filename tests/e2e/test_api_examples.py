"""The examples of the four APIs, as they are written there, but for host, token and ids."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import node
from tests.api.test_studio import answering, crowd
from tests.e2e.wire import fetch
from tests.fakes.pictures import PICTURE, painted
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream, Seen
from tests.fakes.upstream_scripts import Gate, Script, json_answer
from tests.faults.proc import work_processes
from tests.runs.drafts import drafting
from tests.studio.crowds import PLAN

IMAGES = '[images]\nupstream = "main"\n'
KEYLESS = '[projects]\nkeyless = "default"\nnames = { "PROJECT_ID" = "default" }\n'
PYTHON = """
import os
import time

import httpx

headers = {"Authorization": f"Bearer {os.environ['HUMALIKE_TOKEN']}"}

start = httpx.post(
    "HOST/v1/personas/actions/enhance",
    headers=headers,
    json={
        "persona": "Sam is a 30-year-old support main. Friendly. Plays Thresh.",
        "grounding": "off",
    },
)
start.raise_for_status()  # 200 OK
enhancement_id = start.json()["id"]
poll_url = f"HOST/v1/personas/repositories/Enhancement/by-id/{enhancement_id}"

while True:
    poll = httpx.get(poll_url, headers=headers)
    poll.raise_for_status()
    enhancement = poll.json()
    if enhancement["status"] in ("succeeded", "failed"):
        break
    time.sleep(3)  # research grounding can run longer; poll patiently

if enhancement["status"] == "failed":
    raise RuntimeError(enhancement["error"])

persona = enhancement["persona"]
print(persona["fields"].get("name"))
print(persona["system_prompt"])
"""
JAVASCRIPT = """
const headers = {
  Authorization: `Bearer ${process.env.HUMALIKE_TOKEN}`,
  "Content-Type": "application/json",
};
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

const start = await fetch("HOST/v1/personas/actions/enhance", {
  method: "POST",
  headers,
  body: JSON.stringify({
    persona: "Sam is a 30-year-old support main. Friendly. Plays Thresh.",
    grounding: "off",
  }),
});
if (start.status !== 200) throw new Error(`start failed: ${start.status}`);
const enhancementId = (await start.json()).id;
const pollUrl = `HOST/v1/personas/repositories/Enhancement/by-id/${enhancementId}`;

let enhancement;
for (;;) {
  const poll = await fetch(pollUrl, { headers });
  if (!poll.ok) throw new Error(`poll failed: ${poll.status}`);
  enhancement = await poll.json();
  if (enhancement.status === "succeeded" || enhancement.status === "failed") break;
  await sleep(3000); // research grounding can run longer; poll patiently
}

if (enhancement.status === "failed") {
  throw new Error(enhancement.error);
}

const persona = enhancement.persona;
console.log(persona.fields.name);
console.log(persona.system_prompt);
"""
CREATE = """curl -X POST HOST/api/projects/PROJECT_ID/personas \\
-H "Content-Type: application/json" \\
-d '{
"name": "impatient-user",
"description": "A user who wants quick answers",
"systemPrompt": "You are an impatient user who values brevity and expects quick, concise responses."
}'"""
CHANGE = """curl -X PUT HOST/api/projects/PROJECT_ID/personas/ID \\
-H "Content-Type: application/json" \\
-d '{"systemPrompt": "You are a technical user who expects detailed, accurate responses."}'"""
CREATED = """curl HOST/v1/personas \\
 -H "Authorization: Bearer $PERSONA_API_KEY" \\
 -H "Content-Type: application/json" \\
 -d '{ "intent": "35-year-old, lonely, intellectual ex-academic bookseller in Istanbul",
 "language": "tr", "visibility": "workspace" }'"""
SAID = """curl HOST/v1/chat/conversations/conv_72/messages \\
 -H "Authorization: Bearer $PERSONA_API_KEY" \\
 -H "Content-Type: application/json" \\
 -d '{ "persona_id": "the-istanbul-bookseller",
 "message": "Sahafına yeni gelen bir kitabı anlatır mısın?", "stream": true }'"""
STREAMED = """curl -N HOST/v1/personas?stream=true \\
 -H "Authorization: Bearer $PERSONA_API_KEY" \\
 -H "Accept: text/event-stream" \\
 -d '{"intent": "..."}'"""
OPENAI = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: "HOST/v1/openai", apiKey: process.env.PERSONA_API_KEY, });
const completion = await client.chat.completions.create({
  model: "persona/the-istanbul-bookseller",
  messages: [ { role: "user", content: "Sevdiğin bir şair var mı?" }, ],
  temperature: 0.8,
});
console.log(completion.choices[0].message.content);
"""
STARTED = """curl HOST/v1/personas/actions/enhance \\
  -H "Authorization: Bearer $HUMALIKE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "persona": "Sam is a 30-year-old support main. Friendly. Plays Thresh.",
    "grounding": "off"
  }'"""


@pytest.fixture(scope="module")
def house(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway as `make run` starts one, which lets old clients in without a key."""
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("house"), table + PATIENT + IMAGES + KEYLESS).start()
    yield gateway
    assert gateway.stop() == 0


def run(house: Gateway, *command: str) -> str:
    environment = {**os.environ, "HUMALIKE_TOKEN": house.key, "PERSONA_API_KEY": house.key}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=house.folder, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(house: Gateway, command: str) -> str:
    return run(house, "sh", "-c", command.replace("HOST", house.root).replace("curl ", "curl -sS "))


def test_the_curl_examples_of_enhance(house: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(answering())
    started = json.loads(shell(house, STARTED))
    assert started == {"id": started["id"], "status": "pending"}
    poll = f'curl HOST/v1/personas/repositories/Enhancement/by-id/{started["id"]} -H "Authorization: Bearer '
    polled = json.loads(shell(house, poll + '$HUMALIKE_TOKEN"'))
    assert polled.keys() == {"id", "status", "source", "grounding", "persona", "error"}


def test_the_python_example_of_enhance(house: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(answering())
    said = run(house, sys.executable, "-c", PYTHON.replace("HOST", house.root))
    assert said.startswith("Sam Okafor\nYou are Sam Okafor")


def test_the_typescript_example_of_enhance(house: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(answering())
    file = Path(house.folder) / "example.mjs"
    file.write_text(JAVASCRIPT.replace("HOST", house.root), "utf-8")
    done = node.run(file, HUMALIKE_TOKEN=house.key)
    assert done.stdout.startswith("Sam Okafor\nYou are Sam Okafor"), done.stderr


def test_the_curl_examples_of_the_projects_api(house: Gateway) -> None:
    made = json.loads(shell(house, CREATE))
    place = f"HOST/api/projects/PROJECT_ID/personas/{made['id']}"
    assert made in json.loads(shell(house, "curl HOST/api/projects/PROJECT_ID/personas"))
    assert json.loads(shell(house, f"curl {place}")) == made
    changed = json.loads(shell(house, CHANGE.replace("ID \\", f"{made['id']} \\")))
    assert changed["systemPrompt"].startswith("You are a technical user")
    status = shell(house, f"curl -o deleted -w '%{{http_code}}' -X DELETE {place}")
    assert status == "204"
    again = shell(house, f"curl -w ' %{{http_code}}' {place}")
    assert re.search(r'"message":"Persona not found".* 404$', again)


def test_the_curl_example_of_a_portrait(house: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.by_path("/images/generations", painted(PICTURE))
    made = json.loads(shell(house, CREATE.replace("impatient-user", "portrayed-user")))
    place = f"HOST/api/projects/PROJECT_ID/personas/{made['id']}/generate-image"
    drawn = json.loads(shell(house, f"curl -X POST {place}"))
    assert drawn == made | {"imageUrl": drawn["imageUrl"], "updatedAt": drawn["updatedAt"]}
    shell(house, f"curl -o portrait.png HOST/api/images/{drawn['imageUrl']}")
    assert (house.folder / "portrait.png").read_bytes() == PICTURE


@pytest.fixture
def bookseller(house: Gateway) -> str:
    slug = "the-istanbul-bookseller"
    house.push(slug=slug, prompt="Sen İstanbul'da bir sahafsın.", language="tr")
    return slug


def test_the_curl_examples_of_making_a_persona(house: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(drafting())
    made = json.loads(shell(house, CREATED))
    assert made.keys() >= {"id", "slug", "status", "language", "soul", "self", "mask", "surface", "run"}
    assert (made["status"], made["language"]) == ("completed", "tr")
    told = shell(house, STREAMED)
    assert told.startswith("event: run.started\n")
    for event in ("step.completed", "layer.delta", "run.completed"):
        assert f"event: {event}\n" in told


def test_the_curl_example_of_chat(house: Gateway, upstream: ScriptedUpstream, bookseller: str) -> None:
    told = shell(house, SAID)
    assert "event: message.completed" in told
    assert "You said: Sahafına yeni gelen" in told


def test_the_example_of_the_sdk_of_openai(
    house: Gateway, upstream: ScriptedUpstream, bookseller: str
) -> None:
    node.require("openai")
    file = node.written("openai-example", OPENAI.replace("HOST", house.root))
    done = node.run(file, PERSONA_API_KEY=house.key)
    assert (done.returncode, done.stdout) == (0, "You said: Sevdiğin bir şair var mı?\n"), done.stderr
    assert upstream.seen[-1].json["temperature"] == 0.8


def test_an_evaluation_takes_what_the_others_give(house: Gateway) -> None:
    reply = fetch(house, "/v1/personas/actions/validate", {"personas": crowd(2)})
    assert (reply.status, reply.json["status"]) == (200, "pending")


def test_a_population_goes_on_where_a_killed_process_was(house: Gateway, upstream: ScriptedUpstream) -> None:
    gate, counts = Gate(), dict[str, int]()
    answer = answering(counts)

    def held(seen: Seen) -> Script:
        is_last = "Write persona 9 of" in seen.json["messages"][-1]["content"]
        return json_answer({}).hold(gate) if is_last and counts.get("9") is None else answer(seen)

    upstream.always(held)
    body = {"prompt": "Neighbours.", "count": 9, "seed": 7, "blueprint": PLAN}
    job = fetch(house, "/v1/personas/actions/generate", body, key=house.key).json["id"]
    assert gate.reached.wait(60)
    counts["9"] = 0
    os.kill(work_processes(house.pid)[0], signal.SIGKILL)
    gate.open()
    place = f"/v1/personas/repositories/Population/by-id/{job}"
    until(lambda: fetch(house, place, key=house.key).json["status"] in ("succeeded", "failed"), within=60)
    found = fetch(house, place, key=house.key).json
    assert (found["status"], len(found["personas"])) == ("succeeded", 9)
    # What the first step had written was not asked for again.
    assert counts == dict.fromkeys(map(str, range(1, 10)), 1)
