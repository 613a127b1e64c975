"""`persona drift history` draws the same figures that the API tells, here and on a gateway."""

import json

from gateway.cli.drift_history import sparkline
from tests.conftest import LIBRARIAN, Start
from tests.e2e.wire import fetch
from tests.fakes.process import upstream_table
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

SLUG = LIBRARIAN.removeprefix("persona/")


def test_the_history_is_drawn_here_and_told_by_a_gateway(start: Start, upstream: ScriptedUpstream) -> None:
    gateway = start(upstream_table("main", upstream.base_url, 'default_model = "m"'))
    fetch(gateway, body={"model": LIBRARIAN, "messages": [{"role": "user", "content": "Who are you?"}]})
    until(gateway.turns)
    shown = gateway.cli("drift", "history", SLUG)
    assert f"{SLUG}@v1 on main/m: 1 turns" in shown
    assert "coherence" in shown
    told = fetch(gateway, f"/v1/personas/{SLUG}/drift").json
    assert json.loads(gateway.cli("drift", "history", f"{SLUG}@v1", "--json")) == told
    one = gateway.cli("drift", "history", SLUG, "--bucket", "hour", "--since", "1h", "--upstream", "main/m")
    assert "1 turns" in one
    assert gateway.cli("drift", "history", SLUG, "--upstream", "other/m") == ""


def test_bars_are_as_high_as_their_levels() -> None:
    assert sparkline([]) == ""
    assert sparkline([0.0, 0.5, None, 1.0]) == "▁▅·█"
    assert sparkline([0.01, 0.02]) == "▁▁"
    assert sparkline([1.0, 5.0], 1.0) == "▁█"
