"""Runs recorded traffic of real clients and providers through a gateway: `make conformance`.

The traffic is a separate data set. PERSONA_CONFORMANCE_DIR names its folder, with a runner of its own.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.process import Gateway

CONFIG = Path(__file__).with_name("conformance.toml")
SPLITS = ("event", "byte", "awkward", "prime", "whole", "mix")
PROMPT = "You are Ada Quill, keeper of the conformance lighthouse. You answer as asked."
UPSTREAM_PORT = "9100"


def main(arguments: list[str]) -> int:
    place = os.environ.get("PERSONA_CONFORMANCE_DIR")
    if not place:
        sys.stdout.write("skipped: PERSONA_CONFORMANCE_DIR does not name the recorded traffic's folder\n")
        return 0
    runner = Path(place) / "run_conformance.py"
    if not runner.is_file():
        sys.stdout.write(f"{runner}: there is no such file\n")
        return 2
    splits = arguments or list(SPLITS)
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder), CONFIG.read_text("utf-8")).start()
        try:
            gateway.push(slug="demo", prompt=PROMPT)
            failed = [split for split in splits if run(runner, gateway, split)]
        finally:
            gateway.stop()
    sys.stdout.write(
        f"\n{len(splits) - len(failed)} of {len(splits)} split modes are green: {', '.join(splits)}\n"
    )
    return 1 if failed else 0


def run(runner: Path, gateway: Gateway, split: str) -> int:
    """One pass over all traffic, with streams cut in this way; the runner's exit code."""
    sys.stdout.write(f"\n== split {split} ==\n")
    sys.stdout.flush()
    command = [sys.executable, str(runner), "--base-url", gateway.base_url, "--api-key", gateway.key]
    command += ["--upstream-port", UPSTREAM_PORT, "--model", "persona/demo", "--expect-persona-text", PROMPT]
    return subprocess.run([*command, "--split", split], check=False, cwd=runner.parent).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
