"""The lines of some bytes of a log: where each stands, which are too long, which hang together.

Must not enter: what a line says.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from proxypal.records.request import RequestLog, shorten
from proxypal.sources.log_access import closes_path, printable
from proxypal.sources.log_line import cleaned

MAX_LINE_BYTES = 8 << 20
"""A longer line is rejected unread; the server's own log reader stops there as well."""

_BLOCK_BYTES = 256 << 10
_HEAD_BYTES = 64 << 10
_FOOT_BYTES = 4 << 10
_SWALLOWED_LINES = 20
_SWALLOWED_CHARS = 64 << 10
_EXCERPT_CHARS = 160
_NULS = re.compile(rb"\0*")


class LineRejection(msgspec.Struct, frozen=True):
    """A line that should be a request and is none.

    The offset counts bytes from 0, the line from 1, both in the data given. The excerpt ends
    before a query: a rejected line's secrets are not repeated.
    """

    offset_in_data: int
    line_number_in_data: int
    reason: str
    excerpt: str


class Stretch:
    """The lines of some bytes, where we are in them, and what was found so far."""

    def __init__(self, data: bytes) -> None:
        self.requests: list[RequestLog] = []
        self.newest_ms = 0
        self.unclosed: LineRejection | None = None
        self._data = data
        self._end = data.rfind(b"\n") + 1
        self.rejections: list[LineRejection] = []
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

    def swallow(self, line: str | None, unclosed: LineRejection) -> None:
        """Take a line that follows an unclosed path as a part of that path."""
        self._swallowed_lines += 1
        self._swallowed_chars += MAX_LINE_BYTES if line is None else len(line)
        if (
            line is None
            or closes_path(line)
            or self._swallowed_lines >= _SWALLOWED_LINES
            or self._swallowed_chars >= _SWALLOWED_CHARS
        ):
            self._give_up(unclosed)

    def _give_up(self, unclosed: LineRejection) -> None:
        self.rejections.append(unclosed)
        self.unclosed = None
        self._swallowed_lines = self._swallowed_chars = 0

    def reject(self, reason: str) -> None:
        """Reject the current line."""
        self.rejections.append(self.rejection(reason))

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

    def finish(self, *, final: bool) -> tuple[int, int]:
        """How many bytes and lines are done with; an unfinished entry is left for the next time."""
        if self.unclosed is None:
            return self._end, self._lines_before
        if final:
            self._give_up(self.unclosed)
            return self._end, self._lines_before
        return self.unclosed.offset_in_data, self.unclosed.line_number_in_data - 1
