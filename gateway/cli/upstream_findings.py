"""`persona doctor` looks at the upstreams: their names, their keys, and with `--live` an answer of each."""

import asyncio
import ipaddress
from urllib.parse import urlsplit

import msgspec

from gateway import config
from gateway.cli.finding import Finding, fail, ok, warn
from gateway.config import LOCAL, Config, Upstream
from gateway.openai_api import answer_body, asking
from gateway.openai_api.answer import Answer
from gateway.upstreams.client import Response
from gateway.upstreams.failure import CREDENTIALS, WORDS, UpstreamFailure
from gateway.upstreams.local import LocalModelMissing, find_weights
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.masking import Mask
from gateway.upstreams.node import Node
from gateway.upstreams.routing import Routing

LOOKUP_SECONDS = 10.0
CALL_SECONDS = 60.0
ANSWER_BYTES = 1024 * 1024
QUESTION = [{"role": "user", "content": "Answer with the one word: ok"}]
REMEDIES = {
    404: "see that base_url ends where its API begins, as in /v1, and that it has this model",
    429: "see its quota and rate limits",
}
CREDENTIALS_REMEDY = "see that the key is this upstream's, still valid, and may use this model"


async def examine(settings: Config, *, live: bool) -> list[Finding]:
    """Look at each upstream; `live` makes one real call to each that a model is named for."""
    found = [_local(settings)] if config.uses_local(settings) else []
    routing = Routing(settings, Lookups())
    try:
        return found + await asyncio.gather(
            *[examine_one(settings, node, routing, live=live) for node in routing.nodes.values()]
        )
    finally:
        await routing.close()


def _local(settings: Config) -> Finding:
    part = f"upstreams.{LOCAL}"
    try:
        find_weights(settings.local)
    except LocalModelMissing as error:
        return fail(part, str(error).rstrip("."), "mend that, or name another upstream in [chat] upstreams")
    return ok(part, f"{settings.local.model_name} is there; `persona serve` runs it")


async def examine_one(settings: Config, node: Node, routing: Routing, *, live: bool) -> Finding:
    upstream, part = node.upstream, f"upstreams.{node.name}"
    parts = urlsplit(upstream.base_url)
    host = str(parts.hostname)
    if is_keyless(upstream) and upstream.api_key_env:
        message = f"the environment variable {upstream.api_key_env} is not set"
        return fail(part, message, f"set {upstream.api_key_env}, which api_key_env names, to its key")
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            places = await Lookups().find(host, parts.port or 0)
    except (OSError, UnicodeError, TimeoutError):
        return fail(part, f"the name {host} is not found", "see base_url for a misspelling, and the DNS")
    if is_keyless(upstream) and not all(is_near(str(place[4][0])) for place in places):
        remedy = f"set api_key_env in [upstreams.{node.name}], unless it asks for none"
        return warn(part, f"{host} is found, but is sent no key", remedy)
    if not live:
        return ok(
            part, f"{host} is found, and {'needs no key' if is_keyless(upstream) else 'its key is set'}"
        )
    return await call(settings, node, routing)


def is_keyless(upstream: Upstream) -> bool:
    """Tell whether neither a key nor a header of credentials is sent."""
    secret = {"authorization", "api-key", "x-api-key"}
    return not upstream.api_key and not secret & {name.lower() for name in upstream.headers}


def is_near(address: str) -> bool:
    """Tell whether it is an address of this machine or of a private network, where keys are rare."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_private or found.is_loopback or found.is_link_local


def model_of(settings: Config, name: str, upstream: Upstream) -> str | None:
    """Find a model of the upstream that the configuration names; `None` where there is none."""
    ordered = [route.model for route in config.order(settings) if route.upstream == name]
    return next(iter([*ordered, *filter(None, [upstream.default_model]), *upstream.models]), None)


async def call(settings: Config, node: Node, routing: Routing) -> Finding:
    """Ask for one short answer, as a chat request without a persona would."""
    part, model = f"upstreams.{node.name}", model_of(settings, node.name, node.upstream)
    if model is None:
        remedy = f"name a default_model in [upstreams.{node.name}], if it answers chat"
        return warn(part, "no model is named that could be called", remedy)
    body = msgspec.json.encode({"model": model, "messages": QUESTION})
    mask = Mask(routing.secrets)
    try:
        async with asyncio.timeout(CALL_SECONDS):
            answer = await answer_body.whole(node, _post(node, body, mask), ANSWER_BYTES)
        await Answer.read(answer, node.name, mask)
    except TimeoutError:
        message = f"{model} has not answered within {CALL_SECONDS:.0f} seconds"
        return fail(part, message, "see whether it is overloaded, or still loads its model")
    except UpstreamFailure as failure:
        return fail(part, f"{model} {told(failure)}", remedy_for(failure))
    return ok(part, f"{model} answers")


async def _post(node: Node, body: bytes, mask: Mask) -> Response:
    response = await node.client.post(asking.PATH, body, {})
    if 200 <= response.status < 300:
        return response
    failure, _ = await answer_body.failed(node, response, mask)
    raise failure


def told(failure: UpstreamFailure) -> str:
    """Say how a call failed in words of ours alone: an upstream's might quote what they should not."""
    status = f" with status {failure.status}" if failure.status else ""
    return f"{WORDS[failure.kind]}{status}"


def remedy_for(failure: UpstreamFailure) -> str:
    if failure.status in CREDENTIALS:
        return CREDENTIALS_REMEDY
    if failure.status in REMEDIES:
        return REMEDIES[failure.status]
    if failure.status and 400 <= failure.status < 500:
        return "see that default_model is a model for chat, and what its provider says of this status"
    if not failure.was_reached:
        return "see base_url, and that this machine may reach it"
    return "try again later, and see whether its provider tells of trouble"
