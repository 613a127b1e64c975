"""The results of a run are values: rounds, their median and spread, ratios, the machine."""

import datetime
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from gateway import __version__

FOLDER = Path(__file__).parent / "results"


class Sample(msgspec.Struct, frozen=True):
    """One figure of one server."""

    median: float
    low: float
    high: float
    rounds: list[float]


class Figure(msgspec.Struct, frozen=True):
    """One line of the table: the same measurement of one or more servers."""

    name: str
    title: str
    unit: str
    samples: dict[str, Sample]
    """Samples by the name of the server; `nginx` and `gateway` are always among them."""
    note: str = ""


class Machine(msgspec.Struct, frozen=True):
    cores: int
    cpu: str
    memory_gb: float
    system: str
    python: str
    versions: dict[str, str]


class Disturbance(msgspec.Struct, frozen=True):
    """Work beside the run, as shares of all the machine's CPU time."""

    elsewhere: float
    """The share that processes other than the rig's have used."""
    stolen: float
    """The share that the host of a virtual machine kept back."""


class Run(msgspec.Struct, frozen=True):
    """A results file."""

    kind: str
    """`core`, `growth` or `peers`."""
    gateway: str
    """The version of the gateway."""
    date: str
    seconds: float
    machine: Machine
    disturbance: Disturbance
    ratios: dict[str, float]
    """Ratios of the medians."""
    ratios_of_lows: dict[str, float]
    """Ratios of the lowest rounds, which other work on the machine disturbs less."""
    figures: list[Figure]
    notes: list[str] = []


def sample(rounds: Sequence[float]) -> Sample:
    """Take the median and the spread of some rounds."""
    kept = [_rounded(one) for one in rounds]
    return Sample(_rounded(statistics.median(kept)), min(kept), max(kept), kept)


def figure(name: str, title: str, unit: str, rounds: Mapping[str, Sequence[float]], note: str = "") -> Figure:
    return Figure(name, title, unit, {server: sample(found) for server, found in rounds.items()}, note)


def ratios(figures: Sequence[Figure], value: Callable[[Sample], float]) -> dict[str, float]:
    """Divide, for each figure, the gateway's value by that of every other server: `<figure>_vs_<server>`."""
    found = {}
    for one in figures:
        ours = one.samples.get("gateway")
        for server, theirs in one.samples.items():
            if ours is not None and server != "gateway" and value(theirs):
                found[f"{one.name}_vs_{server}"] = round(value(ours) / value(theirs), 3)
    return found


def machine(cores: int, versions: Mapping[str, str]) -> Machine:
    """Describe what one has to know of the machine, but nothing that names it."""
    return Machine(
        cores=cores,
        cpu=_first("/proc/cpuinfo", "model name"),
        memory_gb=round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        system=platform.system(),
        python=platform.python_version(),
        versions=dict(versions),
    )


def run(
    kind: str,
    seconds: float,
    about: Machine,
    disturbance: Disturbance,
    figures: list[Figure],
    notes: list[str],
) -> Run:
    """Return the results of a run that ends now, with the ratios that follow from them."""
    return Run(
        kind=kind,
        gateway=__version__,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seconds=round(seconds),
        machine=about,
        disturbance=disturbance,
        ratios=ratios(figures, lambda sample: sample.median),
        ratios_of_lows=ratios(figures, lambda sample: sample.low),
        figures=figures,
        notes=notes,
    )


def write(found: Run, folder: Path = FOLDER) -> Path:
    """Store a run as JSON, over one of the same day and kind; returns the file."""
    folder.mkdir(exist_ok=True)
    path = folder / (f"{found.date}.json" if found.kind == "core" else f"{found.date}-{found.kind}.json")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return path


def read(path: Path) -> Run:
    return msgspec.json.decode(path.read_bytes(), type=Run)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _first(path: str, name: str) -> str:
    """Read the value of the first line `name : value` of a file in /proc."""
    for line in Path(path).read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0 unknown"
