"""A workspace has the plan that was set for it, else the one that the configuration names."""

from gateway.config import Config, Plan
from gateway.limits.bounds import Bounds, of_plan


class Plans:
    """Knows the plans of the configuration."""

    def __init__(self, config: Config) -> None:
        self.known = config.plans
        self._configured = {name: workspace.plan for name, workspace in config.workspaces.items()}

    def configured(self, workspace_name: str) -> str | None:
        """Find the plan that the configuration names for the workspace of this name."""
        return self._configured.get(workspace_name)

    def plan(self, workspace_name: str) -> Plan | None:
        name = self.configured(workspace_name)
        return self.known[name] if name is not None else None

    def bounds(self, workspace_id: str, workspace_name: str) -> Bounds:
        """List what limits the keys of a workspace."""
        return of_plan(self.plan(workspace_name), workspace_id)
