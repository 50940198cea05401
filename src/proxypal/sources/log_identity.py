"""Which log is this, and how far was it read? Decided from bytes, never from a name or inode.

Pure: bytes come in, values go out. Must not enter: opening files, and any text of a log (they
hold e-mail addresses): what is kept of one is digests, lengths, counts and times.

A log's content begins behind its leading NUL bytes. After "clear logs" CLIProxyAPI goes on at its
old write offset, which leaves a run of NULs as long as what was cleared; every offset here counts
from the end of that run.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from proxypal.store.values import StoredPosition

SAMPLE_BYTES = 1024
"""How much of a log's head, and of what stands before the offset, its identity rests on."""

_DIGEST_BYTES = 12


class LogPosition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far one log was read; the `state` of a `StoredPosition`, as JSON.

    `first_line`, `head`, `tail` and `last_line` are digests: of the first line (its first KiB), of
    the first `head_bytes`, of the last `tail_bytes` before `offset`, and of the last line there
    (its last KiB). `mark` is that of the last `mark_bytes` before `mark_end`, which is where the
    log's first request ends; 0 as long as it has none. `newest_ms` is the newest entry read,
    `lines` how many lines end before the offset. Requests at or before `floor_ms` were counted
    when a longer copy of this log was read. `is_finished`: it will not grow, or its loss was
    reported.
    """

    kind: Literal["log"]
    first_line: bytes
    head: bytes = b""
    head_bytes: int = 0
    mark: bytes = b""
    mark_bytes: int = 0
    mark_end: int = 0
    offset: int = 0
    tail: bytes = b""
    tail_bytes: int = 0
    last_line: bytes = b""
    newest_ms: int = 0
    lines: int = 0
    floor_ms: int = 0
    is_finished: bool = False


class Beginning(NamedTuple):
    """What a log starts with: the digest of its first line, and up to 1 KiB of its head."""

    first_line: bytes
    head: bytes


class Passed(NamedTuple):
    """What was read: up to `offset`, before which `tail` stands (its last KiB is enough).

    `mark` stands before `mark_end`, the end of the first request in it; 0 if there is none.
    """

    offset: int
    tail: bytes
    lines: int
    newest_ms: int = 0
    mark_end: int = 0
    mark: bytes = b""


class KnownLog(NamedTuple):
    """A stored position with its state decoded."""

    stored: StoredPosition
    position: LogPosition


class Continue(NamedTuple):
    """The log of this position, maybe grown: read on at its offset."""

    known: KnownLog


class Fresh(NamedTuple):
    """A log not seen before: read it from its beginning."""


class OlderCopy(NamedTuple):
    """The same log at an earlier time, maybe grown since.

    Read it from its beginning, but count only what is newer than `newest_ms`.
    """

    known: KnownLog
    newest_ms: int


Match = Continue | Fresh | OlderCopy
BytesAt = Callable[[int, int], bytes]
"""(offset, length) to the bytes there; fewer where the log ends."""


def digest(data: bytes) -> bytes:
    """A short digest: twelve bytes keep accidental equality out of reach."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def beginning_of(head: bytes) -> Beginning | None:
    """The beginning in a log's first KiB; None while its first line is not finished."""
    line_end = head.find(b"\n", 0, SAMPLE_BYTES) + 1
    if not line_end and len(head) < SAMPLE_BYTES:
        return None
    return Beginning(digest(head[: line_end or SAMPLE_BYTES]), head[:SAMPLE_BYTES])


def decode_position(stored: StoredPosition) -> KnownLog | None:
    """The position with its state, or None if it is not one of a log."""
    try:
        return KnownLog(stored, msgspec.json.decode(stored.state, type=LogPosition))
    except msgspec.MsgspecError:
        return None


def start_of(beginning: Beginning, *, floor_ms: int = 0) -> LogPosition:
    """The position before the first byte."""
    first_line = beginning.first_line
    return LogPosition(kind="log", first_line=first_line, newest_ms=floor_ms, floor_ms=floor_ms)


def advance(position: LogPosition, beginning: Beginning, passed: Passed) -> LogPosition:
    """The position behind what was passed."""
    head = beginning.head[: passed.offset]
    tail = passed.tail[-SAMPLE_BYTES:]
    if beginning.first_line == position.first_line and len(head) > position.head_bytes:
        position = msgspec.structs.replace(position, head=digest(head), head_bytes=len(head))
    if passed.mark_end and not position.mark_end:
        mark = passed.mark[-SAMPLE_BYTES:]
        position = msgspec.structs.replace(
            position, mark=digest(mark), mark_bytes=len(mark), mark_end=passed.mark_end
        )
    return msgspec.structs.replace(
        position,
        offset=passed.offset,
        tail=digest(tail),
        tail_bytes=len(tail),
        last_line=digest(tail[tail.rfind(b"\n", 0, -1) + 1 :]),
        newest_ms=max(position.newest_ms, passed.newest_ms),
        lines=position.lines + passed.lines,
    )


def tail_matches(position: LogPosition, tail: bytes) -> bool:
    """Whether `tail` is what stood before the position's offset."""
    return len(tail) == position.tail_bytes and (not tail or digest(tail) == position.tail)


def match(beginning: Beginning, bytes_at: BytesAt, known: Sequence[KnownLog]) -> Match:
    """Which of the known logs this one is. `bytes_at` counts from the first byte of the head.

    Another first line, or another head where enough of it is there to compare: another log.
    The same tail before the offset: the same log, whatever its name; of several the one read
    furthest. Otherwise, if it holds the known log's first request, it is that log as it was
    earlier. Without that it is another log: proxies started in the same second, such as the
    replicas of a container, write the same first kilobyte, but never the same request.
    """
    akin = [log for log in known if has_the_same_head(beginning.first_line, beginning.head, log)]
    akin.sort(key=lambda log: log.position.offset, reverse=True)
    for log in akin:
        position = log.position
        tail = bytes_at(position.offset - position.tail_bytes, position.tail_bytes)
        if tail_matches(position, tail):
            return Continue(log)
    # Also where the head differs: a short log went on otherwise after its first request.
    named = [log for log in known if log.position.first_line == beginning.first_line]
    earlier = [log for log in named if _holds_the_mark(bytes_at, log.position)]
    if earlier:
        return OlderCopy(earlier[0], max(log.position.newest_ms for log in earlier))
    return Fresh()


def has_the_same_head(first_line: bytes, head: bytes, known: KnownLog) -> bool:
    """Whether first line and head are those of the known log, as far as the head reaches."""
    position = known.position
    if first_line != position.first_line:
        return False
    if len(head) < position.head_bytes:
        return True
    return digest(head[: position.head_bytes]) == position.head


def mark_matches(position: LogPosition, mark: bytes) -> bool:
    """Whether `mark` is what stood before the end of the log's first request."""
    return bool(mark) and len(mark) == position.mark_bytes and digest(mark) == position.mark


def _holds_the_mark(bytes_at: BytesAt, position: LogPosition) -> bool:
    if not position.mark_end:
        return False
    mark = bytes_at(position.mark_end - position.mark_bytes, position.mark_bytes)
    return mark_matches(position, mark)
