"""A gateway that runs finds out by itself which of its models are switched off, and tells it everywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import json_answer
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.slow

LISTED = {"data": [{"id": "old", "shutdown_date": "2027-02-01"}, {"id": "new", "shutdown_date": None}]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


def test_a_model_that_goes_is_told_of_everywhere(
    upstream: ScriptedUpstream, receiver: Receiver, tmp_path: Path
) -> None:
    upstream.by_path("/models", json_answer(LISTED))
    config = upstream_table("main", upstream.base_url, 'default_model = "new"')
    config += f'[egress]\nallow = ["{receiver.place}"]\n[alerts]\nmodels_hours = 0.00001\n'
    gateway = Gateway(tmp_path, config).start()
    hook = {"url": receiver.url("/hook"), "events": ["model.retiring"]}
    assert fetch(gateway, "/v1/webhooks", hook).status == 201
    persona = {"slug": "keeper", "name": "Keeper", "prompt": "You keep the light.", "upstreams": ["main/old"]}
    assert fetch(gateway, "/v1/personas", persona).status == 201
    until(lambda: receiver.at("/hook"), 60)
    (told,) = receiver.at("/hook")
    data = told.event["data"]
    assert (data["upstream"], data["model"], data["shutdown_date"]) == ("main", "old", "2027-02-01")
    ready = fetch(gateway, "/health/ready").json
    assert ready["retiring_models"] == {"main/old": "2027-02-01"}
    (line,) = [line for line in gateway.cli("doctor", check=False).splitlines() if "models.main/old" in line]
    assert "2027-02-01" in line
    assert gateway.stop() == 0
    said = "the upstream main switches off the model old on 2027-02-01"
    assert gateway.log().count(said) == 1
