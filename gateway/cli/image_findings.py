"""`persona doctor` looks at where images are kept, if there is somebody who makes some."""

from gateway.cli.finding import Finding, fail, ok
from gateway.config import Config, image_maker
from gateway.images.picture import PNG, new_name
from gateway.images.shelf import ShelfError, shelf_of

PART = "images"


async def examine(settings: Config) -> list[Finding]:
    """Ask the store of images for one that cannot be there."""
    maker, images = image_maker(settings), settings.images
    if maker is None:
        return []
    place = "the folder" if images.store.startswith("file:") else f"the bucket {images.store}"
    if not images.store.startswith("file:") and not (images.access_key and images.secret_key):
        remedy = f"set {images.access_key_env} and {images.secret_key_env}"
        return [fail(PART, f"{place} needs keys, and there are none", remedy)]
    try:
        await shelf_of(images).take(new_name(PNG))
    except ShelfError:
        return [
            fail(PART, f"{place} of images cannot be used", "see [images] store, its keys and its rights")
        ]
    return [ok(PART, f"`{maker}` makes them, and {place} is there or will be made")]
