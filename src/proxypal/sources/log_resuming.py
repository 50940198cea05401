"""Where a stream goes on: found in what it tells again, before anything of it is counted.

Pure: bytes and stored positions in, a decision out. Must not enter: the store, descriptors.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    KnownLog,
    digest,
    has_the_same_head,
    mark_matches,
    tail_matches,
)
from proxypal.sources.log_priming import PRIMING_BYTES, from_a_line_start

_SEARCHED_BYTES = 32 << 20
"""How much told again is held back at most while its end is searched."""

_LAST_LINES_BYTES = 4096


class Resumed(NamedTuple):
    """The decision: the first `told` bytes of what is held were counted before.

    They end where `known` stands. Without it the log is new, or went another way than the one
    known: then only requests after `floor_ms` count, and `text` says so.
    """

    known: KnownLog | None = None
    told: int = 0
    floor_ms: int = 0
    text: str = ""


class Resumption:
    """Looks for the point where a stream has told everything the store knows of it.

    A stream whose first line is known is told from its beginning: it goes on at that log's
    offset. Of any other it is looked whether it is the end of a log this source read before: then
    the last line that was read appears in it. A live stream does not wait: the first entry newer
    than everything counted settles both.

    Args:
        beginning: what the stream starts with.
        known: all known logs.
        own: those last read under the stream's own source.
        newest_of: the newest time in some whole lines, Unix milliseconds, 0 for none.
        passed: stream bytes before the ones that will be held.
    """

    def __init__(
        self,
        beginning: Beginning,
        known: Sequence[KnownLog],
        own: Sequence[KnownLog],
        newest_of: Callable[[bytes], int],
        passed: int = 0,
    ) -> None:
        self._first_line = beginning.first_line
        self._replayed = [log for log in known if log.position.first_line == self._first_line]
        self._own = [log for log in own if log.position.newest_ms]
        self._newest_of = newest_of
        self._passed = passed
        self._searched = 0

    def look(self, held: bytes, *, is_over: bool) -> Resumed | None:
        """Decide, or None: hold what follows as well."""
        if not self._passed:
            self._replayed = [log for log in self._replayed if self._begins_like(held, log)]
        if self._replayed:
            return self._replay(held, is_over=is_over)
        return self._search(held, is_over=is_over)

    def let_go(self, held: bytes) -> bytes:
        """What must still be held: of a replay only its last part, for the models in it."""
        if not self._replayed:
            return held
        furthest = max(log.position.offset for log in self._replayed) - self._passed
        if not self._passed and len(held) < max(map(_proof_bytes, self._replayed)):
            return held
        needless = max(0, min(len(held), furthest) - PRIMING_BYTES)
        self._passed += needless
        return held[needless:]

    @property
    def passed(self) -> int:
        """Stream bytes before the ones that are held."""
        return self._passed

    def _begins_like(self, held: bytes, log: KnownLog) -> bool:
        position = log.position
        if not has_the_same_head(self._first_line, held[:SAMPLE_BYTES], log):
            return False
        if not position.mark_end or len(held) < position.mark_end:
            return True
        return mark_matches(position, held[: position.mark_end][-position.mark_bytes :])

    def _is_proven(self, held: bytes, log: KnownLog) -> bool:
        mark_end = log.position.mark_end
        return mark_end > 0 and (self._passed > 0 or len(held) >= mark_end)

    def _replay(self, held: bytes, *, is_over: bool) -> Resumed | None:
        target = max(self._replayed, key=lambda log: log.position.offset)
        position = target.position
        told = position.offset - self._passed
        if len(held) >= told:
            if tail_matches(position, held[told - position.tail_bytes : told]):
                return Resumed(target, told)
        elif not is_over:
            last_lines = from_a_line_start(held[-_LAST_LINES_BYTES:])
            if self._newest_of(last_lines) <= position.newest_ms:
                return None
        marked = [log for log in self._replayed if self._is_proven(held, log)]
        if not marked:
            # It does not hold that log's first request, so nothing of it was counted.
            self._replayed = []
            return self._search(held, is_over=is_over)
        newest_ms = max(log.position.newest_ms for log in marked)
        broken = held.find(b"\n") + 1 if self._passed else 0
        text = "begins like a log already read but differs; only newer requests are counted"
        return Resumed(told=broken, floor_ms=newest_ms, text=text)

    def _search(self, held: bytes, *, is_over: bool) -> Resumed | None:
        if not self._own:
            return Resumed()
        last_lines = {log.position.last_line: log for log in self._own}
        found: Resumed | None = None
        start = self._searched
        while end := held.find(b"\n", start) + 1:
            known = last_lines.get(digest(held[max(start, end - SAMPLE_BYTES) : end]))
            if known is not None and _ends_like(held[:end], known):
                found = Resumed(known, end)
            start = end
        if found is None:
            newest_ms = self._newest_of(held[self._searched : start])
            self._searched = start
            is_new = newest_ms > max(log.position.newest_ms for log in self._own)
            if is_new or is_over or len(held) > _SEARCHED_BYTES:
                return Resumed()
        return found


def _proof_bytes(log: KnownLog) -> int:
    """How much of a stream shows whether it is this log: all of one that holds no request."""
    position = log.position
    return max(position.head_bytes, position.mark_end or position.offset)


def _ends_like(told: bytes, log: KnownLog) -> bool:
    """Whether the tail agrees; as far as the stream reaches back, the last line alone tells."""
    tail_bytes = log.position.tail_bytes
    return len(told) < tail_bytes or tail_matches(log.position, told[-tail_bytes:])
