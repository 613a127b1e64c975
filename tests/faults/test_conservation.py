"""What budgets count and what the rows of turns say is the same, however calls end."""

from pathlib import Path

from tests.api.conftest import statement
from tests.conftest import Start
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.faults import conservation


def test_budgets_and_rows_agree_over_four_processes(
    start: Start, upstream: ScriptedUpstream, place: Path | str
) -> None:
    conservation.script(upstream)
    store = f'[store]\nurl = "{place}"\n' if isinstance(place, str) else ""
    gateway = start(conservation.configuration(upstream) + store, "--workers", "4")
    keys = conservation.prepare(gateway, 3)
    told = conservation.spend(gateway, keys, 120, seed=1)
    assert {end for end, _ in told} == set(conservation.ENDS)

    def settled() -> conservation.Sums | None:
        found = conservation.sums(lambda wanted: statement(gateway, wanted))
        return None if found.held else found

    found = until(settled, 60)
    assert found is not None
    assert found.agree, found
    assert found.rows[0] > 0
