"""A gateway whose pictures lie in a bucket: workers show what one has kept, and another process erases it."""

from pathlib import Path

import pytest

from tests.e2e.wire import fetch
from tests.fakes.pictures import PICTURE, painted
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.s3 import S3
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream

pytestmark = pytest.mark.slow

PERSONAS = "/api/projects/portrayed/personas"


def test_pictures_are_kept_in_a_bucket_and_erased_there(upstream: ScriptedUpstream, tmp_path: Path) -> None:
    upstream.by_path("/images/generations", painted(PICTURE))
    with S3() as s3:
        config = upstream_table("main", upstream.base_url, 'default_model = "m"')
        config += f'[images]\nupstream = "main"\nstore = "s3://{s3.bucket}/all"\nendpoint = "{s3.root}"\n'
        config += f'region = "{s3.region}"\n[projects]\nnames = {{ portrayed = "default" }}\n'
        keys = {"AWS_ACCESS_KEY_ID": s3.access_key, "AWS_SECRET_ACCESS_KEY": s3.secret_key}
        gateway = Gateway(tmp_path, config, "--workers", "2", **keys).start()
        made = fetch(gateway, PERSONAS, {"name": "Edith", "systemPrompt": "You are Edith."}).json
        image = fetch(gateway, f"{PERSONAS}/{made['id']}/generate-image", {}).json["imageUrl"]
        assert s3.objects == {f"/{s3.bucket}/all/{image}": PICTURE}
        assert {fetch(gateway, f"/api/images/{image}").body for _ in range(6)} == {PICTURE}
        assert fetch(gateway, f"{PERSONAS}/{made['id']}", method="DELETE").status == 204
        until(lambda: not s3.objects, within=60)
        errors = gateway.errors()
        assert gateway.stop() == 0
    assert s3.secret_key not in errors
    assert "Traceback" not in errors
