"""`make bench`: every measurement in turn. `python -m benchmarks NAME…` prints some of them.

With `--page PATH` the page about them is written there, too.
"""

import argparse
import compileall
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import proxypal
from benchmarks import (
    backlog,
    breakdown,
    pages,
    peers,
    pricing,
    queue,
    reading,
    recording,
    startup,
)
from benchmarks.report import report
from benchmarks.table import About, Row, show


class _Measurement(NamedTuple):
    about: About
    measure: Callable[[Path], list[Row]]


MEASUREMENTS = {
    module.__name__.rpartition(".")[2]: _Measurement(module.ABOUT, module.measure)
    for module in (
        recording, backlog, queue, pricing, reading, startup, pages, peers, breakdown,
    )
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Measure on the disk of the current directory: /tmp may live in memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--page", type=Path, metavar="PATH", help="write the page there")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no measurement is called {', '.join(unknown)}")
    measured: list[tuple[About, list[Row]]] = []
    # As every installer leaves it, also where the environment forbids Python to write bytecode.
    compileall.compile_dir(Path(proxypal.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        for name in asked.names or MEASUREMENTS:
            print(f"measuring {name} …", file=sys.stderr)
            place = Path(folder) / name
            place.mkdir()
            about, measure = MEASUREMENTS[name]
            rows = measure(place)
            show(about.title, rows)
            measured.append((about, rows))
    if asked.page is not None:
        asked.page.write_text(report(measured), encoding="utf-8")
        print(f"wrote {asked.page}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
