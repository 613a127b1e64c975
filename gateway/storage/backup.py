"""A backup of a store is a folder with the store, the pepper and the configuration, whole and checked."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from gateway.storage.revisions import newest

STORE, PEPPER, CONFIG = "persona.db", "persona.pepper", "config.toml"
PAGES = 1024
"""Pages that are copied at once; between two of them others may write."""


class BackupError(Exception):
    """A backup that cannot be made or put back; the message says why."""


def make(
    folder: Path,
    store: Path,
    pepper: Path | None,
    config: Path | None,
    fill: Callable[[Path], object] | None = None,
) -> list[Path]:
    """Copy all three into a new folder that is the owner's alone, and check the copy of the store.

    `fill` puts in what the store names and does not hold, behind the store, so that it is newer.
    A gateway may run meanwhile. The folder appears once it is whole. Raises BackupError, OSError.
    """
    if folder.exists():
        raise BackupError(f"{folder} is there already; name a folder that is not")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    draft.mkdir(mode=0o700, parents=True)
    try:
        _copy_store(store, draft / STORE)
        check(draft / STORE)
        for source, name in ((pepper, PEPPER), (config, CONFIG)):
            if source is not None and source.is_file():
                _copy(source, draft / name)
        if fill is not None:
            fill(draft)
        draft.chmod(0o700)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    copied = [folder / name for name in (STORE, PEPPER, CONFIG) if (folder / name).exists()]
    return copied + sorted(set(folder.iterdir()) - set(copied))


def restore(folder: Path, store: Path, pepper: Path | None) -> list[Path]:
    """Put a backup's store and pepper where they belong; what stood there is kept under another name.

    Returns the places of the files, also those of the old ones. Raises BackupError, OSError.
    """
    if not (folder / STORE).is_file():
        raise BackupError(f"{folder} is no backup; `persona db backup` makes one with {STORE} in it")
    check(folder / STORE)
    store.parent.mkdir(parents=True, exist_ok=True)
    places = []
    draft = store.with_name(f"{store.name}.{os.getpid()}.part")
    try:
        _copy_store(folder / STORE, draft)
        places += _moved_away(store)
        draft.rename(store)
        places.append(store)
    finally:
        draft.unlink(missing_ok=True)
    if pepper is not None and (folder / PEPPER).is_file():
        if not pepper.exists() or pepper.read_bytes() != (folder / PEPPER).read_bytes():
            if pepper.exists():
                places.append(pepper.rename(_free(pepper)))
            _copy(folder / PEPPER, pepper)
        places.append(pepper)
    return places


def check(store: Path) -> str:
    """Read all of the store, and return its schema. Raises BackupError."""
    try:
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{store} cannot be read: {error}") from None
    if found != "ok":
        raise BackupError(f"{store} is damaged: {found}")
    if schema is None or schema[0] > newest():
        raise BackupError(f"{store} has schema {schema and schema[0]}, newer than this version's {newest()}")
    return str(schema[0])


def _copy_store(source: Path, target: Path) -> None:
    """Copy the store into a file of one piece by SQLite's own online copy, which sees the write-ahead log."""
    target.touch(mode=0o600)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as whole,
            closing(sqlite3.connect(target)) as copy,
        ):
            whole.backup(copy, pages=PAGES, sleep=0.01)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}") from None


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)


def _moved_away(store: Path) -> list[Path]:
    """Move the store that stands there away, with its log, which is of no use to another one."""
    if not store.exists():
        return []
    # The log goes first: a store without the end of its log is whole, but a log beside another store is not.
    kept = _free(store)
    for suffix in ("-wal", "-shm"):
        beside = store.with_name(store.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    return [store.rename(kept)]


def _free(path: Path) -> Path:
    """Find a name beside the path that no file bears."""
    number = 1
    while (found := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    return found
