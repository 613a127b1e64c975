"""A newcomer can paste what the README says, and it works as it stands there."""

import json
import re
import warnings
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.config import Config, Keys, Store
from gateway.drift.verdict import LINES_NEEDED
from tests.fakes.process import Gateway

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def block(language: str, about: str) -> str:
    """Find the first block of this language that mentions something."""
    found: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return next(text for name, text in found if name == language and about in text)


def test_the_persona_file_can_be_pushed_with_nothing_configured(tmp_path: Path) -> None:
    store = Gateway(tmp_path, "")
    (tmp_path / "bookshop.yml").write_text(block("yaml", "slug: bookshop"), "utf-8")
    store.cli("db", "upgrade")
    lines = [line.partition("#")[0].split() for line in block("sh", "personas push").splitlines()]
    commands = [words[1:] for words in lines if words[:1] == ["persona"] and words[1] == "personas"]
    assert [words[1] for words in commands] == ["push", "label", "pull", "diff"]
    assert "".join(store.cli(*words) for words in commands) == block("", "bookshop v1 (created)")
    shown = json.loads(store.cli("personas", "show", "bookshop", "--json"))
    assert shown["labels"] == {"production": 1}
    assert len(shown["examples"]) >= LINES_NEEDED


@pytest.mark.parametrize("provider", ["openai", "ollama", "vllm", "openrouter"])
def test_each_provider_s_table_is_a_whole_configuration(tmp_path: Path, provider: str) -> None:
    keys = {"OPENAI_API_KEY": "sk-test", "OPENROUTER_API_KEY": "sk-test"}
    gateway = Gateway(tmp_path, block("toml", f"[upstreams.{provider}]"), **keys)
    assert f'upstreams = ["{provider}/' in gateway.cli("check")


def test_the_places_of_the_api_that_it_names_are_there() -> None:
    config = Config(keys=Keys(pepper="of a test"), store=Store(url="sqlite:///nowhere.db"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paths = {route.path for route in create_app(config).litestar.routes}
    named = re.findall(r"`(/v1/[a-z/]+)`", README)
    assert named
    assert [place for place in named if not any(path.startswith(place) for path in paths)] == []
