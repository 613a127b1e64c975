"""How often tests with a long form repeat what they do."""

import os

IS_SOAK = os.environ.get("PERSONA_TEST_SOAK") == "1"


def many(usual: int, *, soak: int) -> int:
    """The usual number, or under `make soak` the large one; for tests that are marked `soak`."""
    return soak if IS_SOAK else usual
