"""A program that opens stores and records into them, as often as it is told.

A line of input is `DIRECTORY STREAM FIRST COUNT BATCH`; it opens the store, records that many
requests of the stream, a batch at a time, closes it, and answers with what it was warned of.
"""

import json
import sys
from pathlib import Path

from law import open_store, requests
from proxypal.records import legacy  # noqa: F401 - imported late by the store; here once


def main() -> None:
    """Serve until the input ends."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        directory, *numbers = line.split()
        stream, first, count, batch = map(int, numbers)
        with open_store(Path(directory)) as store:
            for start in range(first, first + count, batch):
                size = min(batch, first + count - start)
                assert store.record(requests(start, size, stream)).recorded == size
            warnings = list(store.warnings)
        sys.stdout.write(json.dumps(warnings) + "\n")
        sys.stdout.flush()


main()
