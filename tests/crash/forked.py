"""A program that forks with a store open: both sides record, the parent closes first."""

import os
import sys
from pathlib import Path

from law import open_store, requests


def main(directory: Path) -> None:
    """Four times five requests: before the fork, and in turn on its two sides."""
    store = open_store(directory)
    store.record(requests(0, 5))
    told_by_child, child_tells = os.pipe()
    told_by_parent, parent_tells = os.pipe()
    child = os.fork()
    if child == 0:
        store.record(requests(5, 5))
        os.write(child_tells, b".")
        os.read(told_by_parent, 1)
        store.record(requests(15, 5))
        store.close()
        os._exit(0)
    os.read(told_by_child, 1)
    store.record(requests(10, 5))
    store.close()
    with open_store(directory) as third:
        assert third.get_usage_stats().total_requests == 15
    os.write(parent_tells, b".")
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main(Path(sys.argv[1]))
