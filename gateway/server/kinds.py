"""The kinds of work that there are are put together here, for the processes that do it."""

from collections.abc import Sequence

from gateway.alerts.retiring import Retiring
from gateway.alerts.watching import Watching
from gateway.auth.allowance import Allowance
from gateway.config import Config
from gateway.conversations.watching import Watching as Onsets
from gateway.embedding.embedder import Embedder
from gateway.images import erasing
from gateway.images.erasing import Erasing
from gateway.personas.filling import Filling
from gateway.responses.performing import Performing
from gateway.runs.generating import Generation
from gateway.server.equipping import Equipping
from gateway.storage.database import Database
from gateway.studio.asking import Questioner
from gateway.studio.enhancing import Enhancing
from gateway.studio.evaluating import Evaluating
from gateway.studio.populating import Populating
from gateway.webhooks import spreading
from gateway.webhooks.delivering import Delivering
from gateway.work.work import Kind, Source


def known(config: Config, database: Database, allowance: Allowance, equipping: Equipping) -> dict[str, Kind]:
    """List the kinds of work by name; a room that has one adds it here.

    `allowance` is asked by what a plan limits, `equipping` by what answers as chat requests are answered.
    """
    questioner = Questioner(config, database)
    kinds = [
        Generation(config, database).kind(),
        Delivering(config, database, allowance).kind(),
        Enhancing(config, database, questioner).kind(),
        Populating(database, questioner, allowance).kind(),
        Evaluating(database).kind(),
        Erasing(config.images).kind(),
        Performing(database, equipping.means).kind(),
    ]
    return {kind.name: kind for kind in kinds}


def sources(config: Config, database: Database, embedder: str | None = None) -> Sequence[Source]:
    """List what makes work of what has happened; a room that has some adds it here.

    `embedder` is the address of the embedded model; without it nothing is embedded.
    """
    found = [Watching(config.alerts, database).source(), Onsets(database).source()]
    found += [spreading.source(database), erasing.source(database)]
    if embedder is not None:
        reads_all = config.embeddings.personas == "all"
        found.append(Filling(database, Embedder(embedder), all_=reads_all).source())
    return [*found, Retiring(config, database).source()]
