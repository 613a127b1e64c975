"""The AI SDK of Vercel asks `/responses` unless it is told otherwise, and refers to items by their ids."""

import json
from typing import Any

import pytest

from tests import node
from tests.fakes.process import Gateway
from tests.fakes.upstream import ScriptedUpstream

PROGRAM = """
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.PERSONA_API_KEY });
const model = openai(process.env.MODEL);

const said = await generateText({ model, prompt: "Good evening" });
const id = said.providerMetadata.openai.responseId;
const providerOptions = { openai: { previousResponseId: id } };
const after = await generateText({ model, prompt: "Go on", providerOptions });

const stream = streamText({ model, instructions: "Be brief.", prompt: "Good evening" });
let streamed = "";
for await (const text of stream.textStream) streamed += text;

const tools = {
  look_up: tool({
    description: "Looks a title up.",
    inputSchema: z.object({ title: z.string().optional() }),
    execute: async () => "found",
  }),
};
const called = await generateText({ model, tools, stopWhen: stepCountIs(2), prompt: "use the tool" });

let refused = null;
try {
  await generateText({ model: openai("persona/nobody"), prompt: "Good evening" });
} catch (error) {
  refused = APICallError.isInstance(error) && [error.statusCode, error.data.error.code];
}
console.log(JSON.stringify({
  id,
  said: [said.text, said.finishReason, said.usage.outputTokens],
  after: after.text,
  streamed: [streamed, await stream.finishReason],
  called: [called.text, called.steps.length],
  warnings: [said, after, called].flatMap(({ warnings }) => warnings ?? []),
  refused,
}));
"""


@pytest.fixture
def told(responding: Gateway, kind: str) -> dict[str, Any]:
    """What the program tells of one kind of upstream."""
    for package in ("ai", "@ai-sdk/openai", "zod"):
        node.require(package)
    file = node.written("ai-sdk", PROGRAM)
    more = {"BASE_URL": responding.base_url, "PERSONA_API_KEY": responding.key, "MODEL": f"persona/{kind}"}
    done = node.run(file, **more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_ai_sdk_speaks_responses_as_it_is(told: dict[str, Any], upstream: ScriptedUpstream) -> None:
    assert told["said"] == ["You said: Good evening", "stop", 4]
    assert told["after"] == "You said: Go on"
    assert told["streamed"] == ["You said: Good evening", "stop"]
    assert told["called"] == ["The tool said: found", 2]
    assert told["refused"] == [404, "model_not_found"]
    assert told["warnings"] == []
    assert told["id"].startswith("resp_")
    bodies = [seen.body.decode() for seen in upstream.seen]
    assert len(bodies) == 5
    assert "You said: Good evening" in bodies[1]
    assert "Be brief." in bodies[2]
    assert "item_reference" not in "".join(bodies)
