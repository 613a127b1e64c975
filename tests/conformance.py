"""`make conformance` runs recorded traffic of real clients and providers through a gateway.

The traffic is a separate data set. PERSONA_CONFORMANCE_DIR names its folder, with a runner of its own.
The last split mode runs on each of the two clients that upstreams can be reached with. With `--write` the
tables go into docs/reliability.md.
"""

import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.postgres import free_port
from tests.fakes.process import Gateway

CONFIG = Path(__file__).with_name("conformance.toml")
DOCS = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- recorded traffic: begin -->", "<!-- recorded traffic: end -->"
SPLITS = ("event", "byte", "awkward", "prime", "whole", "mix")
CLIENTS = ("native", "aiohttp")
PROMPT = "You are Ada Quill, keeper of the conformance lighthouse. You answer as asked."
ROW = re.compile(r"^(recorded|timing) +(.+?) +(\d+) +([\d.]+%) +([\d.]+%) +(\d+)$", re.MULTILINE)
TOTAL = re.compile(r"^TOTAL (\d+) cases in \d+ s: core (\d+) .*strict (\d+) ", re.MULTILINE)


def main(arguments: list[str]) -> int:
    place = os.environ.get("PERSONA_CONFORMANCE_DIR")
    if not place:
        sys.stdout.write("skipped: PERSONA_CONFORMANCE_DIR does not name the recorded traffic's folder\n")
        return 0
    runner = Path(place) / "run_conformance.py"
    if not runner.is_file():
        sys.stdout.write(f"{runner}: there is no such file\n")
        return 2
    splits = [argument for argument in arguments if argument != "--write"] or list(SPLITS)
    default, other = CLIENTS
    printed = passes(runner, default, splits)
    if "--write" in arguments:
        write({split: text for split, (_, text) in printed.items()})
    printed |= passes(runner, other, splits[-1:])
    green = [name for name, (code, _) in printed.items() if code == 0]
    sys.stdout.write(f"\n{len(green)} of {len(printed)} passes are green: {', '.join(green)}\n")
    return 0 if len(green) == len(printed) else 1


def passes(runner: Path, client: str, splits: list[str]) -> dict[str, tuple[int, str]]:
    """Run one pass for each split mode, over a gateway that reaches its upstream with this client."""
    named = {split: split if client == CLIENTS[0] else f"{split} ({client})" for split in splits}
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        base_url = f"http://127.0.0.1:{port}/v1"
        chosen = {
            "PERSONA__UPSTREAMS__REPLAY__CLIENT": client,
            "PERSONA__UPSTREAMS__REPLAY__BASE_URL": base_url,
        }
        gateway = Gateway(Path(folder), CONFIG.read_text("utf-8"), **chosen).start()
        try:
            gateway.push(slug="demo", prompt=PROMPT)
            return {named[split]: run(runner, gateway, port, split) for split in splits}
        finally:
            gateway.stop()


def run(runner: Path, gateway: Gateway, port: int, split: str) -> tuple[int, str]:
    """Run all traffic once, with streams cut in this way; return the runner's exit code and what it said.

    The runner starts an upstream on this port.
    """
    command = [sys.executable, "-B", str(runner), "--base-url", gateway.base_url, "--api-key", gateway.key]
    command += ["--upstream-port", str(port), "--model", "persona/demo", "--expect-persona-text", PROMPT]
    done = subprocess.run([*command, "--split", split], check=False, capture_output=True, text=True)
    sys.stdout.write(f"\n== streams cut: {split} ==\n{done.stdout}{done.stderr}")
    sys.stdout.flush()
    return done.returncode, done.stdout


def write(printed: dict[str, str]) -> None:
    """Put the totals of every mode, and the features of the last one, into the docs."""
    lines = ["| streams cut | cases | core | strict |", "| --- | --: | --: | --: |"]
    for split, text in printed.items():
        cases, core, strict = TOTAL.findall(text)[0]
        lines.append(f"| {split} | {cases} | {core} | {strict} |")
    lines += ["", "| feature | cases | core | strict |", "| --- | --: | --: | --: |"]
    for _, feature, cases, core, strict, _ in ROW.findall(list(printed.values())[-1]):
        lines.append(f"| {feature.removeprefix('~')} | {cases} | {core} | {strict} |")
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} by `make conformance SPLITS=--write`."
    text = DOCS.read_text("utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    DOCS.write_text(f"{before}{BEGIN}\n{made}\n\n" + "\n".join(lines) + f"\n{END}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
