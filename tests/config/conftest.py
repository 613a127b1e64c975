"""Tests of the configuration share a loader of files."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, load

MAIN = '[upstreams.main]\nbase_url = "http://upstream.test/v1"\ndefault_model = "m"\n'


class Loader:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str = "", **environ: str) -> Config:
        self.path.write_text(text)
        return load(self.path, environ)

    def mistake(self, text: str = "", **environ: str) -> str:
        with pytest.raises(ConfigError) as caught:
            self(text, **environ)
        return str(caught.value).replace(str(self.path), "FILE")


@pytest.fixture
def loaded(tmp_path: Path) -> Loader:
    """Loads a configuration file of this text."""
    return Loader(tmp_path / "persona.toml")
