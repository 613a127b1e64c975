"""The verifiers of the docs take what is delivered, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.api.conftest import User
from tests.webhooks.receiver import Delivered, Receiver
from tests.webhooks.test_webhooks import Hook, gateway, me, receiver

__all__ = ["gateway", "me", "receiver"]

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
HARNESS = """
import { verify } from "./verify.mjs";
import { readFileSync } from "node:fs";
const { signature, body, secret } = JSON.parse(readFileSync(process.argv[2], "utf8"));
verify({ headers: { "persona-signature": signature }, rawBody: body }, secret);
"""


def block(language: str) -> str:
    """Find the page's code in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    code: str = found
    return code


def python_takes(got: Delivered, secret: str) -> bool:
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(block("python"), "receiver.py", "exec"), names)
    try:
        names["verify"](got.headers["persona-signature"], got.body, secret)
    except ValueError:
        return False
    return True


def node_takes(got: Delivered, secret: str, folder: Path) -> bool:
    (folder / "verify.mjs").write_text(block("js"))
    (folder / "harness.mjs").write_text(HARNESS)
    given = {"signature": got.headers["persona-signature"], "body": got.body.decode(), "secret": secret}
    (folder / "given.json").write_text(json.dumps(given))
    done = node.run(folder / "harness.mjs", str(folder / "given.json"))
    assert done.returncode == 0 or "invalid signature" in done.stderr, done.stderr
    return done.returncode == 0


def delivered(me: User, receiver: Receiver) -> tuple[Hook, Delivered]:
    hook = Hook(me, receiver)
    hook.ask("POST", "/test")
    return hook, hook.got()[0]


def forged(got: Delivered) -> Delivered:
    return got._replace(body=got.body.replace(b"webhook.test", b"webhook.best"))


def test_the_python_of_the_docs_verifies_deliveries(me: User, receiver: Receiver) -> None:
    hook, got = delivered(me, receiver)
    assert python_takes(got, hook.secret)
    assert not python_takes(got, hook.secret + "x")
    assert not python_takes(forged(got), hook.secret)
    rotated = hook.ask("POST", "/rotate").json["secret"]
    hook.ask("POST", "/test")
    both = hook.got(2)[-1]
    assert python_takes(both, hook.secret)
    assert python_takes(both, rotated)


def test_the_node_of_the_docs_verifies_deliveries(me: User, receiver: Receiver, tmp_path: Path) -> None:
    hook, got = delivered(me, receiver)
    assert node_takes(got, hook.secret, tmp_path)
    assert not node_takes(got, hook.secret + "x", tmp_path)
    assert not node_takes(forged(got), hook.secret, tmp_path)
    hook.ask("POST", "/rotate")
    hook.ask("POST", "/test")
    # It looks at the first signature, which the old secret makes until the rotation is finished.
    assert node_takes(hook.got(2)[-1], hook.secret, tmp_path)
    new = hook.ask("POST", "/rotate").json["secret"]
    hook.ask("POST", "/rotate", {"finish": True})
    hook.ask("POST", "/test")
    assert node_takes(hook.got(3)[-1], new, tmp_path)
