"""From interpreted log lines to batches for the store: shared by files and streams.

Must not enter: where the bytes come from.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from proxypal.clock import Clock
from proxypal.records.request import RequestLog
from proxypal.sources.log_identity import KnownLog, LogPosition, decode_position
from proxypal.sources.log_requests import Interpreted
from proxypal.store.values import Gap, Positions, SourceBatch, SourceOutcome, StoredPosition

_ZONES_APART_MS = 26 * 3_600_000
"""A log read in the wrong zone can be this far ahead; beyond it a time is forged, not early."""


class PositionStore(Protocol):
    """The part of `RequestStore` that reading needs."""

    def positions(self) -> Positions:
        """See `RequestStore.positions`."""
        ...

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore.record_batch`."""
        ...


class RejectedLine(NamedTuple):
    """A line that is no request though it should be. `line` counts from 1 in its log."""

    line: int
    reason: str
    excerpt: str


class Reading(NamedTuple):
    """A batch the store took, and what became of it.

    `done_bytes` of `total_bytes` of the whole log are behind us; both are 0 for a stream.
    """

    name: str
    batch: SourceBatch
    outcome: SourceOutcome
    rejected: Sequence[RejectedLine] = ()
    lines: int = 0
    done_bytes: int = 0
    total_bytes: int = 0


class Notice(NamedTuple):
    """Something about a log that its reader should be told."""

    name: str
    text: str


class KnownLogs:
    """The stored positions of logs, as of the last look and of our own batches since."""

    def __init__(self, store: PositionStore, source: str) -> None:
        self.source = source
        self._store = store
        self._known: dict[int, KnownLog] = {}
        self._is_current = False
        self._generation = 0

    def all(self) -> list[KnownLog]:
        """Every known log."""
        if not self._is_current:
            found = self._store.positions()
            decoded = (decode_position(row) for row in found.rows)
            self._known = {log.stored.id: log for log in decoded if log is not None}
            self._generation = found.generation
            self._is_current = True
        return list(self._known.values())

    def forget(self) -> None:
        """Ask the store anew: another reader may have moved a position."""
        self._is_current = False

    def of_source(self) -> list[KnownLog]:
        """The known logs that were last read under our own source."""
        return [log for log in self.all() if log.stored.source == self.source]

    def offer(
        self,
        start: StoredPosition | None,
        position: LogPosition,
        requests: Sequence[RequestLog] = (),
        gaps: Sequence[Gap] = (),
    ) -> tuple[SourceBatch, SourceOutcome]:
        """Offer the store what brings `start` to `position`, and know where that came to.

        Raises:
            StoreError: as `RequestStore.record_batch`.
        """
        batch = SourceBatch(
            source=self.source,
            start=start,
            generation=self._generation,
            state=msgspec.json.encode(position),
            requests=requests,
            gaps=gaps,
        )
        # Until the store has answered, and after any refusal, only the store knows.
        was_current, self._is_current = self._is_current, False
        outcome = self._store.record_batch(batch)
        if outcome.position is not None:
            self._known[outcome.position.id] = KnownLog(outcome.position, position)
            # A new position changes the generation; one that moved changes only itself.
            self._is_current = was_current and start is not None
        return batch, outcome


def counted(position: LogPosition, read: Interpreted) -> Sequence[RequestLog]:
    """The requests that no longer copy of this log has brought already."""
    if not position.floor_ms:
        return read.requests
    return [request for request in read.requests if request.timestamp > position.floor_ms]


def believable_ms(newest_ms: int, clock: Clock) -> int:
    """A time a log claims, at most a day and a bit ahead: forged lines can claim any."""
    return min(newest_ms, clock() + _ZONES_APART_MS)


def rejected_lines(position: LogPosition, read: Interpreted) -> list[RejectedLine]:
    """The rejections with their line numbers in the whole log."""
    return [
        RejectedLine(position.lines + line.line_number_in_data, line.reason, line.excerpt)
        for line in read.rejections
    ]
