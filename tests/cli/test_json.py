"""What a command prints with `--json` has the shape that HTTP gives it, here as there."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.cli.conftest import Persona, Remote
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until


@pytest.fixture
def busy(remote: Remote, served: Gateway) -> str:
    """A workspace in which something has happened; the id of its one turn."""
    file, text = Path("bookshop.yml"), "slug: bookshop\nprompt: A night costs 80 EUR.\nexamples: [Hush.]\n"
    for more in ("", "tags: [demo]\nlanguage: de\n"):
        file.write_text(text + more, "utf-8")
        remote("personas", "push", "bookshop.yml")
    remote("personas", "label", "bookshop@v1", "production")
    with openai.OpenAI(base_url=served.base_url, api_key=remote.key) as client:
        client.chat.completions.create(
            model="persona/bookshop", messages=[{"role": "user", "content": "Hi"}], user="x"
        )
    (turn,) = until(lambda: json.loads(remote("turns", "--json").out)) or [{}]
    return str(turn["id"])


CASES = {
    "personas list": "/v1/personas",
    "personas show bookshop": "/v1/personas/bookshop",
    "personas show bookshop@v1": "/v1/personas/bookshop/versions/v1",
    "personas diff bookshop v2": "/v1/personas/bookshop/versions/v1/diff/v2",
    "drift rules bookshop": "/v1/personas/bookshop/rules",
    "turns": "/v1/turns",
    "turns show {turn}": "/v1/turns/{turn}",
    "usage": "/v1/usage",
    "usage --by persona --persona bookshop": "/v1/usage?by=persona&persona=bookshop",
    "audit": "/v1/audit",
    "audit --action label.": "/v1/audit?action=label.",
    "keys list": "/v1/keys",
}


@pytest.mark.parametrize("command", CASES)
def test_it_is_what_http_says(
    persona: Persona, remote: Remote, served: Gateway, busy: str, command: str
) -> None:
    told: Any = fetch(served, CASES[command].format(turn=busy), key=remote.key).json
    listed = told["data"] if isinstance(told, dict) and "has_more" in told else told
    words = [*command.format(turn=busy).split(), "--json"]
    here, there = json.loads(persona(*words, *remote.there).out), json.loads(remote(*words).out)
    for found in (here, there):
        if command == "keys list":
            # A request is a use.
            found, listed = ([{**key, "last_used_at": None} for key in keys] for keys in (found, listed))
        assert found == listed
    assert listed


def test_a_turn_is_told_in_words(persona: Persona, remote: Remote, busy: str) -> None:
    here, there = persona("turns", "show", busy, *remote.there).out, remote("turns", "show", busy).out
    assert here == there
    assert "persona/bookshop" in here
    assert "verdict" in here
    assert "turns show" not in here
    for run in (remote, lambda *words, code: persona(*words, *remote.there, code=code)):
        run("turns", "show", "msg_nothing", code=1)


def test_a_turn_names_a_fact_by_its_sentence(
    persona: Persona, remote: Remote, served: Gateway, busy: str
) -> None:
    facts = json.loads(remote("drift", "rules", "bookshop", "--json").out)["facts"]
    fact = next(one for one in facts if one["value"] == 80)
    clash = {"name": "name-clash", "axis": "values", "p": 0.01, "basis": fact["id"]}
    with closing(sqlite3.connect(served.folder / "persona.db")) as store, store:
        explain = json.dumps({"values_basis": "fields", "signals": [clash]})
        store.execute("UPDATE turns SET explain = ? WHERE id = ?", (explain, busy))
    for found in (remote("turns", "show", busy), persona("turns", "show", busy, *remote.there)):
        assert f"against {fact['id']} (A night costs 80 EUR.)" in found.out


def test_options_stand_behind_the_subcommand(persona: Persona) -> None:
    assert "behind `show`" in persona("turns", "--limit", "3", "show", "msg_a", code=2).err
