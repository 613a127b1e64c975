"""The configuration on the command line."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.check import toml
from gateway.config import Config, load, masked
from tests.cli.conftest import Persona

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.booleans() | st.integers(0, 2**53) | st.floats(0, 1e300) | texts | st.lists(texts, max_size=3)
tables = st.recursive(
    st.dictionaries(texts, values, max_size=3),
    lambda inner: st.dictionaries(texts, values | inner, max_size=3),
    max_leaves=6,
)


def test_the_defaults_are_shown_without_a_file(persona: Persona) -> None:
    shown = persona("check").out
    assert shown.startswith("# from built-in defaults")
    assert tomllib.loads(shown)["server"]["port"] == 8080


def test_what_is_shown_reads_back_as_the_same_configuration(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text(
        "[upstreams.my-own]\nbase_url = 'http://127.0.0.1:1/v1'\ndefault_model = 'm'\nmodels = ['a', 'b']"
    )
    shown = persona("check").out
    assert shown.startswith(f"# from {folder}/config.toml\n")
    (folder / "shown.toml").write_text(shown)
    assert load(folder / "shown.toml", {}) == load(folder / "config.toml", {})


def test_overrides_count(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONA__SERVER__PORT", "9090")
    assert tomllib.loads(persona("check").out)["server"]["port"] == 9090


def test_secrets_are_masked(persona: Persona, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_KEY", "sk-hidden-1")
    (folder / "config.toml").write_text(
        "[upstreams.openai]\napi_key_env = 'OPENAI_KEY'\nheaders = {x-key = 'hidden-2'}\n"
        "[upstreams.ollama]\napi_key = 'hidden-3'\n[keys]\npepper = 'hidden-4'"
    )
    shown = persona("check").out
    assert "hidden" not in shown
    assert tomllib.loads(shown)["upstreams"]["openai"]["headers"] == {"x-key": "***"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nport = 'x'", "config.toml: [server] port: Expected `int`, got `str`"),
        ("[server]\nprot = 1", "config.toml: table [server] has no key `prot`; did you mean `port`?"),
        ("[upstreams.openai]\napi_key_env = 'NOWHERE'", "the environment variable NOWHERE is not set"),
        ("[server", "config.toml: "),
    ],
)
def test_a_mistake_is_named_by_its_place(persona: Persona, folder: Path, text: str, message: str) -> None:
    (folder / "config.toml").write_text(text)
    ended = persona("check", code=2)
    assert message in ended.err
    assert ended.out == ""


@given(tables)
def test_any_table_reads_back(table: dict[str, object]) -> None:
    assert tomllib.loads("\n".join(toml(table))) == table


def test_what_is_not_set_stands_in_a_comment() -> None:
    assert "# upstream is not set" in list(toml(masked(Config())))
