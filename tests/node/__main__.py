"""`python -m tests.node` fetches the packages that are not there yet, and says where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.node import FOLDER, MODULES, found_first, wheel

WANTED = Path(__file__).with_name("package.json")
HERE = FOLDER / WANTED.name
MINUTES = 5


def main() -> int:
    if MODULES.is_dir() and HERE.is_file() and HERE.read_bytes() == WANTED.read_bytes():
        return 0
    FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(WANTED, HERE)
    npm = wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = (
        "--prefix",
        str(FOLDER),
        "--no-audit",
        "--no-fund",
        "--no-save",
        "--silent",
        "--ignore-scripts",
        "--fetch-retries=1",
    )
    command = [str(wheel() / "bin" / "node"), str(npm), "install", *options]
    try:
        # Only the machine's own variables tell how its network is reached: proxies, certificates.
        done = subprocess.run(command, env=os.environ | found_first(), check=False, timeout=MINUTES * 60)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        HERE.unlink()
        sys.stderr.write("npm cannot be reached, so that tests of programs in JavaScript will be skipped.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
