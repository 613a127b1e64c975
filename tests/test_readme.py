"""A newcomer can paste what the README says, and it works as it stands there."""

import re
from pathlib import Path

import pytest

from tests.fakes.process import Gateway

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def block(language: str, about: str) -> str:
    """Find the first block of this language that mentions something."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in found if about in text)


def test_the_persona_file_can_be_pushed_with_nothing_configured(tmp_path: Path) -> None:
    store = Gateway(tmp_path, "")
    (tmp_path / "bookshop.yml").write_text(block("yaml", "slug: bookshop"), "utf-8")
    store.cli("db", "upgrade")
    assert "v1 (created)" in store.cli("personas", "push", "bookshop.yml")
    lines = [line.partition("#")[0].split() for line in block("sh", "personas push").splitlines()]
    commands = [words[1:] for words in lines if words[:1] == ["persona"] and words[1] == "personas"]
    assert len(commands) == 3
    for words in commands:
        store.cli(*words)
    assert '"production"' in store.cli("personas", "show", "bookshop", "--json")


@pytest.mark.parametrize("provider", ["openai", "ollama", "vllm", "openrouter"])
def test_each_provider_s_table_is_a_whole_configuration(tmp_path: Path, provider: str) -> None:
    keys = {"OPENAI_API_KEY": "sk-test", "OPENROUTER_API_KEY": "sk-test"}
    gateway = Gateway(tmp_path, block("toml", f"[upstreams.{provider}]"), **keys)
    assert f'upstreams = ["{provider}/' in gateway.cli("check")
