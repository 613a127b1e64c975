"""`python -m gateway` is the same as the `persona` command."""

import io
import sys

from gateway.cli.root import run


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A persona's text must not end a listing on a terminal that is not UTF-8.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run())


if __name__ == "__main__":
    main()
