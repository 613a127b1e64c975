"""Tests with a long form repeat what they do more often in it."""

import os

IS_SOAK = os.environ.get("PERSONA_TEST_SOAK") == "1"


def many(usual: int, *, soak: int) -> int:
    """Return the usual number, or under `make soak` the large one; for tests that are marked `soak`."""
    return soak if IS_SOAK else usual
