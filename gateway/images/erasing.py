"""The bytes of a picture that nobody may see any more are erased, however long its shelf is away."""

from functools import partial

from gateway.config import Images
from gateway.images import store
from gateway.images.shelf import Shelf, ShelfError, shelf_of
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.work import Course, Kind, LaterError, Source, Work, Write

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0
UNREACHED = {"code": "image.store_unavailable", "message": "The store of images cannot be used."}


class Erasing:
    """Erases in one work process."""

    def __init__(self, settings: Images) -> None:
        self._shelf: Shelf = shelf_of(settings)

    def kind(self) -> Kind:
        return Kind(name=store.KIND, perform=self.perform)

    async def perform(self, work: Work, course: Course) -> Write:
        """Erase one picture's bytes. Raises LaterError."""
        if not await course.step("erase", partial(self._erase, str(work.data["image"]))):
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(work.attempt - 1, 10))
            raise LaterError(pause, UNREACHED)
        return _nothing

    async def _erase(self, name: str) -> bool:
        try:
            await self._shelf.drop(name)
        except ShelfError:
            return False
        return True


def source(database: Database) -> Source:
    """Make the source of this work: pictures that are gone."""
    return Source(look=partial(_sweep, database), signs=store.SIGNS)


async def _sweep(database: Database) -> bool:
    async with database.read() as connection:
        if not await store.is_any_gone(connection):
            return False
    async with database.write() as connection:
        return await store.order_erasure(connection)


async def _nothing(_: AsyncConnection) -> None:
    """Write nothing: the row was deleted when the work was ordered."""
