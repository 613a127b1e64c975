"""What a plan, a price and the operator's own pipelines have to say of runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runs.pipeline import FOLDER
from tests.e2e.wire import fetch
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.runs.conftest import PRICES
from tests.runs.test_runs import create, ended, post

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh")]

OWN = (FOLDER / "default.yml").read_text("utf-8").replace("name: default", "name: house", 1)
LINES = '[generation]\npipeline = "house"\npipelines = "pipelines"\n[workspaces.default]\nplan = "pro"\n'


@pytest.fixture(scope="module")
def house(drafts: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose own pipeline asks a model that nobody knows the price of."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "pipelines").mkdir()
    text = OWN.replace("rounds: 1", "rounds: 1\nupstream: main/house-model", 1)
    (folder / "pipelines" / "house.yml").write_text(text, "utf-8")
    lines = ('default_model = "gpt-4o-mini"', 'models = ["house-model"]')
    gateway = Gateway(folder, upstream_table("main", drafts.base_url, *lines) + PRICES + LINES + PATIENT)
    yield gateway.start()
    assert gateway.stop() == 0


def test_the_operators_pipeline_is_followed_and_no_other_may_be_named(
    house: Gateway, drafts: ScriptedUpstream
) -> None:
    made = create(house)
    assert made.status == 201, made.body
    assert {json.loads(seen.body)["model"] for seen in drafts.seen} == {"house-model"}
    run = fetch(house, f"/v1/runs/{made.json['run']['id']}").json
    assert (run["pipeline"], run["cost_usd"]) == ("house", None)
    refine = f"/v1/personas/{made.json['id']}/refine"
    for reply in (
        create(house, pipeline="strict-audit"),
        post(house, refine, {"instruction": "Let her be curt.", "pipeline": "default"}),
    ):
        assert (reply.status, reply.error["code"]) == (403, "pipeline.not_in_plan")
        assert "run_id" not in reply.error
    assert create(house, pipeline="house").status == 201


def test_a_budget_needs_a_price(house: Gateway, drafts: ScriptedUpstream) -> None:
    reply = create(house, budget_usd=5)
    assert (reply.status, reply.error["code"]) == (422, "budget.price_unknown")
    assert "main/house-model" in reply.error["message"]
    assert ended(house, reply.error["run_id"])["status"] == "failed"
    assert drafts.seen == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("steps: [", "house.yml"), (OWN.replace("layer: soul", "layer: body"), "at least one `layer`")],
)
def test_a_gateway_does_not_start_with_a_pipeline_that_is_none(
    house: Gateway, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "house.yml").write_text(text, "utf-8")
    done = Gateway(tmp_path, house.config.read_text("utf-8"))
    with pytest.raises(AssertionError, match=told):
        done.start()
    done.stop()
    assert "Traceback" not in done.log()
