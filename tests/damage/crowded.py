"""A program that has as many files open as it may, and uses a store; it does what its input says.

Arguments: the data directory, how many files it may have open, and a log to watch. Each line of
input is `fill`, `empty`, `record FIRST COUNT`, `publish`, `clear` or `read`; each answer is a line
of JSON.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path

import proxypal.records.legacy
import proxypal.store.forgetting  # noqa: F401 - a module could not be opened any more
from law import open_store, requests
from proxypal.errors import StoreError
from proxypal.service import log_following
from proxypal.service.watch_events import Note
from proxypal.store import Store
from watch_runs import Watching

log_following.LOOK_AGAIN_MS = 50
ballast: list[int] = []


def fill() -> None:
    """Open files until there can be no more."""
    with contextlib.suppress(OSError):
        while True:
            ballast.append(os.open(os.devnull, os.O_RDONLY))


def empty() -> None:
    """Close them again."""
    while ballast:
        os.close(ballast.pop())


def act(store: Store, command: str, values: list[int]) -> dict[str, object]:
    """One line of input, and what came of it."""
    if command == "record":
        recorded = store.record(requests(*values))
        return {"recorded": recorded.recorded, "held": recorded.held}
    if command == "publish":
        store.publish()
    elif command == "clear":
        store.clear_request_history()
    elif command != "read":
        {"fill": fill, "empty": empty}[command]()
    return {}


def main(directory: Path, most: int, log: Path) -> None:
    """Answer until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    with open_store(directory) as store, Watching(store, log) as watching:
        for line in sys.stdin:
            command, *values = line.split()
            try:
                answer = act(store, command, [int(value) for value in values])
            except StoreError as error:
                answer = {"refused": str(error)}
            stats = store.get_usage_stats()
            answer |= {"total": stats.total_requests, "waiting": store.held}
            answer |= {"open": len(ballast), "warnings": store.warnings}
            answer |= {"notes": [e.text for e in watching.events if isinstance(e, Note)]}
            assert watching.error is None, watching.error
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
