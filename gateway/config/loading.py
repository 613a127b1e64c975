"""Reads config.toml and the environment; an error names the exact place."""

import os
import re
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from gateway.config.asking import Upstream
from gateway.config.parts import ConfigError, Strict
from gateway.config.resolving import resolve
from gateway.config.serving import Plan, Workspace
from gateway.config.structs import Config, Tool
from gateway.spelling import suggestion

ENV_PREFIX = "PERSONA__"
NAMED: dict[str, type[Strict]] = {
    "upstreams": Upstream,
    "tools": Tool,
    "plans": Plan,
    "workspaces": Workspace,
}
"""Tables of tables, each under a name that the user chooses."""


def load(
    path: Path | None = None, environ: Mapping[str, str] | None = None, *, secrets: bool = True
) -> Config:
    """Read, override, check and resolve the configuration.

    Without a path it is the file that `PERSONA_CONFIG` names, else `./config.toml` where it exists, else
    the built-in defaults. With `secrets=False` the variables that `api_key_env` names may be unset.
    Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    path = find(path, environ)
    place = str(path) if path else "the built-in configuration"
    tables = _read(path) if path else {}
    _override(tables, environ)
    try:
        config = msgspec.convert(tables, Config)
    except msgspec.ValidationError as error:
        keys, problem = _explain(str(error), tables)
        variable = ENV_PREFIX + "__".join(keys).upper().replace("-", "_")
        where = f"environment variable {variable}" if variable in environ else place
        raise ConfigError(f"{where}: {problem}") from None
    try:
        return resolve(config, path.parent if path else Path.cwd(), environ, secrets)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Find the configuration file in force, as an absolute path; `None` where there is none."""
    named = path or (Path(environ["PERSONA_CONFIG"]) if environ.get("PERSONA_CONFIG") else None)
    if named is None:
        here = Path.cwd() / "config.toml"
        return here if here.is_file() else None
    if not named.is_file():
        raise ConfigError(f"{named}: there is no such configuration file")
    return named.absolute()


def misnamed(environ: Mapping[str, str] | None = None) -> list[str]:
    """Find variables that look like overrides and are none, such as `PERSONA_SERVER__PORT`."""
    environ = os.environ if environ is None else environ
    tables = {field.name.upper() for field in msgspec.structs.fields(Config)}
    return [
        variable
        for variable in sorted(environ)
        if variable.startswith("PERSONA_")
        and not variable.startswith(ENV_PREFIX)
        and "__" in variable
        and variable.removeprefix("PERSONA_").partition("_")[0] in tables
    ]


def environment(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return those of these variables that are set."""
    environ = os.environ if environ is None else environ
    return {name: environ[name] for name in names if name in environ}


def user_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of this user's own settings: `persona` in XDG_CONFIG_HOME, else in `~/.config`."""
    environ = os.environ if environ is None else environ
    # The XDG base directory specification says that a relative path is ignored.
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    try:
        return (named if named.is_absolute() else Path.home() / ".config") / "persona"
    except RuntimeError:
        raise ConfigError("there is no home directory; set XDG_CONFIG_HOME") from None


@contextmanager
def without_math_threads() -> Iterator[None]:
    """Imports inside this block start no BLAS threads; a process that forks must have none."""
    with_threads = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if with_threads is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = with_threads


def forget_dbos_settings() -> None:
    """Take away the variables by which DBOS would report to a service of its makers."""
    for variable in [name for name in os.environ if name.startswith("DBOS")]:
        del os.environ[variable]


def _read(path: Path) -> dict[str, Any]:
    try:
        # Some editors begin a file with a byte order mark.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {_mistake(str(error))}") from None
    except ValueError:
        # Python refuses to convert an integer of thousands of digits.
        raise ConfigError(f"{path}: a number has too many digits") from None


def _mistake(told: str) -> str:
    """Say what to do about a table that stands there twice, as after one of the docs was pasted."""
    twice = re.fullmatch(r"Cannot declare \((.+)\) twice \((.+)\)", told)
    if twice is None:
        return told
    name = ".".join(re.findall(r"['\"]([^'\"]+)['\"]", twice[1]))
    return f"[{name}] stands there already ({twice[2]}): put its keys into the first one"


def _override(tables: dict[str, Any], environ: Mapping[str, str]) -> None:
    for variable in sorted(environ):
        if variable.startswith(ENV_PREFIX):
            keys = variable.removeprefix(ENV_PREFIX).lower().split("__")
            try:
                _put(tables, Config, keys, environ[variable])
            except ValueError:
                value = "is no value; write a number, true, false, a list or a table as in config.toml"
                raise ConfigError(f"environment variable {variable}: {value}") from None
            except ConfigError as error:
                raise ConfigError(f"environment variable {variable}: {error}") from None


def _put(table: dict[str, Any], kind: Any, keys: list[str], text: str) -> None:
    """Set the key that the path of names leads to, in the type that its field has."""
    key, *rest = keys
    if typing.get_origin(kind) is dict:
        inner = typing.get_args(kind)[1]
        # No name of a header has `_` in it, and no variable has `-`.
        named = key.replace("_", "-") if inner is str else key
        key = next((name for name in table if name.replace("-", "_").lower() == key), named)
    else:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        if key not in fields:
            hint = suggestion(key, fields) or f"; known are: {', '.join(fields)}"
            raise ConfigError(f"there is no key `{key}`{hint}")
        inner = fields[key]
    if rest:
        if not (typing.get_origin(inner) is dict or (isinstance(inner, type) and issubclass(inner, Strict))):
            raise ConfigError(f"`{key}` is not a table")
        below = table.setdefault(key, {})
        if isinstance(below, dict):
            _put(below, inner, rest, text)
        return
    is_text = inner in (str, str | None) or typing.get_origin(inner) is Literal
    table[key] = text if is_text else tomllib.loads(f"value = {text}")["value"]


def _explain(error: str, tables: Mapping[str, Any]) -> tuple[list[str], str]:
    """Turn msgspec's `… - at `$.server.port`` into the keys that lead there and `[server] port: …`."""
    message, _, place = error.partition(" - at `$")
    keys = [key for key in place.rstrip("`").replace("[...]", ".*").split(".") if key]
    if keys[0:1] and keys[0] in NAMED and keys[1:2] == ["*"]:
        keys[1] = _wrong_entry(tables[keys[0]], NAMED[keys[0]])
    keys = [key for key in keys if key != "*"]
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message)
    if unknown:
        table = f"table [{'.'.join(keys)}]" if keys else "the top level"
        known = list(_fields(keys))
        hint = suggestion(unknown[1], known) or f"; known are: {', '.join(known)}"
        return [*keys, unknown[1]], f"{table} has no key `{unknown[1]}`{hint}"
    table = f"[{'.'.join(keys[:-1])}] " if keys[1:] else ""
    if message.startswith("Invalid enum value") and keys:
        known = [str(one) for one in typing.get_args(_fields(keys[:-1])[keys[-1]])]
        message = f"{message.removeprefix('Invalid enum value ')} is none of {', '.join(known)}"
    return keys, f"{table}{keys[-1]}: {message}" if keys else message


def _fields(keys: list[str]) -> dict[str, Any]:
    """The keys of the table that this path leads to, with their types."""
    kind: Any = Config
    for key in keys:
        if typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[1]
        else:
            kind = {field.name: field.type for field in msgspec.structs.fields(kind)}[key]
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _wrong_entry(tables: Mapping[str, Any], kind: type[Strict]) -> str:
    """Find the first table of this kind that cannot be decoded, whose name msgspec does not tell."""
    for name, table in tables.items():
        try:
            msgspec.convert(table, kind)
        except msgspec.ValidationError:
            return name
    return "*"
