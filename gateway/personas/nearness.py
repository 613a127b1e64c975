"""Personas are near to a question by what they mean: one matrix for each workspace, compared in a thread."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.cache import Cache
from gateway.embedding.embedder import Embedder, EmbedderAwayError, EmbedderFullError
from gateway.embedding.order import DIMENSIONS, Order
from gateway.errors import Fault, Refusal
from gateway.personas.store import vectors
from gateway.storage.connection import AsyncConnection

WORKSPACES = 16
"""Workspaces whose matrices are remembered."""
SLICE = 8192
"""Rows that are compared at once, so that no great copy of the matrix is made."""
SCALE = 127
FLAT = 60
"""The constant of reciprocal rank fusion, which keeps the first places from deciding alone."""
BUSY = "The embedded model does not answer now; search without `semantic`, or try again later."
NEAREST = 500
"""Personas that are looked at by what they mean."""

if TYPE_CHECKING:
    import numpy as np


class Matrix:
    """The vectors of one workspace, in the order of their numbers."""

    def __init__(self, found: Sequence[vectors.Vector]) -> None:
        import numpy as np

        self.last = found[-1].seq if found else 0
        newest = {each.persona_id: each.numbers for each in found}
        self.ids = list(newest)
        joined = np.frombuffer(b"".join(newest.values()), dtype=np.int8)
        self.rows: np.ndarray[Any, np.dtype[np.int8]] = joined.reshape(-1, DIMENSIONS)

    def with_more(self, found: Sequence[vectors.Vector]) -> "Matrix":
        """Return it with newer vectors, which take the place of older ones."""
        before = [
            vectors.Vector(self.last, name, row.tobytes())
            for name, row in zip(self.ids, self.rows, strict=True)
        ]
        return Matrix([*before, *found])

    def ranked(self, question: bytes) -> "Ranking":
        """Compare all with a vector of four bytes for each number."""
        import numpy as np

        asked = np.frombuffer(question, dtype="<f4")
        likeness = np.empty(len(self.ids), dtype=np.float32)
        for start in range(0, len(self.ids), SLICE):
            likeness[start : start + SLICE] = self.rows[start : start + SLICE].astype(np.float32) @ asked
        return Ranking(self.ids, likeness)


class Ranking(NamedTuple):
    """Says how near each persona of a workspace is to a question."""

    ids: list[str]
    likeness: "np.ndarray[Any, np.dtype[np.float32]]"

    def best(self, most: int, among: Collection[str] | None = None) -> list[str]:
        """List the nearest, the best first, of those that may be found."""
        import numpy as np

        places = np.arange(len(self.ids))
        if among is not None:
            allowed = frozenset(among)
            places = np.flatnonzero([name in allowed for name in self.ids])
        likeness = self.likeness[places]
        if most < len(places):
            near = np.argpartition(-likeness, most)[:most]
            places, likeness = places[near], likeness[near]
        return [self.ids[at] for at in places[np.argsort(-likeness, kind="stable")]]


class Nearness:
    """Finds what is near in one worker; without an embedder there is no model to ask."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._known: Cache[str, Matrix] = Cache(WORKSPACES)

    def require(self) -> Embedder:
        """Return the embedder. Raises Refusal."""
        if self._embedder is None:
            raise Refusal(Fault.SEMANTIC_UNAVAILABLE, param="semantic")
        return self._embedder

    async def question(self, text: str) -> bytes:
        """Make a vector of what is looked for. Raises Refusal."""
        try:
            return (await self.require().embed(Order([text], is_query=True))).body
        except EmbedderFullError:
            raise Refusal(Fault.UPSTREAM_FULL, BUSY, headers={"retry-after": "2"}) from None
        except EmbedderAwayError:
            raise Refusal(Fault.PROVIDER_UNAVAILABLE, BUSY) from None

    async def ranking(self, connection: AsyncConnection, workspace_id: str, question: bytes) -> Ranking:
        """Compare all personas of a workspace with a question."""
        matrix = await self._matrix(connection, workspace_id)
        return await asyncio.to_thread(matrix.ranked, question)

    async def _matrix(self, connection: AsyncConnection, workspace_id: str) -> Matrix:
        count, last = await vectors.state(connection, workspace_id)
        known = self._known.recall(workspace_id)
        if known is not None and (len(known.ids), known.last) == (count, last):
            return known
        if known is not None and last > known.last:
            more = await vectors.behind(connection, workspace_id, known.last)
            known = await asyncio.to_thread(known.with_more, more)
        if known is None or len(known.ids) != count:
            # Some have been erased, and must not be remembered.
            known = await asyncio.to_thread(Matrix, await vectors.behind(connection, workspace_id, 0))
        self._known.keep(workspace_id, known)
        return known


def fused(*rankings: Iterable[str]) -> list[str]:
    """Make one ranking of several by reciprocal rank fusion.

    Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods", SIGIR 2009.
    """
    found: dict[str, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, 1):
            found[name] = found.get(name, 0.0) + 1 / (FLAT + place)
    return sorted(found, key=lambda name: -found[name])
