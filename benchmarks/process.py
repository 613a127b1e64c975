"""Server processes under measurement: started on one core, watched as a tree, ended by their own id."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
START_SECONDS = 10
STOP_SECONDS = 30
INSTALL = "sudo apt-get install --yes nginx-light wrk"
PR_SET_PDEATHSIG = 1
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The measurement cannot go on; the message says why."""


def environment(**more: str) -> dict[str, str]:
    """Copy the environment without anybody's keys, proxies and settings."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | more


def program(name: str) -> str:
    """Find a program that is needed. Raises BenchError with the command that installs it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise BenchError(f"{name} is not installed; on Debian and Ubuntu: {INSTALL}")
    return found


def pin(cores: Sequence[int]) -> Callable[[], None]:
    """Make what a child runs before it becomes the server; it and its children then stay on these cores."""
    return lambda: os.sched_setaffinity(0, cores)


def bind(cores: Sequence[int]) -> Callable[[], None]:
    """Do as `pin` does, and ask that the child ends when this process does, whatever ends it."""
    pinned, kernel = pin(cores), ctypes.CDLL(None)

    def before() -> None:
        pinned()
        kernel.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return before


def allow_open_files(count: int) -> bool:
    """Raise the limit on open files for this process and those it starts; tells whether that was possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count) if hard == resource.RLIM_INFINITY else min(max(soft, count), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted >= count


class Process:
    """A server and all that it has started."""

    def __init__(
        self, command: Sequence[str], cores: Sequence[int], folder: Path, env: dict[str, str] | None = None
    ) -> None:
        self._log = folder / "stderr.log"
        self.started_ns = time.perf_counter_ns()
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment() if env is None else env,
                cwd=folder,
                preexec_fn=bind(cores),
                start_new_session=True,
                text=True,
            )
        self.pid = self._child.pid

    def read_until(self, start: str) -> str:
        """Read what it prints, up to the line that begins like this."""
        assert self._child.stdout is not None
        lines = []
        for line in self._child.stdout:
            lines.append(line)
            if line.startswith(start):
                return "".join(lines)
        raise BenchError(f"a server did not start:\n{self.errors()}")

    def errors(self) -> str:
        """Read the end of what it wrote to standard error."""
        return self._log.read_text("utf-8", "replace")[-3000:]

    def has_ended(self) -> bool:
        return self._child.poll() is not None

    def tree(self) -> list[int]:
        """List its process ids, its own first."""
        children: dict[int, list[int]] = {}
        for name in os.listdir("/proc"):  # noqa: PTH208 - the quickest way, and it is done often
            if name.isdigit() and (fields := _stat(int(name))):
                children.setdefault(int(fields[1]), []).append(int(name))
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_ns(self) -> int:
        """CPU time that the whole tree has used, in nanoseconds: user and system, ended threads included."""
        return cpu_ns(self.tree())

    def ended_children_cpu_ns(self) -> int:
        """CPU time of children that have ended already; the kernel counts it in hundredths of a second."""
        fields = _stat(self.pid)
        return sum(map(int, fields[13:15])) * TICK_NS if fields else 0

    def memory_kb(self) -> float:
        """Resident memory of the tree, what its processes share counted once."""
        return float(sum(_rollup(pid, "Pss:") for pid in self.tree()))

    def largest_kb(self) -> float:
        """Resident memory of the largest process of the tree, all that it shares included."""
        return float(max(_rollup(pid, "Rss:") for pid in self.tree()))

    def stop(self) -> None:
        """End it, and whatever of it is left after that."""
        tree = self.tree()
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in tree:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()


def cpu_ns(pids: Sequence[int]) -> int:
    """CPU time of these processes in nanoseconds, all their threads together, ended ones included."""
    total = 0
    for pid in pids:
        try:
            # A process's CPU clock has its id in it: see clock_getcpuclockid(3).
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:
            continue
    return total


def idle_ns(cores: Sequence[int]) -> int:
    """Return how long these cores have had nothing to do since the machine started, to a tick of the
    kernel."""
    names = {f"cpu{core}" for core in cores}
    lines = (line.split() for line in Path("/proc/stat").read_text("utf-8").splitlines())
    return sum(int(line[4]) + int(line[5]) for line in lines if line[0] in names) * TICK_NS


def free_port() -> int:
    """Find a port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(process: Process, port: int, seconds: float = START_SECONDS) -> None:
    """Wait until the port takes connections. Raises BenchError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not process.has_ended():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise BenchError(f"a server did not start:\n{process.errors()}")


def start_mock(cores: Sequence[int], folder: Path) -> tuple[Process, int]:
    """Start the mock upstream, and return it and its port."""
    here = str(Path(__file__).parent.parent)
    command = [sys.executable, "-m", "benchmarks.mock"]
    process = Process(command, cores, folder, environment(PYTHONPATH=here))
    return process, int(process.read_until(""))


def _stat(pid: int) -> list[str] | None:
    """Read the fields of /proc/PID/stat behind the name, the state first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None


def _rollup(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
