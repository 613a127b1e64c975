"""Shelves: a folder, and a bucket of a server that checks every signature."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Images
from gateway.images.picture import JPEG, PNG, WEBP, form_of, new_name
from gateway.images.shelf import Shelf, ShelfError, shelf_of
from tests.fakes.pictures import JPEG as SOME_JPEG
from tests.fakes.pictures import PICTURE, png
from tests.fakes.pictures import WEBP as SOME_WEBP
from tests.fakes.s3 import S3

LARGE = png(6 << 20)
"""Clients send what is larger than 5 MiB in several parts unless they are told not to."""


@pytest.fixture
def s3() -> Iterator[S3]:
    with S3() as server:
        yield server


def bucket(s3: S3, **more: str) -> Shelf:
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key, **more}
    place = {"store": f"s3://{s3.bucket}/of/personas", "endpoint": s3.root, "region": s3.region}
    return shelf_of(Images(**{**place, **keys}))  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return shelf_of(Images(store=f"file:{tmp_path}/pictures"))
    return bucket(request.getfixturevalue("s3"))


async def test_a_shelf_gives_back_what_was_put_there(shelf: Shelf) -> None:
    one, other = new_name(PNG), new_name(PNG)
    assert await shelf.take(one) is None
    await shelf.put(one, PICTURE)
    await shelf.put(other, LARGE)
    assert await shelf.take(one) == PICTURE
    assert await shelf.take(other) == LARGE
    await shelf.drop(one)
    await shelf.drop(one)
    assert await shelf.take(one) is None
    assert await shelf.take(other) == LARGE


async def test_objects_lie_under_the_prefix(s3: S3) -> None:
    await bucket(s3).put("a.png", PICTURE)
    assert s3.objects == {"/portraits/of/personas/a.png": PICTURE}


async def test_a_bucket_that_refuses_or_is_away_is_told_without_a_secret(
    s3: S3, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ShelfError) as refused:
        await bucket(s3, secret_key="another-secret").put("a.png", PICTURE)
    assert (s3.refused, s3.objects) == (1, {})
    s3.is_away = True
    with pytest.raises(ShelfError):
        await bucket(s3).take("a.png")
    shown = str(refused.value) + caplog.text
    assert not [word for word in ("another-secret", s3.access_key, s3.root) if word in shown]


async def test_a_folder_that_cannot_be_used_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = shelf_of(Images(store=f"file:{tmp_path}/file"))
    with pytest.raises(ShelfError) as refused:
        await shelf.put("a.png", PICTURE)
    assert str(tmp_path) not in str(refused.value)


def test_a_picture_is_told_by_its_bytes() -> None:
    known = {PICTURE: PNG, SOME_JPEG: JPEG, SOME_WEBP: WEBP}
    assert {data: form_of(data) for data in known} == known
    others = (b"", b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\nno head", b"RIFF\0\0\0\0WAVE", b"\xff\xd8")
    assert {form_of(data) for data in others} == {None}
