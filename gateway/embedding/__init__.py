"""Texts become vectors by a model that comes with the gateway, in a process of its own."""
