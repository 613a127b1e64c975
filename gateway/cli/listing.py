"""Records as a table for people, as plain columns for pipes, as JSON for programs."""

from collections.abc import Mapping, Sequence

import msgspec
import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Record = Mapping[str, object]

COLOURS = {"+": "green", "-": "red", "@": "cyan"}
ANY_WIDTH = 10_000
CONTROL = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def listing(records: Sequence[Record], columns: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Print the records: with `as_json` whole, else the columns, which map a heading to a field.

    `empty` is said on stderr where there is nothing to list.
    """
    if as_json:
        print_json(records)
        return
    if not records:
        click.echo(empty, err=True)
        return
    rows = [[cell(record[field]) for field in columns.values()] for record in records]
    console = Console(markup=False, emoji=False, highlight=False)
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    # A table that is too wide would be cut, and a name that is cut cannot be copied.
    wanted = console.measure(table, options=console.options.update(width=ANY_WIDTH)).maximum
    if console.is_terminal and wanted <= console.width:
        console.print(table)
    else:
        _print_plain([list(columns), *rows])


class Rows:
    """Records that come one by one, in columns that widen with what comes; the heading comes first."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._widths = dict.fromkeys(columns, 0)
        self._is_headed = False

    def show(self, record: Record) -> None:
        cells = {heading: cell(record[field]) for heading, field in self._columns.items()}
        rows = [cells] if self._is_headed else [{heading: heading for heading in cells}, cells]
        for row in rows:
            for heading, text in row.items():
                self._widths[heading] = max(self._widths[heading], len(text))
        for row in rows:
            click.echo("  ".join(text.ljust(self._widths[at]) for at, text in row.items()).rstrip())
        self._is_headed = True


def written(place: str) -> None:
    """Say on stderr where a command has written to."""
    click.echo(f"written to {place}", err=True)


def coloured(difference: str) -> None:
    """Print a unified diff."""
    for line in difference.splitlines():
        click.echo(click.style(printable(line), fg=COLOURS.get(line[:1])))


def print_json(value: object) -> None:
    """Print in UTF-8, whatever the terminal's encoding."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def printable(text: str) -> str:
    """Take out of the text what would steer a terminal."""
    return text.translate(CONTROL)


def cell(value: object) -> str:
    """Write a field as people read it; a mapping is one of labels to version numbers."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        return ", ".join(f"{label}=v{number}" for label, number in value.items())
    if isinstance(value, list):
        return printable(", ".join(map(str, value)))
    return printable(str(value))


def _print_plain(rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, two spaces apart and never cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())
