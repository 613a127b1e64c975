"""`persona drift`: how far an answer strays from a persona, without a gateway or an upstream."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from gateway.cli import options
from gateway.cli.drift_history import history
from gateway.cli.evaluation import evaluation
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, print_json
from gateway.cli.options import example
from gateway.cli.ref import with_ref
from gateway.cli.rooms import Found
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.drift import scorer
from gateway.drift.profile import Profile
from gateway.drift.rule import KINDS
from gateway.drift.score import Score, Signal
from gateway.personas import resolved
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleView
from gateway.scoring import transcript
from gateway.scoring.transcript import Said

COLUMNS = {"AXIS": "axis", "SIGNAL": "name", "P": "p", "WHERE": "where", "BASIS": "basis", "TEXT": "text"}

FACT_COLUMNS = {
    "ID": "id",
    "STATE": "state",
    "SAID": "said",
    "FACT": "about",
    "KIND": "kind",
    "BASIS": "basis",
    "SOURCE": "source",
}
RULE_COLUMNS = {"ID": "id", "STATE": "state", "RULE": "rule", "SOURCE": "source"}


@click.group(
    epilog=example("persona drift score the-night-librarian --user 'Who are you?' --answer 'An AI model.'")
)
def drift() -> None:
    """Score how far an answer strays from a persona."""


@drift.command(
    epilog=example(
        "persona drift score the-night-librarian --user 'Who are you?' --answer 'Edith, dear.'",
        "persona drift score bookshop@v2 --user Hi --answer-file answer.txt --history messages.json --json",
    )
)
@with_ref
@click.option("--user", metavar="TEXT", required=True, help="What the user said.")
@click.option("--answer", metavar="TEXT", help="What was answered; `-` reads it from standard input.")
@click.option("--answer-file", metavar="FILE", type=click.Path(path_type=Path), help="Or where it stands.")
@click.option(
    "--history",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What was said before: a JSON array of messages, as in a chat request.",
)
@options.as_json
@on_target
async def score(
    target: Target,
    ref: ModelName,
    user: str,
    answer: str | None,
    answer_file: Path | None,
    history: Path | None,
    as_json: bool,
) -> None:
    """Score one answer by hand, and say why.

    REF is a slug or a `psn_…` id, perhaps with `@v3` or `@production`; without `@` it is what callers get.
    The text is scored here and is sent nowhere.
    """
    text = _answer(answer, answer_file)
    messages = _messages(history)
    found = await target.find(ref)
    scored = _score(found, messages, user, text)
    signals = [_signal(signal, text) for signal in scored.signals]
    if as_json:
        record = {**msgspec.to_builtins(scored), "signals": signals}
        print_json({"persona": found.persona.slug, "version": found.version.version, **record})
        return
    _tell(found, scored)
    listing([_row(signal) for signal in signals], COLUMNS, as_json=False, empty="no signal speaks against it")


@drift.command(epilog=example("persona drift rules bookshop", "persona drift rules bookshop@v2 --json"))
@with_ref
@options.as_json
@on_target
async def rules(target: Target, ref: ModelName, as_json: bool) -> None:
    """List a version's rules, declared and read from its prompt, and the facts that it states.

    In the persona's file, an entry of `rules` with `from: ID` confirms a rule that was read, one that says
    something beside it corrects the rule, and `{from: ID, off: true}` switches it off. A rule that
    is `doubted` is broken by the example that is named, as it was read: it is worth a look and never a
    break until it is confirmed or corrected. An entry of `facts` does so with a fact:
    `{from: ID, text: The dog is called Milo.}` corrects it.
    """
    found = await target.find(ref)
    listed = await target.rules(found)
    if as_json:
        print_json(msgspec.to_builtins(listed))
        return
    rows = [
        {"id": one.id, "state": _state(one), "rule": _rule(one.rule), "source": one.source}
        for one in listed.data
    ]
    facts = [msgspec.structs.asdict(one) for one in listed.facts]
    empty = f"{found.persona.slug}@v{listed.version} declares no rules, and none was found in its prompt"
    listing(rows, RULE_COLUMNS, as_json=False, empty=empty)
    if facts:
        click.echo()
        listing(facts, FACT_COLUMNS, as_json=False, empty="")


drift.add_command(evaluation)
drift.add_command(history)


def _state(one: RuleView) -> str:
    """Return the state, and for a doubted rule the example that breaks it."""
    return f"{one.state} by {one.doubted_by}" if one.doubted_by is not None else one.state


def _rule(rule: dict[str, Any]) -> str:
    """Return the kind of rule and its words."""
    kinds = [name for name in KINDS if name in rule]
    if not kinds:
        return f"from {rule.get('from')}"
    value = rule[kinds[0]]
    told = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"{kinds[0]}: {told}"


def _score(found: Found, messages: Sequence[msgspec.Raw], user: str, text: str) -> Score:
    draft = found.draft
    profile = Profile(resolved.character(draft.profile.name, draft.content))
    course = scorer.BEGINNING
    for past in transcript.read(messages, 0).past:
        _, course = scorer.score(profile, course, past.user, past.answer)
    return scorer.score(profile, course, user, text)[0]


def _answer(answer: str | None, file: Path | None) -> str:
    if (answer is None) == (file is None):
        raise click.UsageError("either --answer or --answer-file is needed")
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            raise Failure(f"{file}: is not UTF-8") from None
    else:
        text = sys.stdin.read() if answer == "-" else str(answer)
    if Said(0, text).nothing is not None:
        raise Failure("the answer is empty, so that there is nothing to score")
    return text


def _messages(file: Path | None) -> list[msgspec.Raw]:
    if file is None:
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Failure(f"{file}: a JSON array of messages is needed") from None


def _signal(signal: Signal, text: str) -> dict[str, Any]:
    """Describe the signal, with the text of its span, which is at hand here."""
    plain: dict[str, Any] = msgspec.to_builtins(signal)
    return plain if signal.start is None else {**plain, "text": text[signal.start : signal.end]}


def _row(signal: dict[str, Any]) -> dict[str, object]:
    blank = {"basis": None, "text": None, "where": None}
    where = {"where": f"{signal['start']}-{signal['end']}"} if "start" in signal else {}
    return {**blank, **signal, **where, "p": f"{signal['p']:.2g}"}


def _tell(found: Found, scored: Score) -> None:
    click.echo(f"{found.persona.slug}@v{found.version.version}: {scored.verdict}")
    for name, level in scored.levels().items():
        basis = f" (against {scored.values_basis})" if name == "values" and level is not None else ""
        told = "nothing of it is touched" if level is None else f"{level:.2f}{basis}"
        click.echo(f"{name:<11}{told}")
    click.echo(f"coherence  {scored.coherence:.1f}\n")
