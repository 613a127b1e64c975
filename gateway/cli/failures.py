"""A command that fails says why in one line."""

from typing import NamedTuple

import rich_click as click

FAILED = 1
USAGE = 2
"""Wrong usage or configuration."""
INTERRUPTED = 130


class Failure(click.ClickException):
    """An operation that could not be done; the message says why."""

    exit_code = FAILED


class Told(NamedTuple):
    message: str
    exit_code: int


def explain(error: Exception) -> Told | None:
    """Return one line and an exit code; `None` for a bug, which deserves its traceback."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "persona"
        return Told(f"{_one_line(error.format_message()).rstrip('.')} (see `{path} --help`)", error.exit_code)
    if isinstance(error, click.ClickException):
        return Told(_one_line(error.format_message()), error.exit_code)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Told(_one_line(f"{place}{error.strerror or error}"), FAILED)
    return _explain_ours(error)


def store_error(error: Exception) -> str | None:
    """Return the database's words where the store is locked, full, unwritable or none; `None` for a bug."""
    from gateway.storage.failure import StoreUnavailable

    return str(error) if isinstance(error, StoreUnavailable) else None


def _explain_ours(error: Exception) -> Told | None:
    # Imported here, since a command that succeeds needs none of it.
    from gateway.config import ConfigError

    if isinstance(error, ConfigError):
        return Told(_one_line(str(error)), USAGE)
    from gateway.auth.pepper import PepperError
    from gateway.personas.acceptance import DraftError
    from gateway.personas.files import PersonaFileError
    from gateway.personas.store.labels import LabelError
    from gateway.storage.failure import SchemaOutdatedError

    if isinstance(error, PersonaFileError | DraftError | LabelError | SchemaOutdatedError | PepperError):
        return Told(_one_line(str(error)), FAILED)
    message = store_error(error)
    return Told(f"the store: {_one_line(message)}", FAILED) if message else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
