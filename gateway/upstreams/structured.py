"""Questions of our own go to a model through the openai SDK, and come back as JSON that fits a schema."""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from gateway.config import Upstream

RETRIES = 1
REFUSED = frozenset({400, 422})
"""Servers answer this to a parameter that they do not know or like."""
OBJECT = {"type": "json_object"}
COLD: Mapping[str, Any] = {"temperature": 0}
TALKATIVE = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")
"""These log addresses and, at their most talkative level, what is sent."""


class Reply(NamedTuple):
    """A model's answer to a question of ours."""

    text: str | None
    """The text; `None` where the model said nothing, or where its answer is none."""
    usage: msgspec.Raw


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: msgspec.Raw = msgspec.Raw(b"null")


class Structured:
    """Asks one model of one upstream for answers in the form of one schema."""

    def __init__(
        self,
        upstream: Upstream,
        model: str,
        schema: Mapping[str, Any],
        seconds: float,
        parameters: Mapping[str, Any] = COLD,
    ) -> None:
        """`seconds` is the longest time of one try; `parameters` go out as long as they are not refused."""
        # This is imported here, since it takes half a second and nobody needs it who asks nothing.
        import openai

        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        base = urlsplit(upstream.base_url)
        self._client = openai.AsyncOpenAI(
            base_url=urlunsplit((base.scheme, base.netloc, base.path, "", "")),
            api_key=upstream.api_key or "none",
            default_query=dict(parse_qsl(base.query, keep_blank_values=True)),
            max_retries=RETRIES,
            timeout=seconds,
            # Requests go to the configured address and to no other.
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False, follow_redirects=False),
        )
        # The SDK reads OPENAI_CUSTOM_HEADERS and other variables, which say nothing about this upstream.
        self._client._custom_headers = {}
        self._headers = _headers(upstream, openai.Omit())
        self._create: Any = self._client.chat.completions.with_raw_response.create
        self._model = model
        self._schema = msgspec.json.encode(schema).decode()
        named = {"name": "answer", "strict": True, "schema": schema}
        self._options: dict[str, Any] = {
            **parameters,
            "response_format": {"type": "json_schema", "json_schema": named},
        }
        """The options that the upstream was last known to take."""

    async def ask(self, instructions: str, question: str) -> Reply:
        """Raises openai.OpenAIError; an answer that is none gives an empty reply."""
        from openai import APIStatusError

        options = self._options
        while True:
            try:
                raw = await self._send(instructions, question, options)
            except APIStatusError as error:
                plainer = _plainer(options, error.response.text) if error.status_code in REFUSED else None
                if plainer is None:
                    raise
                options = plainer
            else:
                self._options = options
                return _read(raw.content)

    async def close(self) -> None:
        """Drop all connections."""
        await self._client.close()

    async def _send(self, instructions: str, question: str, options: Mapping[str, Any]) -> Any:
        if options["response_format"] == OBJECT:
            instructions += f"\n\nThe JSON schema of your answer:\n{self._schema}"
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
        return await self._create(
            model=self._model, messages=messages, extra_headers=self._headers, **options
        )


def _headers(upstream: Upstream, omitted: Any) -> dict[str, Any]:
    """Set the upstream's own headers, and drop those that the SDK takes from the environment."""
    key = f"Bearer {upstream.api_key}" if upstream.api_key else omitted
    headers = {"Authorization": key, "OpenAI-Organization": omitted, "OpenAI-Project": omitted}
    spelt = {name.lower(): name for name in headers}
    return headers | {spelt.get(name.lower(), name): value for name, value in upstream.headers.items()}


def _plainer(options: dict[str, Any], refusal: str) -> dict[str, Any] | None:
    """Leave out the option that was probably refused; `None` where there is none left to do without."""
    for parameter in options.keys() - {"response_format"}:
        if parameter in refusal:
            return {name: value for name, value in options.items() if name != parameter}
    return None if options["response_format"] == OBJECT else {**options, "response_format": OBJECT}


def _read(body: bytes) -> Reply:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Reply(None, msgspec.Raw(b"null"))
    text = answer.choices[0].message.content if answer.choices else None
    return Reply(text, answer.usage)
