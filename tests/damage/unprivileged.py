"""A program that uses a store without any right to write, and does what its input says.

Arguments: the data directory, and `nobody` to give up being root first. Each line of input is
`read`, `record FIRST COUNT` or `limit BYTES` (of any file written from now on); each answer is a
line of JSON.
"""

import json
import os
import resource
import sys
import zoneinfo  # noqa: F401 - after giving up root it could not be found any more
from pathlib import Path

import filelock  # noqa: F401 - as above

import proxypal.records.legacy
import proxypal.store.forgetting  # noqa: F401 - as above
from law import open_store, requests
from proxypal.errors import CannotWrite

NOBODY = 65534


def main(directory: Path, user: str) -> None:
    """Answer until the input ends."""
    if user == "nobody":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        store = open_store(directory)
    except CannotWrite as error:
        sys.stdin.readline()
        sys.stdout.write(json.dumps({"refused": str(error)}) + "\n")
        return
    for line in sys.stdin:
        command, *values = line.split()
        answer: dict[str, object] = {}
        if command == "record":
            recorded = store.record(requests(*map(int, values)))
            answer = {"recorded": recorded.recorded, "held": recorded.held}
        elif command == "limit":
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(values[0]), hard))
        total = store.get_usage_stats().total_requests
        answer |= {"total": total, "waiting": store.held, "warnings": store.warnings}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    store.close()


main(Path(sys.argv[1]), sys.argv[2])
