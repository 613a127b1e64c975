"""The pipelines that there are: those that come with the gateway, and the operator's own."""

from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from gateway import config
from gateway.config import Config, ConfigError
from gateway.runs.pipeline import DEFAULT, FOLDER, Pipeline, PipelineError, packaged, read

BYTES = 256 * 1024
FILES = 100
Source = Literal["packaged", "operator"]


class Known(NamedTuple):
    pipeline: Pipeline
    source: Source


class Pipelines:
    """Reads them when they are first asked for, since most processes never are."""

    def __init__(self, settings: Config) -> None:
        self._config = settings
        self.active = settings.generation.pipeline

    @cached_property
    def known(self) -> dict[str, Known]:
        """All of them can be had by their names, the gateway's own first. Raises ConfigError."""
        found = {path.stem: Known(packaged(path.stem), "packaged") for path in sorted(FOLDER.glob("*.yml"))}
        folder = self._config.generation.pipelines
        for path in _files(folder) if folder else ():
            pipeline = _read(path)
            if pipeline.name in found:
                raise ConfigError(f"{path}: another pipeline is called `{pipeline.name}` too")
            named = {stage.upstream for stage in (*pipeline.steps, *pipeline.refine)}
            for upstream in {pipeline.upstream, *named} - {None}:
                config.route(self._config, str(upstream))
            found[pipeline.name] = Known(pipeline, "operator")
        if self.active not in found:
            raise ConfigError(f"[generation] pipeline: `{self.active}` is none of {', '.join(found)}")
        return found

    def require(self) -> None:
        """Raises ConfigError where runs could not follow what the configuration names."""
        if self._config.generation.pipelines or self.active != DEFAULT:
            # To read them is to check them.
            self.known  # noqa: B018

    def find(self, name: str | None) -> Pipeline | None:
        """Find the one that a request names, or the active one; `None` where there is none of this name."""
        known = self.known.get(self.active if name is None else name)
        return None if known is None else known.pipeline


def _files(folder: str) -> list[Path]:
    place = Path(folder)
    if not place.is_dir():
        raise ConfigError(f"[generation] pipelines: {folder} is no directory")
    found = sorted(path for path in place.iterdir() if path.suffix in (".yml", ".yaml"))
    if len(found) > FILES:
        raise ConfigError(f"[generation] pipelines: {folder} holds more than {FILES} files")
    return found


def _read(path: Path) -> Pipeline:
    try:
        if path.stat().st_size > BYTES:
            raise ConfigError(f"{path}: is longer than {BYTES // 1024} KiB")
        return read(path.read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}") from None
    except PipelineError as error:
        raise ConfigError(f"{path}: {error}") from None
