"""`persona population`: a population is made, validated, written out and pushed."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from gateway.cli.population import population
from tests.api.test_studio import answering
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.studio.crowds import PLAN, member


@pytest.mark.slow
def test_a_population_is_made_validated_exported_and_pushed(
    upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    upstream.always(answering())
    gateway = Gateway(tmp_path, upstream_table("main", upstream.base_url, 'default_model = "m"')).start()
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), "utf-8")
    made = ("--count", "5", "--seed", "7", "--blueprint", "plan.json", "-o", "p.json")
    assert "5 personas are in p.json" in gateway.cli("population", "generate", "Neighbours.", *made)
    assert len(json.loads((tmp_path / "p.json").read_text("utf-8"))["personas"]) == 5
    crowd = [msgspec.to_builtins(member(number)) for number in range(12)]
    (tmp_path / "crowd.json").write_text(json.dumps({"personas": crowd}), "utf-8")
    crowded, files = str(tmp_path / "crowd.json"), tmp_path / "files"
    assert "12 of 12 personas pass" in CliRunner().invoke(population, ["validate", crowded]).output
    assert "ada-okafor-0 v1" in gateway.cli("population", "push", "crowd.json")
    assert CliRunner().invoke(population, ["export", crowded, "--to", str(files)]).exit_code == 0
    assert len(list(files.glob("*.yml"))) == 12
    crowd[3]["system_prompt"] = "You are somebody else."
    (tmp_path / "crowd.json").write_text(json.dumps({"personas": crowd}), "utf-8")
    refused = CliRunner().invoke(population, ["validate", crowded])
    assert refused.exit_code != 0
    assert gateway.stop() == 0
