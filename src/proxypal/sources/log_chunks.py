"""The next stretch of an open log: checked to be still the same log, then interpreted.

Must not enter: which position a log has, and what the store says to a batch.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from proxypal.clock import Clock
from proxypal.records.request import RequestLog
from proxypal.sources.log_batches import RejectedLine, believable_ms, counted, rejected_lines
from proxypal.sources.log_files import OpenLog
from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    LogPosition,
    Passed,
    advance,
    tail_matches,
)
from proxypal.sources.log_priming import Interpretation

CHUNK_BYTES = 4 << 20
"""About what one transaction covers on a backlog: some 15,000 requests with their other lines."""

MAX_LINE_BYTES = 16 << 20
"""A longer line is passed over: the proxy itself drops writes above 10 MiB."""


class LogReplaced(Exception):
    """What stands before the offset is not what was read there: decide anew what this log is."""


class Step(NamedTuple):
    """A stretch of a log: the position behind it, and what it holds.

    `is_end`: nothing follows it yet.
    """

    position: LogPosition
    requests: Sequence[RequestLog]
    rejected: Sequence[RejectedLine]
    lines: int
    is_end: bool


Growth = Literal["live", "rotated", "complete"]
"""Whether a file is written still; if not, an entry left open at its end is given up, and if it
is complete, a last line counts without its line feed."""


class LogChunks:
    """Steps through one open log."""

    def __init__(
        self,
        log: OpenLog,
        beginning: Beginning,
        growth: Growth,
        interpretation: Interpretation,
        clock: Clock,
    ) -> None:
        self._log = log
        self._beginning = beginning
        self._growth = growth
        self._interpretation = interpretation
        self._clock = clock

    def step(self, position: LogPosition) -> Step | None:
        """What follows `position`: about a chunk of whole lines. None if there is no whole line.

        Raises:
            LogReplaced: the file was truncated or rewritten since it was recognised.
        """
        length = CHUNK_BYTES
        while True:
            stretch = self._stretch(position, length)
            is_end = len(stretch) < position.tail_bytes + length
            step = self._interpret(position, stretch, is_end=is_end)
            if step is not None or is_end:
                return step
            if length >= MAX_LINE_BYTES:
                return self._pass_over(position, length)
            length *= 4

    def _stretch(self, position: LogPosition, length: int) -> bytes:
        """The tail before the position and what follows.

        In one read, so that nothing can be replaced between the check and the reading.
        """
        tail_bytes = position.tail_bytes
        stretch = self._log.read_at(position.offset - tail_bytes, tail_bytes + length)
        if not tail_matches(position, stretch[:tail_bytes]):
            raise LogReplaced
        return stretch

    def _interpret(self, position: LogPosition, stretch: bytes, *, is_end: bool) -> Step | None:
        data = stretch[position.tail_bytes :]
        if is_end and self._growth == "complete" and data and not data.endswith(b"\n"):
            data += b"\n"
        if b"\n" not in data:
            return None
        read = self._interpretation.feed(data, final=is_end and self._growth != "live")
        passed = min(position.tail_bytes + read.consumed, len(stretch))
        if passed <= position.tail_bytes:
            return None
        behind = Passed(
            offset=position.offset + passed - position.tail_bytes,
            tail=stretch[max(0, passed - SAMPLE_BYTES) : passed],
            lines=read.lines,
            newest_ms=believable_ms(read.newest_ms, self._clock),
        )
        if read.requests and not position.mark_end:
            mark_end = self._interpretation.end_of_first_request(data) + position.tail_bytes
            behind = behind._replace(
                mark_end=position.offset + mark_end - position.tail_bytes,
                mark=stretch[max(0, mark_end - SAMPLE_BYTES) : mark_end],
            )
        moved = advance(position, self._beginning, behind)
        is_end = is_end and passed == len(stretch)
        rejected = rejected_lines(position, read)
        return Step(moved, counted(position, read), rejected, read.lines, is_end)

    def _pass_over(self, position: LogPosition, length: int) -> Step | None:
        """Over a line too long to be one of the proxy's, once its end is there."""
        offset = position.offset + length
        while piece := self._log.read_at(offset, CHUNK_BYTES):
            line_end = piece.find(b"\n") + 1
            if not line_end:
                offset += len(piece)
                continue
            offset += line_end
            tail = self._log.read_at(offset - SAMPLE_BYTES, SAMPLE_BYTES)
            moved = advance(position, self._beginning, Passed(offset, tail, lines=1))
            reason = f"longer than {MAX_LINE_BYTES >> 20} MiB: {offset - position.offset} bytes"
            self._interpretation.place = None
            return Step(moved, (), [RejectedLine(position.lines + 1, reason, "")], 1, is_end=False)
        return None
