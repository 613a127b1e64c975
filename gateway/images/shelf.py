"""A shelf keeps the bytes of pictures under their names: a folder, or a bucket of an S3-compatible store."""

import asyncio
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from gateway.config import Images
from gateway.images.picture import LARGEST

SECONDS = 30
"""Seconds that a bucket may take, tries included."""
RETRIES = 2

log = logging.getLogger("gateway.images")


class ShelfError(Exception):
    """The shelf cannot be used now; the message has no path, address or key."""


class Shelf(Protocol):
    """Keeps pictures; each method raises ShelfError."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep a picture; it is there whole, or not at all."""

    async def take(self, name: str) -> bytes | None:
        """Return a picture; `None` where there is none of this name."""

    async def drop(self, name: str) -> None:
        """Erase a picture, if it is there."""


def shelf_of(settings: Images) -> Shelf:
    """Make the shelf that the configuration names."""
    if settings.store.startswith("file:"):
        return Folder(Path(settings.store.removeprefix("file:")))
    return Bucket(settings)


class Folder:
    """Keeps pictures as files, in a folder that is made once there is one."""

    def __init__(self, place: Path) -> None:
        self._place = place

    async def put(self, name: str, data: bytes) -> None:
        await self._done(self._put, name, data)

    async def take(self, name: str) -> bytes | None:
        found: bytes | None = await self._done(self._take, name)
        return found

    async def drop(self, name: str) -> None:
        await self._done(self._drop, name)

    async def _done(self, function: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(function, *arguments)
        except OSError as error:
            log.warning("the folder of images cannot be used: %s", error.strerror or type(error).__name__)
            raise ShelfError("the folder of images cannot be used") from None

    def _put(self, name: str, data: bytes) -> None:
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._place / f".{name}"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._place / name)

    def _take(self, name: str) -> bytes | None:
        try:
            return (self._place / name).read_bytes()
        except FileNotFoundError:
            return None

    def _drop(self, name: str) -> None:
        # What a process left unfinished that was killed goes too.
        for each in (name, f".{name}"):
            (self._place / each).unlink(missing_ok=True)


class Bucket:
    """Keeps pictures as objects; the client is loaded on first use, in a few hundredths of a second."""

    def __init__(self, settings: Images) -> None:
        self._settings = settings
        self._store: Any = None

    async def put(self, name: str, data: bytes) -> None:
        import obstore

        await self._done(obstore.put_async(self._opened(), name, data, use_multipart=False))

    async def take(self, name: str) -> bytes | None:
        import obstore

        found = await self._done(obstore.get_async(self._opened(), name), absent=True)
        if found is None:
            return None
        if found.meta["size"] > LARGEST:
            raise ShelfError("an object in the bucket is larger than any image")
        return bytes(await self._done(found.bytes_async()))

    async def drop(self, name: str) -> None:
        import obstore

        await self._done(obstore.delete_async(self._opened(), name), absent=True)

    async def _done(self, asked: Any, *, absent: bool = False) -> Any:
        """Wait for an answer; `absent` says that an object may not be there, which gives `None`."""
        from obstore.exceptions import BaseError, NotFoundError

        try:
            async with asyncio.timeout(SECONDS):
                return await asked
        except (BaseError, OSError) as error:
            # Some failures are told as a missing file, which is an OSError.
            if absent and isinstance(error, NotFoundError | FileNotFoundError):
                return None
            # Its message may hold addresses and what the store said.
            log.warning("the bucket of images cannot be used: %s", type(error).__name__)
            raise ShelfError("the bucket of images cannot be used") from None

    def _opened(self) -> Any:
        if self._store is None:
            self._store = _open(self._settings)
        return self._store


def _open(settings: Images) -> Any:
    from obstore.store import S3Store

    bucket, _, prefix = settings.store.removeprefix("s3://").partition("/")
    more: dict[str, Any] = {"endpoint": settings.endpoint} if settings.endpoint else {}
    return S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        region=settings.region,
        access_key_id=settings.access_key,
        secret_access_key=settings.secret_key,
        # Stores at an address of their own rarely have a name for each bucket.
        virtual_hosted_style_request=not settings.endpoint,
        client_options={
            "allow_http": settings.endpoint.startswith("http://"),
            "timeout": timedelta(seconds=SECONDS),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=SECONDS)},
        **more,
    )
