"""A worker has the model's process make vectors."""

import asyncio

import msgspec

from gateway.embedding.order import Order, Vectors, read_frame, write_frame

SECONDS = 300.0
"""Seconds that an order may take, with those before it."""

_vectors = msgspec.msgpack.Decoder(Vectors)


class EmbedderAwayError(Exception):
    """The model's process does not answer."""


class EmbedderFullError(Exception):
    """Too many orders wait for the model."""


class Embedder:
    """Reaches the model's process, which is started by whoever asks first."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def embed(self, order: Order) -> Vectors:
        """Raises EmbedderAwayError, EmbedderFullError. Whoever cancels this calls the order off."""
        try:
            found = await self._asked(order)
        except ConnectionError:
            # It has ended for want of work in the very moment in which there was some.
            try:
                found = await self._asked(order)
            except ConnectionError as error:
                raise EmbedderAwayError from error
        if found.is_full:
            raise EmbedderFullError
        return found

    async def _asked(self, order: Order) -> Vectors:
        """Raises EmbedderAwayError, and ConnectionError where it has hung up."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._address)
                await write_frame(writer, order)
                return _vectors.decode(await read_frame(reader))
        except EOFError as error:
            raise ConnectionResetError from error
        except ConnectionError:
            raise
        except (OSError, TimeoutError, ValueError) as error:
            raise EmbedderAwayError from error
        finally:
            if writer is not None:
                writer.close()
