"""What a newcomer sees when everything answers: where, with which key, and what to paste."""

from gateway import config
from gateway.config import BUNDLED_MODEL, LOCAL, Config
from gateway.errors import OPENAI_PREFIX
from gateway.personas import files

KEY_PLACE = "$PERSONA_API_KEY"


def banner(settings: Config, address: str, first_key: str | None, version: str) -> str:
    """The text for the terminal; `first_key` is shown this one time, `None` where keys exist already."""
    base_url = f"{address}{OPENAI_PREFIX}"
    models = [f"persona/{slug}" for slug in files.DEMO]
    key = first_key or KEY_PLACE
    lines = [
        f"Persona Gateway {version}",
        "",
        f"  base URL   {base_url}",
        f"  key        {first_key}   (shown this once; keep it)"
        if first_key
        else "  key        `persona keys create` makes one (keys are shown once, when they are made)",
        f"  models     {', '.join(models)}",
        f"  answers    {_answers(settings)}",
        "",
        "Try it:",
        "",
        _curl(base_url, key, models[0]),
        "",
        _python(base_url, key, models[0]),
        "",
        "Ctrl-C stops it.",
        "",
    ]
    return "\n".join(lines)


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
