"""Pipelines are files, and one that no run could follow is refused at the start."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, Generation
from gateway.runs.pipeline import FOLDER, packaged
from gateway.runs.pipelines import Pipelines

OWN = (FOLDER / "default.yml").read_text("utf-8").replace("name: default", "name: own", 1)


def known(folder: Path, pipeline: str = "default") -> Pipelines:
    return Pipelines(Config(generation=Generation(pipelines=str(folder), pipeline=pipeline)))


def test_those_of_the_operator_stand_beside_those_of_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(OWN.replace("rounds: 1", "rounds: 3", 1), "utf-8")
    found = known(tmp_path, "own")
    assert {name: each.source for name, each in found.known.items()} == {
        "default": "packaged",
        "strict-audit": "packaged",
        "own": "operator",
    }
    own = found.find(None)
    assert own is not None
    assert (own.name, own.rounds) == ("own", 3)
    assert own.fingerprint != packaged().fingerprint


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("name: own", "name: default", "another pipeline is called"),
        ("{occupation}", "{occupation.__class__}", "stands for nothing"),
        ("type: boolean", "type: boolean, pattern: a", "pattern"),
        ("- name: audit", "- name: audits", "the last ones"),
        ("layer: soul", "layer: body", "at least one `layer`"),
        ("temperature: 0.7", "temperature: 7", "temperature"),
        ("rounds: 1", "rounds: 1\nupstream: nowhere", "names no configured upstream"),
        ("blocked: {", "stopped: {", "a property `blocked` is needed"),
    ],
)
def test_a_file_that_holds_none_is_refused_with_its_reason(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    assert before in OWN
    (tmp_path / "own.yml").write_text(OWN.replace(before, after, 1), "utf-8")
    with pytest.raises(ConfigError, match=told):
        known(tmp_path).require()


def test_an_active_pipeline_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="is none of default, strict-audit"):
        Pipelines(Config(generation=Generation(pipeline="strict"))).require()
