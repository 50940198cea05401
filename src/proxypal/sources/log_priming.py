"""The interpreter of a log, kept supplied with the lines before the point it reads on from.

A request's model stands in other lines than its access line, often minutes earlier. So reading
on in the middle of a log first goes over the stretch before it, for model lines only.
"""

from pathlib import Path
from typing import NamedTuple

from proxypal.records.labels import Offset
from proxypal.records.wall_clock import WallClock
from proxypal.sources.log_files import OpenLog
from proxypal.sources.log_requests import Interpreted, LogInterpreter

LABEL = "log"
"""`RequestLog.source` of everything read from a log."""

PRIMING_BYTES = 1 << 20
"""How much before the offset is read again: minutes of a busy proxy."""

_FIRST_LOOK_BYTES = 4096
_HALF_A_FOLD_MS = 1_800_000


class Place(NamedTuple):
    """A point in a log: the id of its stored position, and the offset."""

    position: int
    offset: int


class Interpretation:
    """A `LogInterpreter`, and where it stands."""

    def __init__(self, offset: Offset) -> None:
        self._offset = offset
        self._interpreter = LogInterpreter(WallClock(offset), LABEL)
        self.place: Place | None = None

    def feed(self, data: bytes, *, final: bool = False) -> Interpreted:
        """Interpret complete lines; where that leads is not certain until `place` is set."""
        read = self._interpreter.feed(data, final=final)
        if read.consumed:
            self.place = None
        return read

    def prime(self, stretch: bytes, newest_ms: int = 0) -> None:
        """Start anew behind `stretch`, the lines before; `newest_ms` is their newest entry."""
        last_ms = self._start(stretch, 0)
        if newest_ms - last_ms > _HALF_A_FOLD_MS:
            # The stretch began in the second pass of an hour that daylight saving repeats.
            self._start(stretch, newest_ms)

    def end_of_first_request(self, data: bytes) -> int:
        """Where the first request in whole lines ends; 0 if there is none.

        Found from the beginning on, by halves, so that it costs little where it comes early.
        """
        start, length = 0, _FIRST_LOOK_BYTES
        while True:
            end = _line_end_near(data, start, start + length)
            if not end:
                return 0
            if self._has_request(data[start:end]):
                break
            start, length = end, 2 * length
        while (middle := _line_end_near(data, start, (start + end) // 2)) < end:
            if self._has_request(data[start:middle]):
                end = middle
            else:
                start = middle
        return end

    def _has_request(self, data: bytes) -> bool:
        return bool(LogInterpreter(WallClock(self._offset), LABEL).feed(data).requests)

    def newest_ms_of(self, lines: bytes) -> int:
        """The newest time in whole lines, 0 if they bear none; the interpreter starts anew."""
        self.place = None
        return self._start(lines, 0)

    def _start(self, stretch: bytes, after_ms: int) -> int:
        self._interpreter = LogInterpreter(WallClock(self._offset, after_ms), LABEL)
        return self._interpreter.feed(stretch, models_only=True).newest_ms


def stretch_before(log: OpenLog, offset: int, previous: Path | None) -> bytes:
    """The whole lines before `offset`, about 1 MiB of them, reaching back into the file before."""
    first = max(0, offset - PRIMING_BYTES)
    stretch = log.read_at(first, offset - first)
    if first:
        return from_a_line_start(stretch)
    if previous is None:
        return stretch
    return _last_lines(previous, PRIMING_BYTES - offset) + stretch


def from_a_line_start(stretch: bytes) -> bytes:
    """A stretch cut anywhere, without its first, broken line."""
    return stretch[stretch.find(b"\n") + 1 :] if b"\n" in stretch else b""


def _last_lines(path: Path, length: int) -> bytes:
    try:
        with OpenLog(path) as log:
            size = log.size()
            stretch = log.read_at(max(0, size - length), length)
    except OSError:
        return b""
    if size > length:
        stretch = from_a_line_start(stretch)
    return stretch[: stretch.rfind(b"\n") + 1]


def _line_end_near(data: bytes, start: int, at: int) -> int:
    """The last line end in `data` behind `start` and up to `at`, else the next; 0 if none."""
    return data.rfind(b"\n", start, at) + 1 or data.find(b"\n", start) + 1
