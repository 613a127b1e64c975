"""The gallery keeps pictures: a row in the store says whose each is, and a shelf holds its bytes."""

from collections.abc import Awaitable, Callable, Sequence

from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.images import store
from gateway.images.picture import Form, new_name
from gateway.images.shelf import ShelfError, shelf_of
from gateway.images.store import Image
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

Check = Callable[[AsyncConnection], Awaitable[None]]
"""Raises Refusal where a picture may not be kept."""


class Gallery:
    """The pictures, as one worker keeps and shows them."""

    def __init__(self, config: Config, database: Database) -> None:
        self._shelf = shelf_of(config.images)
        self._database = database

    async def lay(
        self,
        workspace_id: str,
        persona_id: str | None,
        name: str,
        picture: tuple[Form, bytes],
        check: Check | None = None,
    ) -> str:
        """Keep the bytes of a picture and return its id; `store.finish` shows it. Raises Refusal.

        Its row is written before, so that the bytes are erased of a picture that is never shown.
        """
        form, data = picture
        image_id = new_name(form)
        async with self._database.write() as connection:
            if check is not None:
                await check(connection)
            await store.begin(connection, image_id, workspace_id, persona_id, name, len(data))
        try:
            await self._shelf.put(image_id, data)
        except ShelfError:
            async with self._database.write() as connection:
                await store.let_go(connection, [image_id])
            raise Refusal(Fault.IMAGE_STORE_UNAVAILABLE) from None
        return image_id

    async def take(self, image_id: str) -> bytes | None:
        """Return the bytes of a picture; `None` where they are lost. Raises Refusal."""
        try:
            return await self._shelf.take(image_id)
        except ShelfError:
            raise Refusal(Fault.IMAGE_STORE_UNAVAILABLE) from None

    async def take_all(self, images: Sequence[Image]) -> list[bytes]:
        """Return the bytes of those that are there. Raises Refusal."""
        return [data for image in images if (data := await self.take(image.id)) is not None]
