"""`persona drift eval`: what the monitor sees of an owner's own labelled answers."""

from pathlib import Path

import msgspec
import rich_click as click

from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, print_json
from gateway.cli.options import example
from gateway.drift.evaluation import Report, SetError, evaluate

COLUMNS = {"KIND": "kind", "LABEL": "label", "ANSWERS": "answers", "FLAGGED": "flagged", "SHARE": "share"}
PERSONAS = {
    "PERSONA": "persona",
    "GOOD": "good",
    "FALSE ALARMS": "false_alarms",
    "SLIPS": "slips",
    "CAUGHT": "caught",
}
WRONG = {
    "FILE": "file",
    "LINE": "line",
    "KIND": "kind",
    "LABEL": "label",
    "VERDICT": "verdict",
    "BECAUSE": "because",
}


@click.command("eval", epilog=example("persona drift eval answers/", "persona drift eval answers/ --json"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@options.as_json
def evaluation(folder: Path, as_json: bool) -> None:
    """Score labelled answers of your own: how many slips are flagged, by kind, and how many good answers.

    DIR holds NAME.json with a persona (name, language, prompt, examples, layers, rules) and NAME.jsonl with
    an answer a line: user, response, label (in or out), and perhaps history, kind and span, the passage that
    is wrong. Slips that are missed and good answers that are flagged are listed by file and line, with the
    signals and what they go by. Everything is scored here and sent nowhere; no judge is asked.
    """
    try:
        report = evaluate(folder)
    except SetError as error:
        raise Failure(str(error)) from None
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        _tell(report)


def _tell(report: Report) -> None:
    kinds = [{**msgspec.structs.asdict(each), "share": f"{each.share:.2f}"} for each in report.kinds]
    listing(kinds, COLUMNS, as_json=False, empty="")
    click.echo()
    listing([msgspec.structs.asdict(each) for each in report.personas], PERSONAS, as_json=False, empty="")
    if report.wrong:
        click.echo()
        wrong = [
            {**msgspec.structs.asdict(each), "because": ", ".join(each.because)} for each in report.wrong
        ]
        listing(wrong, WRONG, as_json=False, empty="")
    good, alarms = sum(p.good for p in report.personas), sum(p.false_alarms for p in report.personas)
    slips, caught = sum(p.slips for p in report.personas), sum(p.caught for p in report.personas)
    click.echo()
    click.echo(f"flagged     {_share(caught, slips)} of the slips, {_share(alarms, good)} of the good ones")
    click.echo(
        f"passage     named in {_share(report.named, report.spans)} of the flagged slips that have one"
    )
    click.echo(f"CPU time    {report.ms:.2f} ms an answer, personas made ready included")


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.2f})" if whole else "0 of 0"
