"""The table of a tool is checked: it has a URL or a command, and says who may use it."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from gateway.config import headers
from gateway.config.parts import ConfigError
from gateway.config.structs import Tool

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
WORKSPACE = re.compile(r"ws_[A-Za-z0-9]{1,40}")
PERSONA = re.compile(r"psn_[A-Za-z0-9]{1,40}|[a-z0-9]+(-[a-z0-9]+)*")
KEPT = "web"
"""Tools of the gateway's own have this name in front, such as `web.search`."""


def resolve_tool(name: str, tool: Tool, base: Path, environ: Mapping[str, str], secrets: bool) -> Tool:
    """Check it, and find its program and key. With `secrets` false, these may be absent."""
    table = f"[tools.{name}]"
    if not NAME.fullmatch(name):
        raise ConfigError(f"{table}: a name has at most 32 small letters, digits, `-` and `_`")
    if name == KEPT:
        raise ConfigError(f"{table}: this name is kept for the gateway's own tools; see [grounding]")
    if bool(tool.mcp) == bool(tool.command):
        raise ConfigError(f'{table}: one of `mcp = "https://…"` and `command = […]` is needed')
    for workspace in tool.workspaces:
        if not WORKSPACE.fullmatch(workspace):
            problem = f"`{workspace[:100]}` is no id; `persona workspaces list` shows those that there are"
            raise ConfigError(f"{table} workspaces: {problem}")
    for persona in tool.personas:
        if not PERSONA.fullmatch(persona):
            raise ConfigError(f"{table} personas: `{persona[:100]}` is neither a slug nor an id")
    if tool.command:
        return _of_command(table, tool, base, environ, secrets)
    return _of_url(table, tool, environ, secrets)


def _of_url(table: str, tool: Tool, environ: Mapping[str, str], secrets: bool) -> Tool:
    if not headers.is_address(tool.mcp):
        raise ConfigError(f"{table} mcp: an http:// or https:// address is needed")
    if "@" in urlsplit(tool.mcp).netloc:
        remedy = "see `headers` and `api_key_env`"
        raise ConfigError(f"{table} mcp: a URL may not hold a user or a password; {remedy}")
    if tool.env:
        raise ConfigError(f"{table} env: only a `command` gets variables")
    key = headers.key(table, tool.api_key, tool.api_key_env, environ, secrets)
    headers.require_fit(table, key, tool.headers)
    return msgspec.structs.replace(tool, api_key=key)


def _of_command(table: str, tool: Tool, base: Path, environ: Mapping[str, str], secrets: bool) -> Tool:
    if tool.headers or tool.api_key or tool.api_key_env:
        raise ConfigError(f"{table}: headers and keys are for `mcp`; a command gets the variables in `env`")
    if any("\0" in word for word in tool.command) or not tool.command[0]:
        raise ConfigError(f"{table} command: this cannot be started")
    program = tool.command[0]
    place = base / Path(program).expanduser() if "/" in program else program
    found = shutil.which(place, path=environ.get("PATH"))
    if found is None and secrets:
        raise ConfigError(f"{table} command: there is no program `{program[:200]}`")
    for variable in tool.env:
        if variable not in environ and secrets:
            raise ConfigError(f"{table} env: the environment variable {variable[:200]} is not set")
    return msgspec.structs.replace(tool, command=[str(found or program), *tool.command[1:]])
