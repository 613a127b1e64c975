"""Commands on a gateway somewhere else: they say and do there what they say and do here."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import openai
import pytest

from gateway.auth import keys
from tests.cli.conftest import Ended, Persona, Remote
from tests.fakes.process import Gateway
from tests.fakes.until import until

BOOKSHOP = """\
slug: bookshop
name: The [b]Bookshop[/b]
tags:
- demo
language: tr
prompt: |-
  Çayı demli içersin.
  Answer softly.
examples:
- Buyrun.
layers:
  soul:
    values:
      kept:
      - word
    rank: 1.5
overlay: locked
defaults:
  temperature: 0.7
headers:
  X-Shop: '1'
"""
PASSING = re.compile(r"\w+_[0-9A-Za-z]{20}|\d{4}-\d\d-\d\dT[0-9:.]+Z|pk_live_\w+")
NO_GATEWAY = "http://127.0.0.1:1"


@pytest.fixture
def bookshop(folder: Path) -> Path:
    path = folder / "bookshop.yml"
    path.write_text(BOOKSHOP, "utf-8")
    return path


def masked(ended: Ended) -> tuple[int, str]:
    """Return what a command says, without ids, times and keys."""
    return ended.code, PASSING.sub("…", ended.out)


def records(ended: Ended) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(ended.out)
    return found


def walk(run: Callable[..., Ended], file: Path) -> Iterator[Ended]:
    """Do everything that can be done with a persona."""
    for old, new in (("", ""), ("", ""), ("softly", "loudly"), ("- demo", "- fiction")):
        file.write_text(file.read_text("utf-8").replace(old, new) if old else BOOKSHOP, "utf-8")
        yield run("personas", "push", str(file))
    for args in (
        ["label", "bookshop@v1", "beta"],
        ["label", "bookshop", "beta"],
        ["label", "bookshop@beta", "production"],
        ["show", "bookshop"],
        ["show", "bookshop@v1"],
        ["show", "persona/bookshop@production", "--json"],
        ["list"],
        ["list", "--json"],
        ["pull", "bookshop@v1"],
        ["pull", "bookshop", "-o", "pulled.yml"],
        ["push", "pulled.yml"],
    ):
        yield run("personas", *args)


def test_a_persona_goes_the_same_way_there_as_here(persona: Persona, remote: Remote, bookshop: Path) -> None:
    here = [masked(ended) for ended in walk(persona, bookshop)]
    there = [masked(ended) for ended in walk(remote, bookshop)]
    assert there == here
    told = [out.splitlines()[0] for _, out in there]
    assert told[:4] == [
        "bookshop v1 (created)",
        "bookshop v1 (unchanged)",
        "bookshop v2 (new version)",
        "bookshop v2 (profile changed, same version)",
    ]
    assert told[-1] == "bookshop v2 (unchanged)"


def test_what_is_pulled_there_is_the_file_that_was_pushed(remote: Remote, bookshop: Path) -> None:
    remote("personas", "push", str(bookshop))
    assert remote("personas", "pull", "bookshop").out == BOOKSHOP


def test_a_pushed_file_is_for_the_whole_workspace(remote: Remote, persona: Persona, bookshop: Path) -> None:
    remote("personas", "push", str(bookshop))
    (record,) = records(persona("personas", "list", "--json", *remote.there))
    assert record["visibility"] == "workspace"


def test_every_file_is_read_before_any_is_sent(remote: Remote, bookshop: Path) -> None:
    bookshop.with_name("wrong.yml").write_text("slug: b\nprompt: p\npromt: q")
    told = remote("personas", "push", "bookshop.yml", "wrong.yml", code=1).err
    assert told.startswith(
        "Error: wrong.yml: line 3, column 8: there is no key `promt`; did you mean `prompt`?"
    )
    assert records(remote("personas", "list", "--json")) == []


def test_a_file_that_the_gateway_refuses_is_named_and_what_was_sent_told(
    remote: Remote, bookshop: Path
) -> None:
    bookshop.with_name("other.yml").write_text("slug: b\nprompt: p\nupstreams: [nowhere/m]")
    ended = remote("personas", "push", "bookshop.yml", "other.yml", code=1)
    assert ended.out == "bookshop v1 (created)\n"
    assert "\nError: other.yml: `upstreams.0`: `nowhere/m` names no configured upstream" in ended.err


def test_the_configuration_here_does_not_matter_there(remote: Remote, folder: Path, bookshop: Path) -> None:
    (folder / "config.toml").write_text("[server]\nprot = 1")
    (folder / "persona.db").unlink()
    bookshop.write_text(BOOKSHOP + "upstreams: [main/gpt-4o-mini]\n", "utf-8")
    remote("personas", "push", str(bookshop))
    assert not list(folder.glob("persona.*"))


def test_a_push_takes_a_persona_out_of_the_archive(remote: Remote, bookshop: Path, served: Gateway) -> None:
    remote("personas", "push", str(bookshop))
    with openai.OpenAI(base_url=f"{served.root}/v1", api_key=remote.key) as api:
        api.delete("/personas/bookshop", cast_to=object)
    assert records(remote("personas", "list", "--json")) == []
    assert remote("personas", "push", str(bookshop)).out == "bookshop v1 (taken out of the archive)\n"
    assert remote("personas", "push", str(bookshop)).out == "bookshop v1 (unchanged)\n"


def test_a_long_list_is_read_page_by_page(remote: Remote, persona: Persona, folder: Path) -> None:
    names = [f"a-{number:03}" for number in range(205)]
    for name in names:
        (folder / f"{name}.yml").write_text(f"slug: {name}\nprompt: p")
    persona("personas", "push", *(f"{name}.yml" for name in names), *remote.there)
    assert [record["slug"] for record in records(remote("personas", "list", "--json"))] == names


@pytest.mark.parametrize("behind", ["", "/", "/v1", "/v1/", "/v1/openai", "/v1/openai/"])
def test_any_address_of_the_gateway_will_do(persona: Persona, remote: Remote, behind: str) -> None:
    place = ("--url", remote.root + behind, "--key", remote.key)
    assert records(persona("personas", "list", "--json", *place)) == []


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://a", "http://", "http://a?b", "http://a b", "http://u:p@a"]
)
def test_an_address_looks_like_one(persona: Persona, url: str) -> None:
    assert "Invalid value for '--url'" in persona("keys", "list", "--url", url, code=2).err


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nobody", "There is no such persona, or it is not yours to see."),
        ("psn_0", "There is no such persona, or it is not yours to see."),
        ("bookshop@v9", "`bookshop` has no version v9; the newest is v1"),
        ("bookshop@beta", "`bookshop` has no label `beta`; it has: latest"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    remote: Remote, bookshop: Path, ref: str, message: str
) -> None:
    remote("personas", "push", str(bookshop))
    for command in (["show", ref], ["pull", ref], ["label", ref, "beta"]):
        assert remote("personas", *command, code=1).err == f"Error: {message}\n"


def test_latest_stays_where_it_is(remote: Remote, bookshop: Path) -> None:
    remote("personas", "push", str(bookshop))
    told = remote("personas", "label", "bookshop", "latest", code=1).err
    assert told == "Error: `latest` always means the newest version and cannot be moved.\n"


def test_keys_are_made_rotated_and_revoked(remote: Remote, persona: Persona) -> None:
    wanted = ["--name", "reading room", "--scope", "chat:invoke", "--scope", "keys:manage", "--expires", "30"]
    made = remote("keys", "create", *wanted)
    assert re.fullmatch(r"pk_live_[0-9A-Za-z]{40}\n", made.out)
    assert re.fullmatch(
        rf"key_\w+ in the workspace `ws_\w+` at {remote.root}; the key is shown this once\n", made.err
    )
    key_id = made.err.split()[0]
    rotated = remote("keys", "rotate", key_id, "--grace", "0s")
    assert remote("keys", "revoke", rotated.err.split()[0]).out == f"{rotated.err.split()[0]} revoked\n"
    there, here = (
        [{**record, "last_used_at": None} for record in records(listed)]
        for listed in (remote("keys", "list", "--json"), persona("keys", "list", "--json", *remote.there))
    )
    assert there == here
    first, old, new = there
    assert old["prefix"] == keys.prefix(made.out)
    assert new["prefix"] == keys.prefix(rotated.out)
    assert old["scopes"] == new["scopes"] == ["chat:invoke", "keys:manage"]
    assert (first["operator"], old["name"], new["name"]) == (True, "reading room", "reading room")
    assert [each["revoked_at"] is None for each in there] == [True, True, False]
    assert str(old["expires_at"]) < str(new["expires_at"])


def test_a_key_without_scopes_gets_what_its_maker_has_of_the_default(
    remote: Remote, persona: Persona
) -> None:
    maker = remote("keys", "create", "--scope", "keys:manage", "--scope", "chat:invoke").out.strip()
    persona("keys", "create", "--url", remote.root, "--key", maker)
    assert records(remote("keys", "list", "--json"))[-1]["scopes"] == ["chat:invoke"]


def test_a_key_is_rotated_here_too(persona: Persona) -> None:
    made = persona("keys", "create", "--name", "ops", "--operator", "--scope", "*")
    key_id = made.err.split()[0]
    assert re.fullmatch(r"pk_live_[0-9A-Za-z]{40}\n", persona("keys", "rotate", key_id, "--grace", "0s").out)
    old, new = records(persona("keys", "list", "--json"))
    assert (new["name"], new["operator"], new["scopes"]) == ("ops", True, old["scopes"])
    assert (old["expires_at"] is None, new["expires_at"]) == (False, None)
    assert f"`{key_id}` is revoked or has ended" in persona("keys", "rotate", key_id, code=1).err
    assert "there is no key `key_0`" in persona("keys", "rotate", "key_0", code=1).err
    assert "at most 30d" in persona("keys", "rotate", key_id, "--grace", "31d", code=2).err


def test_an_unknown_key_is_told_in_one_line(remote: Remote) -> None:
    for key_id in ("key_0", "a/b?c#d", ".."):
        remote("keys", "revoke", key_id, code=1)
    assert remote("keys", "rotate", "key_0", code=1).err == "Error: There is no such key in this workspace.\n"


def test_an_operators_key_is_made_on_the_store_only(remote: Remote) -> None:
    assert "--operator is made on the store only" in remote("keys", "create", "--operator", code=1).err


def test_turns_are_listed_and_narrowed(remote: Remote, persona: Persona, served: Gateway) -> None:
    Path("b.yml").write_text("slug: b\nprompt: p")
    remote("personas", "push", "b.yml")
    with openai.OpenAI(base_url=served.base_url, api_key=remote.key) as client:
        for _ in range(3):
            client.chat.completions.create(model="persona/b", messages=[{"role": "user", "content": "Hi"}])
    there = until(lambda: len(found := records(remote("turns", "--json"))) == 3 and found) or []
    assert there == records(persona("turns", "--json", *remote.there))
    assert records(remote("turns", "--json", "--limit", "2")) == there[:2]
    assert records(remote("turns", "--json", "--persona", "b", "--since", "1h")) == there
    assert records(remote("turns", "--json", "--status", "failed")) == []
    for run, place in ((remote, ()), (persona, remote.there)):
        assert records(run("turns", "--json", "--request", str(there[0]["request_id"]), *place)) == there[:1]
    assert remote("turns").out == persona("turns", *remote.there).out
    assert remote("turns", "--persona", "nobody", code=1).err.startswith("Error: There is no such persona")


def test_the_key_may_come_from_the_environment(
    persona: Persona, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONA_API_KEY", remote.key)
    assert records(persona("personas", "list", "--json", "--url", remote.root)) == []
    assert len(records(persona("keys", "list", "--json"))) == 0


def test_a_wrong_key_names_the_remedy(persona: Persona, remote: Remote) -> None:
    told = persona("keys", "list", "--url", remote.root, "--key", "pk_live_wrong", code=1).err
    assert "`persona auth login` stores one that is valid" in told
    assert "pk_live_wrong" not in told


def test_a_missing_scope_is_named(persona: Persona, remote: Remote) -> None:
    key = remote("keys", "create", "--scope", "personas:read").out.strip()
    told = persona("keys", "list", "--url", remote.root, "--key", key, code=1).err
    assert told == "Error: This key lacks the scope `keys:manage`; use one that has it.\n"


def test_a_key_must_be_known(persona: Persona) -> None:
    told = persona("keys", "list", "--url", NO_GATEWAY, code=1).err
    assert (
        told == f"Error: a key for {NO_GATEWAY} is needed: --key, PERSONA_API_KEY or `persona auth login`\n"
    )


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "é"])
def test_a_key_that_fits_no_header_is_refused(persona: Persona, key: str) -> None:
    persona("keys", "list", "--url", NO_GATEWAY, "--key", key, code=2)


def test_a_key_alone_is_wrong_usage(persona: Persona) -> None:
    assert "--url or --remote" in persona("keys", "list", "--key", "pk_live_a", code=2).err


def test_the_key_decides_the_workspace(persona: Persona, remote: Remote) -> None:
    assert "leave --workspace out" in remote("keys", "list", "--workspace", "acme", code=2).err
    assert "does not name this key's workspace" in remote("keys", "list", "--workspace", "ws_0", code=1).err
    workspace = re.search(r"ws_\w+", remote("keys", "create").err)
    assert workspace is not None
    remote("keys", "list", "--workspace", workspace[0])


def test_nobody_there_is_told_in_one_line(persona: Persona) -> None:
    told = persona("keys", "list", "--url", NO_GATEWAY, "--key", "k", code=1).err
    assert told == f"Error: {NO_GATEWAY} cannot be reached: Connection refused\n"


class Stranger(BaseHTTPRequestHandler):
    """A server that speaks HTTP and is no gateway."""

    def do_GET(self) -> None:
        status, body = {"/moved": (301, b""), "/other": (200, b'{"data": 1}')}.get(
            self.path.split("/v1")[0], (502, b"<html>")
        )
        self.send_response(status)
        self.send_header("Location", "https://elsewhere.example")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "answers 502 in a way that no Persona Gateway does"),
        ("/moved", "sends on to https://elsewhere.example; use that address"),
        ("/other", "answers what this version of `persona` cannot read: "),
    ],
)
def test_what_is_no_gateway_is_told_in_one_line(
    persona: Persona, stranger: str, path: str, message: str
) -> None:
    told = persona("keys", "list", "--url", stranger + path, "--key", "k", code=1).err
    assert told.startswith(f"Error: {stranger}{path} {message}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "unwanted"),
    [
        (["personas", "list"], {"aiohttp", "httpx", "http.client"}),
        (["personas", "list", "--url", NO_GATEWAY, "--key", "k"], {"sqlalchemy", "alembic", "litestar"}),
    ],
)
def test_each_side_is_loaded_only_where_it_is_used(folder: Path, args: list[str], unwanted: set[str]) -> None:
    code = f"import sys; from gateway.cli.root import run; run({args}); print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=True)
    assert not unwanted & set(ended.stdout.split())
