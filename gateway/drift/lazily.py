"""A pattern is compiled when it is first used, since all of them together take a tenth of a start."""

import re
from typing import Any, cast


def lazily(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Give what works as the pattern does; a mistake in it is raised where it is used."""
    return cast("re.Pattern[str]", _Pending(pattern, flags))


class _Pending:
    """Takes the methods of the compiled pattern for its own, so that it is as quick from then on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        compiled = re.compile(self._pattern, self._flags)
        vars(self).update((each, getattr(compiled, each)) for each in dir(compiled) if each[0] != "_")
        return getattr(compiled, name)
