"""Lines of a log that comes in pieces, counted in their order behind a position in the store.

Must not enter: where the pieces come from, and where reading goes on.
"""

from collections.abc import Iterator, Sequence

import msgspec

from proxypal.clock import Clock
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import (
    KnownLogs,
    Reading,
    believable_ms,
    counted,
    rejected_lines,
)
from proxypal.sources.log_chunks import CHUNK_BYTES
from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    LogPosition,
    Passed,
    advance,
    beginning_of,
    start_of,
)
from proxypal.sources.log_priming import PRIMING_BYTES, Interpretation, from_a_line_start
from proxypal.sources.log_requests import Interpreted
from proxypal.store.values import Gap, StoredPosition

_KEEP_BYTES = 256 << 10
"""So much without a request is passed over in memory before the store is told."""


class RemotePosition(LogPosition, frozen=True, kw_only=True, omit_defaults=True):
    """A log's position, and the proxy's cursor there; "" if it is known by content alone."""

    cursor: str = ""


class PositionTaken(Exception):
    """Another reader of this log was faster: begin again at what the store says."""


class RemoteCounting:
    """Takes whole lines and offers the store what they hold.

    `recent` are the lines passed last, up to about 1 MiB of them.
    """

    def __init__(self, known: KnownLogs, name: str, offset: Offset, clock: Clock) -> None:
        self.recent = b""
        self._known = known
        self._name = name
        self._clock = clock
        self._lines = Interpretation(offset)
        self._scout = Interpretation(offset)
        self._stored: StoredPosition | None = None
        self._position: RemotePosition | None = None
        self._floor_ms = 0
        self._gaps: Sequence[Gap] = ()
        self._held = b""
        self._head = b""
        self._unsaved_bytes = 0

    def read_in(self, offset: Offset) -> None:
        """The log is written in this zone."""
        self._lines, self._scout = Interpretation(offset), Interpretation(offset)
        self._lines.prime(self.recent)

    def newest_ms_of(self, lines: bytes) -> int:
        """The newest time in some lines, 0 if they bear none."""
        return self._scout.newest_ms_of(lines)

    def stand(
        self,
        stored: StoredPosition | None,
        position: LogPosition | None,
        told: bytes = b"",
        *,
        floor_ms: int = 0,
        gaps: Sequence[Gap] = (),
    ) -> None:
        """Go on behind `position`, before which `told` stands; None: at the start of a log.

        Of such a log only requests after `floor_ms` are counted. `gaps` go with the next batch.
        """
        self._stored, self._floor_ms, self._gaps = stored, floor_ms, gaps
        self._position = None
        if position is not None:
            self._position = _remote(position)
        self._held = self._head = b""
        self._unsaved_bytes = 0
        self.recent = _last_lines(told)
        newest_ms = position.newest_ms if position is not None and told else 0
        self._lines.prime(self.recent, newest_ms)

    def let_go(self) -> None:
        """What was taken and not passed yet will be given again."""
        self._held = b""

    def take(self, data: bytes, cursor: str) -> Iterator[Reading]:
        """Count whole lines, which follow those taken before; the proxy's cursor is behind them.

        Raises:
            StoreError: the store did not take a batch.
            PositionTaken: see there.
        """
        self._held += data
        while self._held:
            chunk = _chunk(self._held)
            read = self._lines.feed(chunk)
            if not read.consumed and len(chunk) < len(self._held):
                read = self._lines.feed(self._held)
            if not read.consumed:
                return  # an entry that goes on in what comes next
            is_all = read.consumed == len(self._held)
            yield from self._pass(read, cursor if is_all else "")

    def _pass(self, read: Interpreted, cursor: str) -> Iterator[Reading]:
        passed, rest = self._held[: read.consumed], self._held[read.consumed :]
        position = self._position or self._start(passed)
        behind = _remote(self._behind(position, passed, read))
        moved = msgspec.structs.replace(behind, cursor=cursor)
        self._unsaved_bytes += len(passed)
        requests = counted(position, read)
        rejected = rejected_lines(position, read)
        is_worth_it = requests or rejected or self._gaps or self._unsaved_bytes > _KEEP_BYTES
        if is_worth_it or self._stored is None:
            batch, outcome = self._known.offer(self._stored, moved, requests, self._gaps)
            if outcome.position is None:
                raise PositionTaken
            self._stored, self._gaps, self._unsaved_bytes = outcome.position, (), 0
            self._advance(moved, passed, rest)
            yield Reading(self._name, batch, outcome, rejected, read.lines)
        else:
            self._advance(moved, passed, rest)

    def _advance(self, position: RemotePosition, passed: bytes, rest: bytes) -> None:
        self._position, self._held = position, rest
        self.recent = _last_lines(self.recent + passed)

    def _start(self, data: bytes) -> RemotePosition:
        beginning = beginning_of(data) or Beginning(b"", b"")
        return _remote(start_of(beginning, floor_ms=self._floor_ms))

    def _behind(self, position: LogPosition, passed: bytes, read: Interpreted) -> LogPosition:
        self._head += passed[: SAMPLE_BYTES - len(self._head)]
        before = self.recent if position.offset else b""
        told = before[-SAMPLE_BYTES:] + passed
        behind = Passed(
            position.offset + len(passed),
            told[-SAMPLE_BYTES:],
            read.lines,
            believable_ms(read.newest_ms, self._clock),
        )
        if read.requests and not position.mark_end:
            end = self._scout.end_of_first_request(passed)
            mark = before[-SAMPLE_BYTES:] + passed[:end]
            behind = behind._replace(mark_end=position.offset + end, mark=mark[-SAMPLE_BYTES:])
        beginning = beginning_of(self._head) or Beginning(b"", b"")
        return advance(position, beginning, behind)


def _remote(position: LogPosition) -> RemotePosition:
    return msgspec.convert(msgspec.structs.asdict(position), RemotePosition)


def _last_lines(data: bytes) -> bytes:
    return from_a_line_start(data[-PRIMING_BYTES:]) if len(data) > PRIMING_BYTES else data


def _chunk(data: bytes) -> bytes:
    """About a transaction's worth of `data`, whole lines."""
    if len(data) <= CHUNK_BYTES:
        return data
    end = data.rfind(b"\n", 0, CHUNK_BYTES) + 1 or data.find(b"\n", CHUNK_BYTES) + 1
    return data[:end] if end else data
