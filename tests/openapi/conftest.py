"""Tests of the document share these."""

import warnings
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.exceptions import LitestarDeprecationWarning

from gateway import config
from gateway.app import create_app
from gateway.openapi.document import build
from tests.fakes.process import upstream_table
from tests.openapi.described import Document


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """The application of a worker that does not run."""
    place: Path = tmp_path_factory.mktemp("openapi") / "config.toml"
    place.write_text(
        upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "gpt-4o-mini"'), "utf-8"
    )
    with warnings.catch_warnings():
        # It is Litestar's affair how parameters are best declared, and not tested here.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        made = create_app(config.load(place, {"PERSONA__KEYS__PEPPER": "of a test"})).litestar
        # It looks at the parameters of each route now.
        _ = made.openapi_schema
    return made


@pytest.fixture(scope="session")
def document(application: Litestar) -> Document:
    return Document(build(application))
