"""Reads one open file of a log, from where the store stands to where it ends now.

Must not enter: which files there are, and in which order they are read.
"""

from collections.abc import Generator, Sequence
from typing import NamedTuple

import msgspec

from proxypal.clock import Clock
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import KnownLogs, Reading
from proxypal.sources.log_chunks import Growth, LogChunks
from proxypal.sources.log_copies import is_contained
from proxypal.sources.log_files import LogFile, OpenLog
from proxypal.sources.log_identity import (
    Beginning,
    Continue,
    LogPosition,
    OlderCopy,
    match,
    start_of,
)
from proxypal.sources.log_priming import Interpretation, Place, stretch_before
from proxypal.sources.log_read_remotely import find_remote_end
from proxypal.store.values import StoredPosition


class Turn(NamedTuple):
    """An open file of a set, on its turn. `done_bytes` of all are in the files before it."""

    files: Sequence[LogFile]
    place: int
    log: OpenLog
    beginning: Beginning
    done_bytes: int
    total_bytes: int

    @property
    def file(self) -> LogFile:
        """The file itself."""
        return self.files[self.place]


class Start(NamedTuple):
    """Where to read on; `stored` is None if the store holds nothing of this log."""

    stored: StoredPosition | None
    position: LogPosition


class End(NamedTuple):
    """Where reading a file ended.

    `is_whole` unless an unfinished line follows. `begins_ms` is the first request of a log not
    seen before.
    """

    stored: StoredPosition | None
    position: LogPosition
    has_read: bool
    is_whole: bool
    begins_ms: int | None


class FileReading:
    """Reads files, one after the other, keeping what one says about the next."""

    def __init__(
        self, known: KnownLogs, offset: Offset, clock: Clock, *, is_complete: bool
    ) -> None:
        self._known = known
        self._clock = clock
        self._is_complete = is_complete
        self._lines = Interpretation(offset)

    def recognise(self, turn: Turn) -> Start | None:
        """Where to read on; None for a copy of what another file of the set holds as well."""
        found = match(turn.beginning, turn.log.read_at, self._known.all())
        if isinstance(found, Continue):
            return Start(*found.known)
        if not isinstance(found, OlderCopy):
            return self._start(turn)
        others = [file for file in turn.files if file != turn.file]
        if is_contained(turn.log, found.known, others):
            return None
        return Start(None, start_of(turn.beginning, floor_ms=found.newest_ms))

    def _start(self, turn: Turn) -> Start:
        """A file that was never read, unless it was over HTTP: then go on from there."""
        remote = find_remote_end(turn.files, self._known.all())
        if remote is None:
            return Start(None, start_of(turn.beginning))
        if remote.path == turn.file.path:
            return Start(remote.known.stored, remote.position_in(turn.beginning))
        newest_ms = remote.known.position.newest_ms
        return Start(None, start_of(turn.beginning, floor_ms=newest_ms))

    def read(self, turn: Turn, start: Start) -> Generator[Reading, None, End | None]:
        """Read to the end; None if another reader was there first.

        Raises:
            LogReplaced: the file was truncated or rewritten meanwhile.
            StoreError: the store did not take a batch.
        """
        stored, position = start
        growth = self._growth(turn.file)
        chunks = LogChunks(turn.log, turn.beginning, growth, self._lines, self._clock)
        begins_ms: int | None = None
        has_read = False
        # Most often nothing is new; to find that out one byte is enough.
        is_end = not turn.log.read_at(position.offset, 1)
        if not is_end:
            self._get_ready(turn, start)
        while not is_end and (step := chunks.step(position)) is not None:
            has_read, is_end = True, step.is_end
            position = msgspec.structs.replace(
                step.position, is_finished=is_end and growth != "live"
            )
            batch, outcome = self._known.offer(stored, position, step.requests)
            if outcome.position is None:
                return None
            if start.stored is None and begins_ms is None and step.requests:
                begins_ms = step.requests[0].timestamp
            stored = outcome.position
            self._lines.place = Place(stored.id, position.offset)
            done_bytes = min(turn.done_bytes + position.offset, turn.total_bytes)
            name = turn.file.path.name
            yield Reading(
                name, batch, outcome, step.rejected, step.lines, done_bytes, turn.total_bytes
            )
        if stored is not None and growth != "live" and not position.is_finished:
            position = msgspec.structs.replace(position, is_finished=True)
            _, outcome = self._known.offer(stored, position)
            if outcome.position is None:
                return None
        return End(stored, position, has_read, is_end, begins_ms)

    def _growth(self, file: LogFile) -> Growth:
        if self._is_complete:
            return "complete"
        return "rotated" if file.is_rotated else "live"

    def _get_ready(self, turn: Turn, start: Start) -> None:
        """Give the interpreter the lines before, unless it has just read them."""
        stored, position = start
        place = self._lines.place
        if place is not None and (stored is None or place == Place(stored.id, position.offset)):
            return
        previous = turn.files[turn.place - 1].path if turn.place else None
        stretch = stretch_before(turn.log, position.offset, previous)
        self._lines.prime(stretch, position.newest_ms if stored else 0)
