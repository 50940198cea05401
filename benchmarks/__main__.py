"""`make bench`: every measurement in turn, one table. Name some to run only those."""

import sys
import tempfile
from pathlib import Path

from benchmarks import backlog, pricing, queue, reading, recording, startup
from benchmarks.table import Row, show

MEASUREMENTS = {
    "recording": recording.measure,
    "backlog": backlog.measure,
    "queue": queue.measure,
    "pricing": pricing.measure,
    "reading": reading.measure,
    "startup": startup.measure,
}


def main(names: list[str]) -> None:
    """Measure on the disk of the current directory: /tmp may live in memory."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        for name in names or MEASUREMENTS:
            print(f"measuring {name} …", file=sys.stderr)
            place = Path(folder) / name
            place.mkdir()
            rows += MEASUREMENTS[name](place)
    show(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
