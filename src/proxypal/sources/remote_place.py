"""Where reading goes on in a piece of a log that tells part of it again.

Pure: bytes and stored positions in, a place out. Must not enter: the store, connections.
"""

from collections.abc import Sequence
from typing import NamedTuple

from proxypal.sources.log_identity import SAMPLE_BYTES, KnownLog, digest, tail_matches


class Place(NamedTuple):
    """The first `told` bytes are behind us: `known` stands there."""

    known: KnownLog
    told: int


def find_place(text: bytes, known: Sequence[KnownLog]) -> Place | None:
    """The last point of `text`, whole lines, where one of the known logs was read up to.

    None if none of them ends in it: by the last line that was read, and what stands before it as
    far as the text reaches back.
    """
    last_lines: dict[bytes, list[KnownLog]] = {}
    for log in known:
        if log.position.newest_ms:
            last_lines.setdefault(log.position.last_line, []).append(log)
    found: Place | None = None
    start = 0
    while last_lines and (end := text.find(b"\n", start) + 1):
        line = digest(text[max(start, end - SAMPLE_BYTES) : end])
        for log in last_lines.get(line, ()):
            if _ends_like(text[max(0, end - SAMPLE_BYTES) : end], log, is_all=end <= SAMPLE_BYTES):
                found = Place(log, end)
        start = end
    return found


def find_end(text: bytes, recent: bytes) -> int | None:
    """Where `text` goes on behind `recent`, the lines read last; None if it does not hold them.

    As much as both have must be the same, so that lines which repeat lead nowhere else.
    """
    last_line = recent[recent.rfind(b"\n", 0, -1) + 1 :]
    end = len(text)
    while last_line and (start := text.rfind(last_line, 0, end)) >= 0:
        stop = start + len(last_line)
        is_line = start == 0 or text[start - 1] == ord("\n")
        shared = min(stop, len(recent))
        if is_line and text[stop - shared : stop] == recent[-shared:]:
            return stop
        end = stop - 1
    return None


def behind_mark(text: bytes, mark: str) -> int | None:
    """Behind the line that bears `mark`, which the proxy wrote once, for a question of ours."""
    found = text.find(mark.encode())
    return None if found < 0 else text.find(b"\n", found) + 1 or None


def _ends_like(told: bytes, log: KnownLog, *, is_all: bool) -> bool:
    tail_bytes = log.position.tail_bytes
    if is_all and len(told) < tail_bytes:
        return True
    return tail_matches(log.position, told[-tail_bytes:])
