"""The kinds of work that there are are put together here, for the processes that do it."""

from gateway.auth.allowance import Allowance
from gateway.config import Config
from gateway.runs.generating import Generation
from gateway.storage.database import Database
from gateway.work.work import Kind


def known(config: Config, database: Database, allowance: Allowance) -> dict[str, Kind]:
    """List the kinds of work by name; a room that has one adds it here.

    `allowance` is asked by what a plan limits.
    """
    kinds = [Generation(config, database).kind()]
    return {kind.name: kind for kind in kinds}
