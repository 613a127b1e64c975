"""`persona personas create` and `persona runs`, on the store of a gateway and through its API."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from gateway.cli import brief, running
from gateway.cli.failures import Failure
from gateway.cli.running import Progress, RunEvent, event_line, watch
from gateway.personas.node import DocumentError
from gateway.runs.view import CreateBody
from tests.cli.conftest import Persona
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Gate, json_answer
from tests.runs.drafts import EDITH, drafting
from tests.runs.test_runs import STEPS, begin

SECONDS = 60
BRIEF = "---\nvisibility: private\nseed: 7\n---\nA 61-year-old night librarian of a small harbour town.\n"
STEP = RunEvent("step.completed", {"step": "soul_draft", "tokens": 12, "cost_usd": 0.5, "latency_ms": 1500.0})


@pytest.fixture(scope="module")
def drafts() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def studio(drafts: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    table = upstream_table("main", drafts.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("studio"), table + PATIENT).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture(params=["here", "there"])
def at(request: pytest.FixtureRequest, studio: Gateway, drafts: ScriptedUpstream) -> tuple[str, ...]:
    """Options by which commands work on the store of the gateway, or through its API."""
    drafts.reset()
    drafts.always(drafting())
    is_here = request.param == "here"
    return ("--config", str(studio.config)) if is_here else ("--url", studio.root, "--key", studio.key)


@pytest.mark.slow
def test_a_brief_becomes_a_persona_and_its_run_is_there_to_read(
    persona: Persona, folder: Path, at: tuple[str, ...]
) -> None:
    (folder / "brief.md").write_text(BRIEF, "utf-8")
    made = persona("personas", "create", "-f", "brief.md", "--visibility", "workspace", *at)
    newest = json.loads(persona("runs", "list", "--limit", "1", "--json", *at).out)[0]
    slug = made.out.split()[0]
    assert made.out == f"{slug} v1 (created by {newest['id']})\n"
    told = made.err.splitlines()
    assert told[0].startswith(newest["id"])
    assert tuple(line.split()[0] for line in told if " tokens" in line) == STEPS
    shown = json.loads(persona("personas", "show", slug, "--json", *at).out)
    assert (shown["name"], shown["visibility"], newest["persona"]) == (EDITH, "workspace", shown["id"])
    run = json.loads(persona("runs", "show", newest["id"], "--json", *at).out)
    assert (run["seed"], run["status"], run["intent"]) == (7, "completed", BRIEF.split("---\n")[2].strip())
    assert tuple(step["step"] for step in run["steps"]) == STEPS
    told_of = persona("runs", "show", newest["id"], *at).out
    assert "  examples" in told_of
    assert dict(line.split(maxsplit=1) for line in told_of.splitlines() if line.startswith("ver")) == {
        "version": "1"
    }
    lines = persona("runs", "tail", newest["id"], "--json", *at).out.splitlines()
    events = [json.loads(line) for line in lines]
    assert (events[0]["type"], events[-1]["type"]) == ("run.started", "run.completed")
    assert persona("runs", "tail", newest["id"], *at).out.splitlines()[0].startswith("run.started ")
    assert newest["id"] in persona("runs", "list", *at).out


@pytest.mark.slow
def test_json_is_the_persona_and_nothing_else(persona: Persona, folder: Path, at: tuple[str, ...]) -> None:
    (folder / "brief.md").write_text("A night librarian, 61.", "utf-8")
    made = persona("personas", "create", "-f", "brief.md", "--json", *at)
    assert (json.loads(made.out)["name"], made.err) == (EDITH, "")


@pytest.mark.slow
def test_a_run_that_fails_is_a_command_that_fails(
    persona: Persona, folder: Path, drafts: ScriptedUpstream, at: tuple[str, ...]
) -> None:
    drafts.always(drafting({"moderation": {"blocked": True}}))
    (folder / "brief.md").write_text("A night librarian, 61.", "utf-8")
    failed = persona("personas", "create", "-f", "brief.md", "--json", *at, code=1)
    assert " has failed: " in failed.err
    newest = json.loads(persona("runs", "list", "--json", "--limit", "1", *at).out)[0]
    assert "moderation.intent_blocked" in persona("runs", "show", newest["id"], *at).out
    assert persona("runs", "tail", newest["id"], *at, code=1).out.splitlines()[-1].startswith("run.failed ")


@pytest.mark.slow
def test_a_run_is_cancelled_once(
    persona: Persona, studio: Gateway, drafts: ScriptedUpstream, at: tuple[str, ...]
) -> None:
    gate = Gate()
    drafts.always(drafting({"soul": json_answer({}).hold(gate)}))
    run = begin(studio, visibility="workspace")
    assert gate.reached.wait(SECONDS)
    assert persona("runs", "cancel", run, *at).out.startswith(f"{run} is cancelled")
    assert f"Error: {run} was cancelled\n" in persona("runs", "tail", run, *at, code=1).err
    assert "ended" in persona("runs", "cancel", run, *at, code=1).err
    persona("runs", "show", "run_none", *at, code=1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Edith.\n", CreateBody(intent="Edith.")),
        ("---\n---\nEdith.", CreateBody(intent="Edith.")),
        (
            "---\nname: no\nlanguage: tr\nbudget_usd: 1\nseed: 12 # a comment\n---\n\nA\n---\nB",
            CreateBody(name="no", language="tr", budget_usd=1.0, seed=12, intent="A\n---\nB"),
        ),
    ],
)
def test_front_matter_holds_the_other_fields(text: str, wanted: CreateBody) -> None:
    assert brief.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\nname: Edith\n", "has no end"),
        ("---\n- name\n---\nA", "is a mapping"),
        ("---\nlanguage: en\nbudget: 1\n---\nA", "line 3, column 1: there is no field `budget`"),
        ("---\nlanguge: en\n---\nA", "did you mean `language`?"),
        ("---\nseed: many\n---\nA", "seed: "),
        ("---\nvisibility: some\n---\nA", "visibility: "),
        ("---\nname: [\n---\nA", "line 3"),
    ],
)
def test_a_mistake_in_front_matter_is_named(text: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        brief.parse(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "intent: 1 to 4000 characters"),
        (b"x" * 4001, "intent: 1 to 4000 characters"),
        (b"x" * 70_000, "brief.md: is longer than 64 KiB"),
        (b"\xff", "brief.md: "),
        (b"---\nslug: Not One\n---\nEdith", "slug: lower-case letters"),
    ],
)
def test_a_brief_that_is_none_begins_nothing(
    persona: Persona, folder: Path, data: bytes, problem: str
) -> None:
    (folder / "brief.md").write_bytes(data)
    assert problem in persona("personas", "create", "-f", "brief.md", code=1).err
    assert "there is no run in the workspace `default`" in persona("runs", "list").err
    assert "none.md: No such file" in persona("personas", "create", "-f", "none.md", code=1).err


async def test_whoever_waits_for_nobody_is_told_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "HINT_SECONDS", 0)
    told = ""

    async def happens() -> AsyncGenerator[RunEvent, None]:
        nonlocal told
        while not told:
            await asyncio.sleep(0)
            told = capsys.readouterr().err
        yield RunEvent("run.failed", {"run_id": "run_1", "error": {"code": "x", "message": "No."}})

    with pytest.raises(Failure, match=r"^run_1 has failed: No\.$"):
        await watch("run_1", happens(), lambda _: None)
    assert told.startswith("Nobody has begun run_1 yet; ")


def test_steps_are_live_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Progress() as progress:
        progress.show(RunEvent("run.started", {"run_id": "run_1", "step": "soul_draft"}))
        progress.show(STEP)
    assert "✓ soul_draft          12 tokens  $0.5000  1.5 s" in screen.getvalue()
    assert "\x1b[" in screen.getvalue()


def test_an_event_of_any_kind_is_one_line() -> None:
    event = RunEvent("layer.delta", {"op": "add", "path": "/soul/wound", "value": "a\nletter \x1b[1m"})
    line = event_line(event)
    assert line == 'layer.delta     op=add  path=/soul/wound  value="a\\nletter \\u001b[1m"'
