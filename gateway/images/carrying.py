"""The pictures in a folder go into a backup, and come back from it."""

from pathlib import Path

from gateway.images.picture import NAME

PICTURES = "images"
"""The folder of the pictures in a backup."""


def carry(source: Path, target: Path) -> bool:
    """Copy each picture that the target lacks, and tell whether there are any. Raises OSError.

    A name stands for the same bytes for ever, and so what is there already is right.
    """
    names = [path.name for path in source.iterdir() if NAME.fullmatch(path.name)] if source.is_dir() else []
    if names:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        if not (target / name).exists():
            _copy(source / name, target / f".{name}")
    return bool(names)


def _copy(source: Path, unfinished: Path) -> None:
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        # It has been erased since it was listed.
        return
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(data)
    unfinished.rename(unfinished.with_name(source.name))
