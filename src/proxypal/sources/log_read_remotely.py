"""Whether files that were never read as files are the log that was read over HTTP, and how far.

Over HTTP nothing tells where one file ends and the next begins, so its position fits the first
of them at most. Must not enter: reading over HTTP, the store.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.sources.log_files import LogFile, OpenLog
from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    KnownLog,
    LogPosition,
    Passed,
    advance,
    start_of,
)
from proxypal.sources.remote_place import find_place

SOURCE_PREFIXES = ("log:http://", "log:https://")
"""How sources are named that are read over HTTP; those of files are paths."""

_SEARCHED_BYTES = 64 << 20
"""How much of a file's end is searched: the proxy's own are 10 MiB at most."""


class RemoteEnd(NamedTuple):
    """The file in which reading over HTTP stopped, and the position there as one of that file."""

    path: Path
    known: KnownLog
    passed: Passed

    def position_in(self, beginning: Beginning) -> LogPosition:
        """The position in that file, which has this beginning."""
        return advance(start_of(beginning), beginning, self.passed)


def find_remote_end(files: Sequence[LogFile], known: Sequence[KnownLog]) -> RemoteEnd | None:
    """Where in `files` one of the logs read over HTTP was read up to; None if in none of them."""
    remote = [log for log in known if log.stored.source.startswith(SOURCE_PREFIXES)]
    if not remote:
        return None
    for file in reversed(files):
        try:
            with OpenLog(file.path) as log:
                start = max(0, log.size() - _SEARCHED_BYTES)
                text = log.read_at(start, _SEARCHED_BYTES)
        except OSError:
            continue
        place = find_place(text, remote)
        if place is not None:
            told = text[: place.told]
            newest_ms = place.known.position.newest_ms
            end = start + len(told)
            passed = Passed(end, told[-SAMPLE_BYTES:], told.count(b"\n"), newest_ms)
            return RemoteEnd(file.path, place.known, passed)
    return None
