"""Deliveries are signed with a secret that the store does not hold: it is made of a salt and the pepper."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from gateway import ids
from gateway.auth.keys import Hasher

SALT_LENGTH = 32
PURPOSE = "the secret of a webhook"
"""No key begins like this, so that no key's hash is ever a secret."""
PREFIX = "whsec_"


def new_salt() -> str:
    return ids.secret(SALT_LENGTH)


def secret_of(hasher: Hasher, salt: str) -> str:
    """Make the secret of a salt, the same one each time; without the pepper nobody can."""
    key = bytes.fromhex(hasher.hash(f"{PURPOSE} {salt}"))
    return PREFIX + base64.b64encode(key).decode()


def mark_of(hasher: Hasher, salt: str) -> str:
    """Make the mark by which it is noticed that the pepper is another one now."""
    return hasher.hash(secret_of(hasher, salt))


def headers(secrets: Sequence[str], event_id: str, body: bytes, at: int, *, standard: bool) -> dict[str, str]:
    """Sign a body at a time, in seconds, with each secret in this order.

    `standard` adds the headers of Standard Webhooks, whose key is what stands in base64 behind `whsec_`.
    """
    signed = [_digest(secret.encode(), f"{at}.", body).hex() for secret in secrets]
    found = {"persona-signature": ",".join([f"t={at}", *[f"v1={one}" for one in signed]])}
    if standard:
        begin = f"{event_id}.{at}."
        keys = [base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets]
        others = [base64.b64encode(_digest(key, begin, body)).decode() for key in keys]
        found["webhook-id"] = event_id
        found["webhook-timestamp"] = str(at)
        found["webhook-signature"] = " ".join(f"v1,{one}" for one in others)
    return found


def _digest(key: bytes, begin: str, body: bytes) -> bytes:
    return hmac.new(key, begin.encode() + body, hashlib.sha256).digest()
