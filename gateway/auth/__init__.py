"""Keys, scopes and workspaces."""
