"""`python -m tests.faults.writer CONFIG` forks processes that write into a store until they are killed.

For each line on standard input one is forked: `commands` runs the product's commands one after the other,
`turns` records turns. Standard output tells, line by line, what was started and which command has
returned.
"""

import asyncio
import contextlib
import io
import json
import os
import signal
import sys
from pathlib import Path

from gateway import config, ids
from gateway.cli import keys, personas, root
from gateway.storage import migrate
from gateway.storage.database import Database
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from tests.fakes.turn import new_turn

SLUG = "guide"
LOADED = (keys, personas, migrate)


def main() -> None:
    place = Path(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        kind, number = line.split()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            # Whoever hears this may kill the group, which is there by now.
            say("started", os.getpid())
            if kind == "commands":
                commands(place, int(number))
            else:
                asyncio.run(turns(place))


def say(*words: object) -> None:
    """Write once, so that the lines of several processes do not mix."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def commands(place: Path, number: int) -> None:
    """Push a version, move a label to it and make a key, again and again."""
    file = place.with_name(f"{SLUG}.yml")
    while True:
        number += 1
        file.write_text(json.dumps({"slug": SLUG, "prompt": f"Prompt {number}."}))
        run(place, "personas", "push", str(file))
        say("pushed", number)
        run(place, "personas", "label", SLUG, "stable")
        say("labelled", number)
        run(place, "keys", "create", "--name", f"key{number}")
        say("minted", number)


def run(place: Path, *arguments: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        root.persona.main([*arguments, "--config", str(place)], standalone_mode=False)


async def turns(place: Path) -> None:
    """Record as many turns as the store takes."""
    settings = config.load(place, secrets=False)
    recorder = Recorder(Database(settings.store.url), settings.turns)
    while True:
        for _ in range(20):
            recorder.record(turn())
        await recorder.flush()


def turn() -> Turn:
    return new_turn(
        id=ids.new("msg"),
        request_id=ids.new("req"),
        workspace_id="ws_load",
        key_id="key_load",
        model="persona/guide",
        created_at=0,
    )


if __name__ == "__main__":
    main()
