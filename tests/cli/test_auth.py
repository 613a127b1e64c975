"""Logging in to a gateway somewhere else."""

import io
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gateway import config
from gateway.cli.root import run
from tests.cli.conftest import Persona, Remote
from tests.fakes.until import until


@pytest.fixture
def kept(folder: Path) -> Path:
    """The file in which credentials are kept."""
    return folder / ".config" / "persona" / "credentials.toml"


def test_a_login_is_kept_for_its_owner_alone(persona: Persona, remote: Remote, kept: Path) -> None:
    kept.parent.mkdir(parents=True, mode=0o755)
    ended = persona("auth", "login", "--url", remote.root + "/v1/openai", "--key", remote.key)
    assert ended.out == f"Logged in to {remote.root}; kept in {kept}\n"
    assert tomllib.loads(kept.read_text()) == {"url": remote.root, "key": remote.key}
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert list(kept.parent.iterdir()) == [kept]


def test_commands_work_where_one_has_logged_in_unless_told_otherwise(
    persona: Persona, remote: Remote, folder: Path
) -> None:
    persona("auth", "login", "--url", remote.root, "--key", remote.key)
    (folder / "a.yml").write_text("slug: a\nprompt: p")
    pushed = persona("personas", "push", "a.yml")
    assert (pushed.out, pushed.err.splitlines()[-1]) == ("a v1 (created)\n", f"written to {remote.root}")
    for there in ((), ("--remote",), ("--url", remote.root)):
        assert '"slug": "a"' in persona("personas", "list", "--json", *there).out
    for here in (("--local",), ("--config", "here.toml")):
        (folder / "here.toml").write_text("")
        assert persona("personas", "list", "--json", *here).out == "[]\n"
    pushed = persona("personas", "push", "a.yml", "--local")
    assert pushed.err.endswith(f"\nwritten to the workspace `default` of {folder}/persona.db\n")
    told = persona("personas", "list", "--local", "--remote", code=2).err
    assert told.startswith("Error: --local is for the store here; leave --url and --remote out")


def test_a_kept_key_goes_to_its_own_gateway_only(persona: Persona, remote: Remote) -> None:
    persona("auth", "login", "--url", remote.root, "--key", remote.key)
    told = persona("keys", "list", "--url", "http://127.0.0.1:1", code=1).err
    assert told.startswith("Error: a key for http://127.0.0.1:1 is needed: --key or PERSONA_API_KEY;")


def test_a_given_key_comes_before_the_kept_one(persona: Persona, remote: Remote) -> None:
    persona("auth", "login", "--url", remote.root, "--key", remote.key)
    persona("keys", "list", "--remote")
    persona("keys", "list", "--remote", "--key", "pk_live_other", code=1)


def test_a_key_of_any_scope_will_do(persona: Persona, remote: Remote) -> None:
    key = remote("keys", "create", "--scope", "chat:invoke").out.strip()
    persona("auth", "login", "--url", remote.root, "--key", key)


def test_a_key_that_is_refused_is_not_kept(persona: Persona, remote: Remote, kept: Path) -> None:
    persona("auth", "login", "--url", remote.root, "--key", "pk_live_wrong", code=1)
    persona("auth", "login", "--url", "http://127.0.0.1:1", "--key", remote.key, code=1)
    assert not kept.exists()


def test_a_key_may_come_through_a_pipe(
    persona: Persona, remote: Remote, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(remote.key + "\n"))
    ended = persona("auth", "login", "--url", remote.root)
    assert remote.key not in ended.out + ended.err
    assert tomllib.loads(kept.read_text())["key"] == remote.key


def test_what_is_missing_is_asked_for_and_the_key_is_hidden(remote: Remote, folder: Path, kept: Path) -> None:
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "auth", "login"],
        stdin=end,
        stdout=end,
        stderr=end,
        cwd=folder,
        start_new_session=True,
    )
    os.close(end)
    shown = b""
    for asked, typed in ((b"8080]: ", remote.root), (b"Key: ", remote.key), (b"Logged in", "")):
        while asked not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, typed.encode() + b"\n")
    assert process.wait(25) == 0
    os.close(terminal)
    assert remote.root.encode() in shown
    assert remote.key.encode() not in shown
    assert tomllib.loads(kept.read_text()) == {"url": remote.root, "key": remote.key}


def test_the_status_shows_the_public_part_of_the_key(persona: Persona, remote: Remote, kept: Path) -> None:
    persona("auth", "login", "--url", remote.root, "--key", remote.key)
    shown = persona("auth", "status").out
    assert shown.splitlines() == [
        f"gateway     {remote.root}",
        f"key         {remote.key[:18]}…",
        f"file        {kept}",
        "state       works",
    ]


def test_the_status_says_when_the_key_works_no_more(persona: Persona, remote: Remote) -> None:
    made = remote("keys", "create")
    persona("auth", "login", "--url", remote.root, "--key", made.out.strip())
    remote("keys", "revoke", made.err.split()[0])
    until(lambda: run(["auth", "status"]) == 1)
    ended = persona("auth", "status", code=1)
    assert ended.err.startswith("Error: This API key is not valid")
    assert "works" not in ended.out


def test_nobody_is_logged_in_at_first(persona: Persona) -> None:
    told = persona("auth", "status", code=1).err
    assert told == "Error: you are not logged in; `persona auth login` changes that\n"
    told = persona("personas", "list", "--remote", code=1).err
    assert told == "Error: no gateway is known: --url or `persona auth login`\n"


def test_a_logout_forgets(persona: Persona, remote: Remote, kept: Path) -> None:
    persona("auth", "login", "--url", remote.root, "--key", remote.key)
    assert persona("auth", "logout").out == "Logged out.\n"
    assert not kept.exists()
    assert persona("auth", "logout").out == "You were not logged in.\n"


@pytest.mark.parametrize("text", ["url = 1", "url = 'http://a'", "nonsense", "\udcff"])
def test_a_spoilt_file_is_named(persona: Persona, kept: Path, text: str) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_bytes(text.encode("utf-8", "surrogateescape"))
    told = persona("keys", "list", "--remote", code=1).err
    assert told.startswith(f"Error: {kept}: ")
    assert told.endswith("; `persona auth login` writes it anew\n")


def test_the_users_folder_follows_xdg_unless_that_is_relative() -> None:
    home = Path.home() / ".config" / "persona"
    assert config.user_folder({"XDG_CONFIG_HOME": "/x"}) == Path("/x/persona")
    assert config.user_folder({}) == config.user_folder({"XDG_CONFIG_HOME": "x"}) == home
