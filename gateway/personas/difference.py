"""The difference between two personas is told as that between their files."""

import difflib

from gateway.personas.model import Draft


def diff(old: Draft, new: Draft) -> str:
    """Make a unified diff of the two files, without the head; it is empty where they are equal."""
    # The YAML library stays out of processes that compare nothing.
    from gateway.personas.writing import dump

    return smallest(dump(old), dump(new))


def smallest(old: str, new: str) -> str:
    """Make the smallest such diff of texts; the time for it may grow with the square of their length."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def coarse(old: str, new: str) -> str:
    """Make it in one piece from the first line that differs to the last, which is quick for any length."""
    was, now = old.splitlines(), new.splitlines()
    if was == now:
        return ""
    most = min(len(was), len(now))
    head = next((at for at in range(most) if was[at] != now[at]), most)
    tail = next((at for at in range(most - head) if was[-1 - at] != now[-1 - at]), most - head)
    gone, come = was[head : len(was) - tail], now[head : len(now) - tail]
    mark = f"@@ -{head + 1},{len(gone)} +{head + 1},{len(come)} @@"
    return "\n".join([mark, *[f"-{line}" for line in gone], *[f"+{line}" for line in come]])
