"""What the bundled model gets wrong is put right, as far as a demonstration needs it."""

from typing import Any

import pytest

from gateway import config
from gateway.studio import blueprint, demonstration
from gateway.studio.gates import Gates
from gateway.studio.wording import Faults
from gateway.upstreams.local import LocalModelMissing, find_weights
from tests.api.conftest import User
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway
from tests.fakes.until import until
from tests.studio.crowds import PLAN, member, plan


def test_a_plan_keeps_what_can_be_drawn_from() -> None:
    fields: list[dict[str, Any]] = [
        {"name": "age", "type": "integer", "distribution": {"min": 18, "max": 60}},
        {"name": "age", "type": "number", "distribution": {"min": 0, "max": 1}},
        {"name": "role", "type": "category", "distribution": {"weights": {}}},
        {"name": "turned", "type": "number", "distribution": {"min": 9, "max": 1}},
        {"name": "  ", "type": "text"},
    ]
    made = demonstration.mended(fields)
    assert made["fields"] == [fields[0], {"name": "role", "type": "text"}, {"name": "turned", "type": "text"}]
    assert blueprint.check(made, Faults()) is not None


def test_words_lose_their_marks_and_the_prompt_gets_the_name() -> None:
    assert demonstration.clean({"a": "**Bo**\n", "b": " # "}) == {"a": "Bo", "b": "unknown"}
    nameless = member(3, name="Somebody Else")
    named = demonstration.named(nameless, "Somebody Else")
    gates = {gate.name: gate.passed for gate in Gates(plan()).score(named).gates}
    assert gates["prompt_names_persona"]


@pytest.mark.local_model
@pytest.mark.serial
def test_a_population_comes_without_a_provider(tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        find_weights(config.Local())
    except LocalModelMissing as missing:
        pytest.skip(str(missing))
    gateway = Gateway(tmp_path_factory.mktemp("demonstration"), "").start()
    me = User(gateway, gateway.key)
    body = {"prompt": "Neighbours.", "count": 2, "seed": 7, "blueprint": {"fields": PLAN["fields"][:2]}}
    job = me.post("/personas/actions/generate", body).json["id"]
    place = f"/v1/personas/repositories/Population/by-id/{job}"
    until(lambda: fetch(gateway, place).json["status"] in ("succeeded", "failed"), within=300)
    found = fetch(gateway, place).json
    assert (found["status"], len(found["personas"])) == ("succeeded", 2)
    assert gateway.stop() == 0
