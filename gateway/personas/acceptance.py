"""A draft is checked here, whoever writes it: this alone says what makes a persona acceptable."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from gateway.drift import fact, rule
from gateway.drift.character import leaves
from gateway.drift.declared import DeclarationError
from gateway.errors import Detail
from gateway.personas import defaults, variables
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.slug import RESERVED, is_slug
from gateway.personas.template import LAYERS

PROMPT_BYTES = 512 * 1024
NAME_LENGTH = 200
PART_BYTES = 256 * 1024
"""Bytes of examples, of layers and of defaults, each as JSON."""
EXAMPLES = 1000
UPSTREAMS = 32
HEADERS = 64
HEADERS_BYTES = 16 * 1024
DEPTH = 32
"""Levels of lists and objects within layers and defaults."""
NAMED = 10
"""Paths that an error names."""
ALLOWED = 100
"""Names in `allow`."""
REFUSAL = 4000
"""Characters of what stands in for an answer that is held back."""
PARAMETER = re.compile(r"[!-~]{1,64}")
NOT_DEFAULTS = frozenset({"model", "messages", "n", "stream", "stream_options"})
HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
OF_THE_GATEWAY = frozenset(
    [
        "accept-encoding",
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "set-cookie",
    ]
)
LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
)
"""A language, and perhaps a script, a region and variants, as RFC 5646 writes them."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")


class DraftError(Exception):
    """A draft that is well-formed but not acceptable; `details` name every place.

    `lines` say for each of them where it stands in a file, such as "line 3, column 7: ".
    """

    def __init__(self, details: list[Detail], lines: Sequence[str] = ()) -> None:
        told = (f"{'.'.join(map(str, detail.loc))}: {detail.msg}" for detail in details)
        super().__init__("; ".join(map("".join, zip(lines, told, strict=True)) if lines else told))
        self.details = details


def check(draft: Draft, *, needs_prompt: bool = True) -> None:
    """Raises DraftError with everything that is wrong with the draft."""
    details = [*_check_profile(draft.profile), *_check_content(draft.content, needs_prompt=needs_prompt)]
    if details:
        raise DraftError(details)


def _check_profile(profile: Profile) -> list[Detail]:
    details = []
    if not is_slug(profile.slug):
        details.append(
            _detail("slug", "lower-case letters, digits and single hyphens, at most 64 characters")
        )
    elif profile.slug in RESERVED:
        details.append(_detail("slug", "is a word of the API's own paths; choose another"))
    if not profile.name.strip() or len(profile.name) > NAME_LENGTH:
        details.append(_detail("name", f"1 to {NAME_LENGTH} characters"))
    if len(profile.tags) > 50 or any(not tag.strip() or len(tag) > 64 for tag in profile.tags):
        details.append(_detail("tags", "at most 50 tags of 1 to 64 characters"))
    texts = {"name": [profile.name], "tags": profile.tags}
    return details + _check_nul(texts)


def _check_content(content: Content, *, needs_prompt: bool) -> list[Detail]:
    details = []
    if needs_prompt and not content.prompt.strip():
        details.append(_detail("prompt", "must not be empty"))
    if len(content.prompt.encode("utf-8", "surrogatepass")) > PROMPT_BYTES:
        details.append(_detail("prompt", "at most 512 KiB"))
    if len(content.language) > 35 or not LANGUAGE.fullmatch(content.language):
        details.append(_detail("language", "a language tag of BCP 47, such as `en` or `pt-BR`"))
    details += _check_sizes(content)
    details += _check_declared(content)
    details += variables.check(content.variables, content.prompt)
    if any(not example.strip() for example in content.examples):
        details.append(_detail("examples", "must not hold an empty line"))
    if len(content.allow) > ALLOWED or not all(PARAMETER.fullmatch(name) for name in content.allow):
        details.append(_detail("allow", f"at most {ALLOWED} names of parameters, of 1 to 64 characters each"))
    if len(content.refusal) > REFUSAL or (content.refusal and not content.refusal.strip()):
        details.append(_detail("refusal", f"a text of at most {REFUSAL} characters"))
    if len(content.upstreams) > UPSTREAMS or any(len(upstream) > 200 for upstream in content.upstreams):
        details.append(_detail("upstreams", f"at most {UPSTREAMS} of at most 200 characters each"))
    elif any(not re.fullmatch(r"[!-.0-~]+(/[!-~]+)?", upstream) for upstream in content.upstreams):
        details.append(_detail("upstreams", "each is `NAME/model`"))
    details += [
        _detail("defaults", "is set by the gateway or the caller, not by a default", key)
        for key in sorted(NOT_DEFAULTS & content.defaults.keys())
    ]
    details += defaults.wrong(content.defaults)
    details += [_detail("defaults", "must not be null", k) for k, v in content.defaults.items() if v is None]
    details += [
        _detail("layers", "must be a mapping of fields, not a text or a list", layer)
        for layer in LAYERS
        if layer in content.layers and not isinstance(content.layers[layer], dict)
    ]
    for place, value in (("layers", content.layers), ("defaults", content.defaults)):
        if _is_deep(value, DEPTH):
            details.append(_detail(place, f"at most {DEPTH} levels"))
        elif place == "layers":
            details += _check_paths(content.layers)
    texts = {"prompt": [content.prompt], "examples": content.examples, "refusal": [content.refusal]}
    return details + _check_nul(texts) + check_headers(content.headers)


def _check_declared(content: Content) -> list[Detail]:
    details = []
    for name, decode, declared in (
        ("rules", rule.decode, content.rules),
        ("facts", fact.decode, content.facts),
    ):
        try:
            decode(declared)
        except DeclarationError as error:
            details.append(_detail(name, str(error).rstrip("."), *error.loc))
    return details


def _check_paths(layers: dict[str, Any]) -> list[Detail]:
    """Find fields of one path, by which facts are named: `b` within `a`, and `a.b`."""
    paths = Counter(path for path, _ in leaves(layers))
    shared = [path for path, count in paths.items() if count > 1][:NAMED]
    return [_detail("layers", f"has two fields of the path `{path[:200]}`; rename one") for path in shared]


def _check_sizes(content: Content) -> list[Detail]:
    """Cap everything that is no prompt, so that a version is nowhere larger than a few prompts."""
    parts = {"examples": content.examples, "layers": content.layers, "defaults": content.defaults}
    details = [
        _detail(place, f"at most {PART_BYTES >> 10} KiB as JSON")
        for place, part in parts.items()
        if len(msgspec.json.encode(part)) > PART_BYTES
    ]
    if len(content.examples) > EXAMPLES:
        details.append(_detail("examples", f"at most {EXAMPLES} lines"))
    if len(content.headers) > HEADERS or len(msgspec.json.encode(content.headers)) > HEADERS_BYTES:
        details.append(_detail("headers", f"at most {HEADERS} headers of {HEADERS_BYTES >> 10} KiB in all"))
    return details


def _check_nul(texts: Mapping[str, list[str]]) -> list[Detail]:
    """Find null characters, which not every database can keep in a text."""
    return [
        _detail(place, "must not hold the character NUL")
        for place, parts in texts.items()
        if any("\0" in part for part in parts)
    ]


def _is_deep(value: Any, levels: int) -> bool:
    """Tell whether lists and objects are nested in more levels than these."""
    inner: list[Any] = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return False
    return levels == 0 or any(_is_deep(one, levels - 1) for one in inner)


def check_headers(headers: Mapping[str, str]) -> list[Detail]:
    """List what is wrong with headers that a persona wants to send upstream."""
    details = []
    for name, value in islice(headers.items(), HEADERS):
        if name.lower() in HOP_BY_HOP | OF_THE_GATEWAY:
            details.append(_detail("headers", f"`{name}` belongs to the gateway", name))
        elif not TOKEN.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            details.append(
                _detail("headers", "an HTTP header name and a printable ASCII value are needed", name)
            )
    return details


def _detail(place: str, message: str, *more: str | int) -> Detail:
    return Detail([place, *more], message, "value_error")
