"""A log that arrives as a stream, such as `docker logs -f` piped into `proxypal watch -`.

The same identity rule as for files, but a stream cannot be asked for what it holds further on:
it is recognised by its first line and checked as it comes. `docker logs -f` tells everything
again at each start, `--tail` and a log rotated by Docker only the end of it; all go on where the
store stands. Must not enter: descriptors and threads.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from proxypal.clock import Clock
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import (
    KnownLogs,
    Notice,
    PositionStore,
    Reading,
    RejectedLine,
    believable_ms,
    counted,
    rejected_lines,
)
from proxypal.sources.log_chunks import CHUNK_BYTES, MAX_LINE_BYTES, Step
from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    LogPosition,
    Passed,
    advance,
    beginning_of,
    digest,
    start_of,
)
from proxypal.sources.log_priming import PRIMING_BYTES, Interpretation, Place
from proxypal.sources.log_resuming import Resumption

if TYPE_CHECKING:
    from proxypal.store.values import StoredPosition

SOURCE = "log:-"
_NAME = "stdin"


class LogStream:
    """Counts a stream, given to it piece by piece.

    What was given is held until the store has it: after a `StoreError` call again, with no new
    bytes, until it is gone.
    """

    def __init__(self, store: PositionStore, offset: Offset, *, clock: Clock) -> None:
        self._clock = clock
        self._known = KnownLogs(store, SOURCE)
        self._lines = Interpretation(offset)
        self._scout = Interpretation(offset)
        self._head = b""
        self._held = b""
        self._recent = b""
        self._passed_over_bytes = 0
        self._resumption: Resumption | None = None
        self._stored: StoredPosition | None = None
        self._position: LogPosition | None = None

    def feed(self, data: bytes, *, is_over: bool = False) -> Iterator[Reading | Notice]:
        """Take what has arrived, and offer the store what is complete.

        Raises:
            StoreError: the store did not take a batch; nothing is lost.
        """
        if not self._head:
            data = data.lstrip(b"\0")
        self._head += data[: SAMPLE_BYTES - len(self._head)]
        self._held += data
        beginning = beginning_of(self._head)
        if beginning is None:
            if not (is_over and self._head):
                return
            beginning = Beginning(digest(self._head), self._head)
        while True:
            if self._position is None:
                text = self._resume(beginning, is_over=is_over)
                if text:
                    yield Notice(_NAME, text)
                if text is None or self._position is None:
                    return
            step = self._step(beginning, self._position, is_over=is_over)
            if step is None:
                return
            reading = self._offer(self._position, step)
            if reading is not None:
                yield reading

    def _resume(self, beginning: Beginning, *, is_over: bool) -> str | None:
        """Find where to count on; None while that is not certain."""
        if self._resumption is None:
            self._resumption = self._resumption_from(beginning, 0)
        resumption = self._resumption
        found = resumption.look(self._held, is_over=is_over)
        if found is None:
            self._held = resumption.let_go(self._held)
            return None
        if found.known is not None:
            self._stored, self._position = found.known
        else:
            start = start_of(beginning, floor_ms=found.floor_ms)
            self._stored = None
            self._position = msgspec.structs.replace(start, offset=resumption.passed + found.told)
        self._recent, self._held = self._held[: found.told], self._held[found.told :]
        self._lines.place = None
        self._resumption = None
        return found.text

    def _resumption_from(self, beginning: Beginning, passed: int) -> Resumption:
        known = self._known.all()
        return Resumption(
            beginning, known, self._known.of_source(), self._scout.newest_ms_of, passed
        )

    def _step(self, beginning: Beginning, position: LogPosition, *, is_over: bool) -> Step | None:
        """What follows the position; None if no whole line does."""
        data = self._next_lines()
        if is_over and data == self._held and data and not data.endswith(b"\n"):
            data += b"\n"
        if b"\n" not in data:
            self._pass_over()
            return None
        if self._passed_over_bytes:
            end = data.index(b"\n") + 1
            reason = f"longer than {MAX_LINE_BYTES >> 20} MiB"
            rejected = [RejectedLine(position.lines + 1, reason, "")]
            moved = advance(
                position, beginning, self._behind(position, min(end, len(self._held)), 1)
            )
            return Step(moved, (), rejected, 1, is_end=False)
        if self._lines.place is None:
            self._lines.prime(self._recent, position.newest_ms if self._stored else 0)
        read = self._lines.feed(data, final=is_over)
        if not read.consumed and len(data) < len(self._held):
            read = self._lines.feed(self._held, final=is_over)
        passed = min(read.consumed, len(self._held))
        if not passed:
            return None
        newest_ms = believable_ms(read.newest_ms, self._clock)
        behind = self._behind(position, passed, read.lines)._replace(newest_ms=newest_ms)
        if read.requests and not position.mark_end:
            marked = self._behind(position, self._scout.end_of_first_request(data), 0)
            behind = behind._replace(mark_end=marked.offset, mark=marked.tail)
        moved = advance(position, beginning, behind)
        rejected = rejected_lines(position, read)
        return Step(moved, counted(position, read), rejected, read.lines, is_end=False)

    def _behind(self, position: LogPosition, passed: int, lines: int) -> Passed:
        """The point behind the first `passed` bytes of what is held."""
        told = self._recent[-SAMPLE_BYTES:] + self._held[max(0, passed - SAMPLE_BYTES) : passed]
        offset = position.offset + self._passed_over_bytes + passed
        return Passed(offset, told[-SAMPLE_BYTES:], lines)

    def _next_lines(self) -> bytes:
        """About a chunk of what is held, ending with a line."""
        held = self._held
        if len(held) <= CHUNK_BYTES:
            return held
        line_end = held.rfind(b"\n", 0, CHUNK_BYTES) + 1 or held.find(b"\n", CHUNK_BYTES) + 1
        return held[:line_end] if line_end else held

    def _pass_over(self) -> None:
        """Let go of a line too long to be one of the proxy's; it is rejected when it ends."""
        if len(self._held) > MAX_LINE_BYTES:
            self._recent = self._held[-SAMPLE_BYTES:]
            self._passed_over_bytes += len(self._held)
            self._held = b""

    def _offer(self, position: LogPosition, step: Step) -> Reading | None:
        """Offer what was counted; None if another reader of this log was there first."""
        batch, outcome = self._known.offer(self._stored, step.position, step.requests)
        if outcome.position is None:
            first_line = Beginning(position.first_line, self._head)
            passed = position.offset - len(self._recent)
            self._resumption = self._resumption_from(first_line, passed)
            self._held = self._recent + self._held
            self._stored = self._position = None
            return None
        passed = step.position.offset - position.offset - self._passed_over_bytes
        self._passed_over_bytes = 0
        self._recent = (self._recent + self._held[:passed])[-PRIMING_BYTES:]
        self._held = self._held[passed:]
        self._stored, self._position = outcome.position, step.position
        self._lines.place = Place(outcome.position.id, step.position.offset)
        return Reading(_NAME, batch, outcome, step.rejected, step.lines)
