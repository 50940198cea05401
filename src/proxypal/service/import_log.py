"""A log imported by hand: the watcher's way, so that watching and importing it counts once."""

from pathlib import Path

import msgspec

from proxypal.clock import now_ms
from proxypal.records.labels import Offset
from proxypal.service.import_report import BadRow, Progress
from proxypal.sources.log_batches import Notice, PositionStore, Reading
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader

_STILL_WRITTEN_MS = 60_000
"""A log changed this recently may end in the middle of a line."""


class LogTally(msgspec.Struct, kw_only=True):
    """What a log came to; `lines` are those not read before.

    `joined` completed a request that a usage queue had told of, `seen` were counted from there.
    """

    lines: int = 0
    requests: int = 0
    older: int = 0
    joined: int = 0
    seen: int = 0
    bad_rows: list[BadRow] = []
    notes: list[str] = []


def import_log(path: Path, store: PositionStore, offset: Offset, progress: Progress) -> LogTally:
    """Read a log with what was rotated away from it, from where the store stands.

    Raises:
        UnreadableInput: a dump of requests, not a log.
        OSError: it cannot be read.
        StoreError: the store did not take a batch; what it took before stays.
    """
    age_ms = now_ms() - path.stat().st_mtime_ns // 1_000_000
    reader = LogReader(
        LogSet(path), store, offset, clock=now_ms, is_complete=age_ms > _STILL_WRITTEN_MS
    )
    tally = LogTally()
    for found in reader.sweep():
        if isinstance(found, Notice):
            tally.notes.append(f"{found.name} {found.text}")
        else:
            _count(tally, found)
            progress(found.done_bytes, found.total_bytes)
    return tally


def _count(tally: LogTally, reading: Reading) -> None:
    tally.lines += reading.lines
    tally.requests += reading.outcome.recorded
    tally.older += reading.outcome.older
    tally.joined += reading.outcome.joined
    tally.seen += reading.outcome.seen
    tally.bad_rows += [BadRow(line.line, line.reason) for line in reading.rejected]
    tally.notes += [rejection.reason for rejection in reading.outcome.rejected]
