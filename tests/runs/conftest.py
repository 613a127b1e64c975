"""One gateway makes personas for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.runs.drafts import drafting

PRICES = '[upstreams.main.prices]\n"gpt-4o-mini" = { input = 1000, output = 1000 }\n'


@pytest.fixture(scope="package")
def drafts() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="package")
def studio(drafts: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose model drafts personas, at a dollar for a thousand tokens."""
    table = upstream_table("main", drafts.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("studio"), table + PRICES + PATIENT).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def fresh(drafts: ScriptedUpstream) -> Iterator[None]:
    drafts.reset()
    drafts.always(drafting())
    yield
    drafts.reset()
