"""Turns: what one is, how it is recorded, and how it is shown."""
