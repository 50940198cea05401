"""A program that begins a write transaction, changes something, says so, and goes no further.

It ends that transaction, undone, when a line comes; its argument is the data directory.
"""

import sys
from pathlib import Path

from law import open_store, requests
from proxypal.store.state import Change


class Undone(Exception):
    """What ends the transaction."""


def half_way(change: Change) -> None:
    """Change the totals, and stay there."""
    changed = change.connection.execute("UPDATE sums SET requests = requests + 1")
    assert changed.rowcount > 0
    sys.stdout.write("inside\n")
    sys.stdout.flush()
    sys.stdin.readline()
    raise Undone


def main(directory: Path) -> None:
    """Hold the database until told, or killed."""
    with open_store(directory) as store:
        store.record(requests(0, 5))
        try:
            store._engine.write(half_way)
        except Undone:
            sys.stdout.write("undone\n")


main(Path(sys.argv[1]))
