"""A workspace has the plan that was set for it, else the one that the configuration names."""

import logging

from gateway.config import Config
from gateway.limits.bounds import Bounds, of_plan

log = logging.getLogger("gateway.limits")


class Plans:
    """Knows the plans of the configuration."""

    def __init__(self, config: Config) -> None:
        self.known = config.plans
        self._configured = {name: workspace.plan for name, workspace in config.workspaces.items()}

    def name(self, workspace_name: str, given: str | None) -> str | None:
        """Find the plan of the workspace of this name, which was given one by the API, or was not."""
        return self._configured.get(workspace_name) if given is None else given

    def bounds(self, workspace_id: str, workspace_name: str, given: str | None) -> Bounds:
        """List what limits the keys of a workspace together."""
        name = self.name(workspace_name, given)
        if name is not None and name not in self.known:
            log.error("the workspace %s has the plan `%s`, which [plans] does not have", workspace_id, name)
        return of_plan(self.known.get(name) if name is not None else None, workspace_id)
