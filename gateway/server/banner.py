"""A newcomer is told, when everything answers, where the gateway is, with which key, and what to paste."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gateway import config
from gateway.config import BUNDLED_MODEL, LOCAL, Config
from gateway.errors import OPENAI_PREFIX

KEY_PLACE = "$PERSONA_API_KEY"
SHOWN = 3
"""Personas that are named in it."""


class FirstKey(NamedTuple):
    """The key of a new store; `file` holds it, with mode 600, where nobody reads a terminal."""

    text: str
    file: Path | None = None


def banner(
    settings: Config,
    address: str,
    key: FirstKey | None,
    slugs: Sequence[str],
    version: str,
    metrics: str | None = None,
) -> str:
    """Write the text for the terminal; `key` is told this one time, `None` where keys exist already.

    `slugs` are those of the personas that exist, with the one to try first in front. `metrics` is where
    they are told.
    """
    base_url = f"{address}{OPENAI_PREFIX}"
    shown = ", ".join(f"persona/{slug}" for slug in slugs[:SHOWN])
    more = f" and {len(slugs) - SHOWN} more" if len(slugs) > SHOWN else ""
    lines = [
        f"Persona Gateway {version}",
        "",
        f"  base URL   {base_url}",
        f"  key        {_key(key)}",
        f"  models     {shown + more or 'none yet; `persona personas push FILE` stores one'}",
        f"  answers    {_answers(settings)}",
        *([] if metrics is None else [f"  metrics    {metrics}"]),
        "",
    ]
    if slugs:
        secret = key.text if key and key.file is None else KEY_PLACE
        model = f"persona/{slugs[0]}"
        if key and key.file is not None:
            lines += [f"export {KEY_PLACE.removeprefix('$')}=$(cat {shlex.quote(str(key.file))})", ""]
        lines += ["Try it:", "", _curl(base_url, secret, model), "", _python(base_url, secret, model), ""]
    return "\n".join([*lines, "Ctrl-C stops it.", ""])


def _key(key: FirstKey | None) -> str:
    if key is None:
        return "`persona keys create --for app` makes one (keys are shown once, when they are made)"
    if key.file is not None:
        return f"in {key.file}, which only its owner can read; move it to where you keep secrets"
    return f"{key.text}   (shown this once; keep it)"


def _answers(settings: Config) -> str:
    routes = ", then ".join(str(route) for route in config.order(settings))
    if not config.uses_local(settings):
        return routes
    model = settings.local.model_name
    what = (
        "a 135M demonstration model: it talks, it does not think"
        if model == BUNDLED_MODEL
        else "a local file"
    )
    return f"{routes}   ({LOCAL} is {what}; config.toml names a real provider in three lines)"


def _curl(base_url: str, key: str, model: str) -> str:
    return f"""curl -N {base_url}/chat/completions \\
  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Good evening!"}}]}}'"""


def _python(base_url: str, key: str, model: str) -> str:
    secret = f'"{key}"' if key != KEY_PLACE else 'os.environ["PERSONA_API_KEY"]'
    return f"""{"import os, openai" if key == KEY_PLACE else "import openai"}
client = openai.OpenAI(base_url="{base_url}", api_key={secret})
hello = [{{"role": "user", "content": "Good evening! What should I read tonight?"}}]
for chunk in client.chat.completions.create(model="{model}", messages=hello, stream=True):
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)"""
