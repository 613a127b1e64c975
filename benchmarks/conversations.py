"""`make bench-conversations`: the cost of a turn in a long conversation, and of many that end at once."""

import asyncio
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from benchmarks import gateway as gateways
from benchmarks import texts
from benchmarks.gateway import PATIENT, SLUG, Home
from benchmarks.process import cpu_ns, start_mock
from gateway.auth import store as auth
from gateway.auth.guard import Caller
from gateway.conversations import beginning, store
from gateway.conversations import message as messages
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import Conversation, Pin
from gateway.conversations.lineage import hear
from gateway.conversations.message import Addition
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage import migrate
from gateway.storage.audit import Actor
from gateway.storage.database import Database

LENGTHS = (20, 2_000)
"""Turns of the conversations that are compared."""
CHARACTERS = 1_500
"""Characters of a message; both histories are longer than the context, so that the same is sent of both."""
ROUNDS = 5
TURNS = 16
"""Turns in a round: the conversations take turns, so that what disturbs the machine disturbs all."""
WRITERS = 64
EACH = 20
"""Conversations that are written to at once, and turns in each."""


def lengths() -> dict[int, float]:
    """Measure the milliseconds of CPU time that a posted turn takes, by the length of its conversation."""
    with tempfile.TemporaryDirectory(prefix="persona-bench-") as folder:
        mock, port = start_mock([0], Path(folder))
        home = gateways.prepare(Path(folder) / "home", [1])
        process = home.start([1], port, more=PATIENT)
        try:
            target = home.target(process)
            client = http.client.HTTPConnection("127.0.0.1", target.port)
            for length in LENGTHS:
                _import(client, home, length)
            found: dict[int, list[float]] = {length: [] for length in LENGTHS}
            for number in range(ROUNDS + 1):
                for length in LENGTHS if number % 2 else reversed(LENGTHS):
                    before = cpu_ns(process.tree())
                    for _ in range(TURNS):
                        _ask(
                            client,
                            home,
                            f"conv_{length}/messages",
                            {"message": texts.text(number, CHARACTERS)},
                        )
                    found[length].append((cpu_ns(process.tree()) - before) / TURNS / 1e6)
            return {length: statistics.median(each[1:]) for length, each in found.items()}
        finally:
            process.stop()
            mock.stop()


def _import(client: http.client.HTTPConnection, home: Home, turns: int) -> None:
    said = []
    for number in range(turns):
        said.append({"role": "user", "content": texts.text(number, CHARACTERS)})
        said.append({"role": "assistant", "content": texts.text(turns + number, CHARACTERS)})
    body = "\n".join(map(json.dumps, said)).encode()
    _ask(client, home, f"import?persona={SLUG}&id=conv_{turns}", body)


def _ask(client: http.client.HTTPConnection, home: Home, path: str, body: object) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    client.request("POST", f"/v1/chat/conversations/{path}", data, {"Authorization": f"Bearer {home.key}"})
    reply = client.getresponse()
    told = reply.read()
    if reply.status not in (200, 201):
        raise SystemExit(f"{path}: {reply.status} {told[:500]!r}")


async def commits(*, together: bool) -> float:
    """Measure the turns per second that are written, in groups or each by itself, by many who wait for it."""
    async with _drafts() as (database, drafts):
        committer = Committer(database)

        async def write(draft: Conversation) -> None:
            for _ in range(EACH):
                addition = _turn(draft)
                if together:
                    await committer.commit(addition)
                else:
                    async with database.write() as connection:
                        await store.add(connection, [addition])

        began = time.perf_counter()
        await asyncio.gather(*map(write, drafts))
        return WRITERS * EACH / (time.perf_counter() - began)


@asynccontextmanager
async def _drafts() -> AsyncIterator[tuple[Database, list[Conversation]]]:
    with tempfile.TemporaryDirectory(prefix="persona-bench-") as folder:
        database = Database(f"sqlite:///{folder}/persona.db")
        await migrate.upgrade(database)
        async with database.write() as connection:
            workspace = await auth.create_workspace(connection, "mine", "live")
            draft = Draft(Profile(slug=SLUG, name="Osman"), Content(prompt=gateways.PROMPT))
            pushed = await personas.push(connection, draft, Actor(workspace.id))
            caller = Caller("key_1", workspace.id, "key_1", frozenset(), operator=False)
            drafts = [beginning.draft(caller, pushed.persona.id, Pin(1)) for _ in range(WRITERS)]
            made = [await store.create(connection, draft) for draft in drafts]
        try:
            yield database, made
        finally:
            await database.close()


def _turn(conversation: Conversation) -> Addition:
    raws = [
        msgspec.Raw(msgspec.json.encode({"role": role, "content": texts.text(number, 100)}))
        for number, role in enumerate(("user", "assistant"))
    ]
    said = tuple(messages.below(messages.root(conversation), hear(raws, conversation.origin), 1))
    return Addition(conversation, said, messages.said_words(said))


def main() -> None:
    found = lengths()
    short, long = (found[length] for length in LENGTHS)
    print("| a posted turn of a conversation of | CPU time |\n| --- | --: |")
    for length, spent in found.items():
        print(f"| {length:,} turns | {spent:.2f} ms |")
    print(f"\nThe long one takes {long / short:.2f} times what the short one does.\n")
    rates: dict[bool, list[float]] = {together: [] for together in (True, False)}
    for _ in range(3):
        for together, each in rates.items():
            each.append(asyncio.run(commits(together=together)))
    print(f"| {WRITERS} turns that end together are written | turns/s |\n| --- | --: |")
    print(f"| in groups | {statistics.median(rates[True]):,.0f} |")
    print(f"| each by itself | {statistics.median(rates[False]):,.0f} |")


if __name__ == "__main__":
    main()
