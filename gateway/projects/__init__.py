"""Personas of a project, as clients of the projects API see them: the gateway's own, in another shape."""
