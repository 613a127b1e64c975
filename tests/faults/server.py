"""Requests to a gateway that loses one of its parts, and what became of them."""

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events
from tests.faults.proc import PROC

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")


ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
STREAM: dict[str, Any] = {**ASK, "stream": True}


def table(upstream: ScriptedUpstream, *more: str) -> str:
    return "\n".join([upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"'), *more, ""])


def statuses(gateway: Gateway) -> Counter[tuple[str, str | None]]:
    """Count how many turns have ended how."""
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        return Counter(store.execute("SELECT status, error FROM turns").fetchall())


def ready(gateway: Gateway) -> dict[str, Any]:
    state: dict[str, Any] = fetch(gateway, "/health/ready").json
    return state


def two_kinds(gate: Gate) -> Answer:
    """Streams that say `end` end when the gate is opened, all others go on."""
    ending = events([chunk("first"), gate, chunk("second"), chunk(finish="stop")])
    staying = events([chunk("first"), Gate()])
    return lambda seen: ending if "end" in seen.json["messages"][-1]["content"] else staying
