"""Stretches of a proxy log to requests: the lines of one log, in order, beside each other.

Pure: bytes in, values out; the zone is inside the wall clock that is given. Must not enter:
files, positions, the store.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from proxypal.records.detection import (
    PROVIDER_ALIASES,
    canonical_provider,
    detect_provider,
    model_of_path,
)
from proxypal.records.endpoints import is_model_call
from proxypal.records.request import UNKNOWN, RequestLog, shorten
from proxypal.records.wall_clock import WallClock
from proxypal.sources.log_access import closes_path, printable
from proxypal.sources.log_entries import (
    AccessLine,
    ContinuationLine,
    ModelLine,
    Rejected,
    UnclosedLine,
)
from proxypal.sources.log_line import cleaned, parse_cleaned
from proxypal.sources.model_memory import LearnedModel, ModelMemory, named_model

MAX_LINE_BYTES = 8 << 20
"""A longer line is rejected unread; the server's own log reader stops there as well."""

_BLOCK_BYTES = 256 << 10
_HEAD_BYTES = 64 << 10
_FOOT_BYTES = 4 << 10
_SWALLOWED_LINES = 20
_SWALLOWED_CHARS = 64 << 10
_EXCERPT_CHARS = 160
_NULS = re.compile(rb"\0*")

_NAMELESS_STATUSES = frozenset({401, 403, 404})
"""Answers that anybody can provoke with any path: what such a line names is no model."""


class LineRejection(msgspec.Struct, frozen=True):
    """A line that should be a request and is none.

    The offset counts bytes from 0, the line from 1, both in the data given. The excerpt ends
    before a query: a rejected line's secrets are not repeated.
    """

    offset_in_data: int
    line_number_in_data: int
    reason: str
    excerpt: str


class Interpreted(msgspec.Struct, frozen=True):
    """What a stretch of log holds.

    `consumed` bytes and `lines` are done with; the rest is an unfinished line or entry, to be
    given again with what follows it. `newest_ms` is the newest time any entry bears, 0 if none:
    a stretch with lines but no time is no log. Like everything here it is what the log claims.
    """

    consumed: int
    requests: list[RequestLog]
    rejections: list[LineRejection]
    newest_ms: int
    lines: int


class LogInterpreter:
    """Reads one log, in order; models learned in one stretch serve the next. Not thread-safe."""

    def __init__(self, wall: WallClock, source: str) -> None:
        self._wall = wall
        self._source = source
        self._memory = ModelMemory()

    def feed(self, data: bytes, *, models_only: bool = False, final: bool = False) -> Interpreted:
        """Interpret `data`, which starts at the start of a line.

        Only lines that end in a line feed are read. With `models_only` nothing is counted or
        rejected: that brings the memory back when reading goes on in the middle of a log. With
        `final` no more will follow: an entry whose path never closes is given up, not awaited.
        """
        stretch = _Stretch(data)
        for line in stretch.lines():
            if stretch.unclosed is not None:
                stretch.swallow(line)
            elif line is None:
                stretch.reject(f"a line longer than {MAX_LINE_BYTES >> 20} MiB")
            else:
                self._interpret(line, stretch)
        return stretch.result(counted=not models_only, final=final)

    def _interpret(self, line: str, stretch: "_Stretch") -> None:
        entry = parse_cleaned(line)
        if isinstance(entry, ContinuationLine):
            return
        moment_ms = self._wall(entry.timestamp)
        if moment_ms is None:
            stretch.reject(f"impossible date {entry.timestamp!r}")
            return
        if moment_ms > stretch.newest_ms:  # noqa: PLR1730 - max() is measurably slower per line
            stretch.newest_ms = moment_ms
        if isinstance(entry, AccessLine):
            learned = self._memory.take(entry.request_id, moment_ms, entry.latency_ms)
            if is_model_call(entry.method, entry.path, entry.status):
                stretch.requests.append(self._request(entry, moment_ms, learned))
        elif isinstance(entry, ModelLine):
            self._memory.learn(entry, moment_ms)
        elif isinstance(entry, UnclosedLine):
            stretch.unclosed = stretch.rejection("a line break inside a path")
        elif isinstance(entry, Rejected):
            stretch.reject(entry.reason)

    def _request(
        self, entry: AccessLine, moment_ms: int, learned: LearnedModel | None
    ) -> RequestLog:
        if learned is not None:
            model, requested, provider = learned.model, learned.requested, learned.provider
        else:
            model, requested, provider = _names_of(entry)
        return RequestLog(
            timestamp=moment_ms,
            provider=provider or detect_provider(model, entry.path),
            model=model,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            duration_ms=entry.latency_ms,
            request_id=entry.request_id,
            model_requested=requested,
            source=self._source,
        )


def _names_of(entry: AccessLine) -> tuple[str, str | None, str | None]:
    """Model, model requested and provider as far as the access line itself names them."""
    if entry.status in _NAMELESS_STATUSES:
        provider = detect_provider(UNKNOWN, entry.path)
        return UNKNOWN, None, provider if provider in PROVIDER_ALIASES else UNKNOWN
    named = entry.model or model_of_path(entry.path)
    model, requested = named_model(named) if named else (UNKNOWN, None)
    return model, requested, canonical_provider(entry.provider) if entry.provider else None


class _Stretch:
    """The lines of some bytes, where we are in them, and what was found so far."""

    def __init__(self, data: bytes) -> None:
        self.requests: list[RequestLog] = []
        self.newest_ms = 0
        self.unclosed: LineRejection | None = None
        self._data = data
        self._end = data.rfind(b"\n") + 1
        self._rejections: list[LineRejection] = []
        self._swallowed_lines = 0
        self._swallowed_chars = 0
        # Only a rejection needs its line's offset: it is worked out when one occurs.
        self._block_start = 0
        self._block_end = 0
        self._block_offsets: list[int] | None = None
        self._lines_before = 0
        self._index = 0

    def lines(self) -> Iterator[str | None]:
        """Each complete line as clean text, None for one that is too long."""
        while self._block_end < self._end:
            self._block_start, self._block_end = self._block_end, self._next_block_end()
            self._block_offsets = None
            lines = self._block_lines()
            for self._index, line in enumerate(lines):
                yield line
            self._lines_before += len(lines)

    def _next_block_end(self) -> int:
        """The end of the last line that ends within a block's length, or of one long line."""
        start, limit = self._block_end, self._block_end + _BLOCK_BYTES
        if limit >= self._end:
            return self._end
        return self._data.rfind(b"\n", start, limit) + 1 or self._data.index(b"\n", limit) + 1

    def _block_lines(self) -> list[str] | list[None]:
        start, end = self._block_start, self._block_end
        block = self._data[start:end] if end - start <= _BLOCK_BYTES else self._long_line()
        if block is None:
            return [None]
        lines = cleaned(block.decode("utf-8", "replace")).split("\n")
        lines.pop()
        return lines

    def _long_line(self) -> bytes | None:
        """A line longer than a block, without its middle; None if it is too long altogether.

        Everything worth reading stands at either end: the rest is one path or one error text.
        """
        end = self._block_end
        nuls = _NULS.match(self._data, self._block_start, end)
        start = nuls.end() if nuls else self._block_start
        if end - start > MAX_LINE_BYTES:
            return None
        if end - start <= _BLOCK_BYTES:
            return self._data[start:end]
        return self._data[start : start + _HEAD_BYTES] + self._data[end - _FOOT_BYTES : end]

    def swallow(self, line: str | None) -> None:
        """Take a line that follows an unclosed path as a part of that path."""
        self._swallowed_lines += 1
        self._swallowed_chars += MAX_LINE_BYTES if line is None else len(line)
        if (
            line is None
            or closes_path(line)
            or self._swallowed_lines >= _SWALLOWED_LINES
            or self._swallowed_chars >= _SWALLOWED_CHARS
        ):
            self._give_up_unclosed()

    def _give_up_unclosed(self) -> None:
        if self.unclosed is not None:
            self._rejections.append(self.unclosed)
        self.unclosed = None
        self._swallowed_lines = self._swallowed_chars = 0

    def reject(self, reason: str) -> None:
        """Reject the current line."""
        self._rejections.append(self.rejection(reason))

    def rejection(self, reason: str) -> LineRejection:
        """The current line, rejected."""
        offset = self._block_start
        if self._index:
            if self._block_offsets is None:
                raw = self._data[self._block_start : self._block_end].split(b"\n")
                self._block_offsets = list(accumulate((len(line) + 1 for line in raw), initial=0))
            offset += self._block_offsets[self._index]
        return LineRejection(
            offset, self._lines_before + self._index + 1, reason, self._excerpt(offset)
        )

    def _excerpt(self, offset: int) -> str:
        nuls = _NULS.match(self._data, offset)
        start = nuls.end() if nuls else offset
        head = self._data[start : start + 4 * _EXCERPT_CHARS].partition(b"\n")[0]
        text, mark, _ = cleaned(head.decode("utf-8", "replace")).partition("?")
        return shorten(printable(text + mark), _EXCERPT_CHARS)

    def result(self, *, counted: bool, final: bool) -> Interpreted:
        """What was found; an unfinished entry at the end is left for the next time."""
        consumed = self._end
        lines = self._lines_before
        if self.unclosed is not None and final:
            self._give_up_unclosed()
        if self.unclosed is not None:
            consumed = self.unclosed.offset_in_data
            lines = self.unclosed.line_number_in_data - 1
        return Interpreted(
            consumed,
            self.requests if counted else [],
            self._rejections if counted else [],
            self.newest_ms,
            lines,
        )
