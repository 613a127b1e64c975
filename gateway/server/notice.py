"""A notice beside the store says that a gateway runs there, and what came of its last reload."""

import fcntl
import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gateway.bulletin import Outcome
from gateway.config import Config

MOST_BYTES = 32_768
TEXT = 4_000
"""Characters of what came of a reload that are told; in JSON, each of them has six bytes at most."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A notice says this."""

    pid: int
    """Stands for the parent's process."""
    address: str
    begun: int = 0
    """Reloads that have begun."""
    answered: int = 0
    """The last one of which something came."""
    is_done: bool = False
    text: str = ""
    """It is that of an `Outcome`."""


class Notice:
    """The parent's own notice, which it holds locked: a lock ends with its process, however that ends."""

    def __init__(self, settings: Config, address: str) -> None:
        """Put it up. Raises OSError where nothing can be written beside the store."""
        self._state = State(pid=os.getpid(), address=address)
        self._path = settings.store.beside(f".running-{self._state.pid}")
        for stale in _places(settings):
            with _opened(stale) as file:
                if file is not None and _is_stale(file):
                    stale.unlink(missing_ok=True)
        # It gets its name once it is locked, since others take away what is not.
        unnamed = settings.store.beside(f".starting-{self._state.pid}")
        unnamed.unlink(missing_ok=True)
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._write()
        unnamed.rename(self._path)

    def begin(self) -> None:
        self._state = msgspec.structs.replace(self._state, begun=self._state.begun + 1)
        self._write()

    def answer(self, outcome: Outcome) -> None:
        self._state = msgspec.structs.replace(
            self._state, answered=self._state.begun, is_done=outcome.is_done, text=outcome.text[:TEXT]
        )
        self._write()

    def take_down(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self) -> None:
        told = msgspec.json.encode(self._state)
        os.pwrite(self._file, told, 0)
        os.ftruncate(self._file, len(told))


def running(settings: Config) -> dict[Path, State]:
    """List the notices of gateways that run on this store, on this machine and as this user."""
    found = {}
    for place in _places(settings):
        state = read(place)
        if state is not None:
            found[place] = state
    return found


def read(place: Path) -> State | None:
    """Read a notice; `None` where its gateway does not run any more."""
    with _opened(place) as file:
        while file is not None and not _is_stale(file):
            # It may be written just now.
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(os.pread(file, MOST_BYTES, 0), type=State)
    return None


def _places(settings: Config) -> list[Path]:
    name = settings.store.beside(".running-")
    return sorted(name.parent.glob(f"{glob.escape(name.name)}*"))


@contextmanager
def _opened(place: Path) -> Iterator[int | None]:
    """Open a notice; `None` for what somebody else put there, who could have any process signalled."""
    try:
        file = os.open(place, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        found = os.fstat(file)
        is_own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        yield file if is_own else None
    finally:
        os.close(file)


def _is_stale(file: int) -> bool:
    """Tell whether nobody holds the lock; a process never sees its own."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
