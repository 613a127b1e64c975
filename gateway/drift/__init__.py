"""Drift is how far an answer strays from its persona; it is told deterministically, from values alone."""
