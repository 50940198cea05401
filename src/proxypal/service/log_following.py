"""One log on its way into the store: a file set under a lease, or a stream.

Must not enter: threads, waiting, and what to do when the store is in trouble.
"""

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Protocol

from proxypal.clock import Clock
from proxypal.service.arrivals import Arrivals
from proxypal.service.watch_events import (
    CountedBefore,
    GapFound,
    LineRejected,
    Note,
    Progress,
    ReadingLog,
    Recorded,
    StandingBy,
    Waiting,
    WatchEvent,
)
from proxypal.sources.log_batches import Notice, Reading
from proxypal.sources.log_reader import LogReader
from proxypal.sources.log_stream import LogStream
from proxypal.store.protocol import RequestStore

LEASE_MS = 15_000
RENEW_AFTER_MS = 5_000
LOOK_AGAIN_MS = 5_000
"""How often all files are looked at although nothing shows that they changed."""


class Follower(Protocol):
    """Something that is read again and again, from where the last turn stopped."""

    @property
    def is_caught_up(self) -> bool:
        """Everything that was there at the last turn is in the store."""
        ...

    @property
    def is_over(self) -> bool:
        """Nothing can follow any more."""
        ...

    def turn(self) -> Generator[WatchEvent, None, None]:
        """Read what is there now; abandoning the iteration loses nothing.

        Raises:
            StoreError: the store did not take it; the next turn tries again.
        """
        ...

    def leave(self) -> None:
        """Let the next reader in."""
        ...

    def last_words(self) -> Iterable[WatchEvent]:
        """What is to be told after it left."""
        ...


class FileFollower:
    """Follows the files of one log.

    One process at a time reads a log, by a lease that ends with it. `once` does not wait for the
    lease: positions see to it that two readers count once, and when it ends everything must be
    in the store, whoever put it there.
    """

    is_over = False

    def __init__(self, reader: LogReader, store: RequestStore, clock: Clock, *, once: bool) -> None:
        self._reader = reader
        self._store = store
        self._clock = clock
        self._once = once
        self._held_since_ms: int | None = None
        self._asked_ms: int | None = None
        self._looked_ms: int | None = None
        self._is_waiting = False
        self._is_standing_by = False

    @property
    def is_caught_up(self) -> bool:
        """See `Follower.is_caught_up`."""
        return self._looked_ms is not None and not self._reader.needs_another_look

    def turn(self) -> Generator[WatchEvent, None, None]:
        """See `Follower.turn`."""
        logs = self._reader.logs
        now_ms = self._clock()
        if not self._has_lease(now_ms) and not self._once:
            if not self._is_standing_by:
                self._is_standing_by = True
                yield StandingBy(logs.path)
            return
        self._is_standing_by = False
        is_due = self._looked_ms is None or abs(now_ms - self._looked_ms) >= LOOK_AGAIN_MS
        if not is_due and not self._reader.has_news():
            return
        if not logs.exists():
            if not self._is_waiting:
                self._is_waiting = True
                yield Waiting(logs.path)
        else:
            self._is_waiting = False
            yield ReadingLog(logs.path)
        with contextlib.closing(self._reader.sweep()) as sweep:
            for found in sweep:
                yield from events_of(found)
                self._has_lease(self._clock())
        self._looked_ms = now_ms

    def last_words(self) -> Iterable[WatchEvent]:
        """See `Follower.last_words`."""
        return ()

    def leave(self) -> None:
        """See `Follower.leave`."""
        if self._held_since_ms is not None:
            self._held_since_ms = None
            self._store.release_lease(self._reader.logs.source)

    def _has_lease(self, now_ms: int) -> bool:
        """Become or stay the reader; asks the store as rarely as the lease allows."""
        held_ms = self._held_since_ms
        if held_ms is not None and 0 <= now_ms - held_ms < RENEW_AFTER_MS:
            return True
        asked_ms = self._asked_ms
        if held_ms is None and asked_ms is not None and 0 <= now_ms - asked_ms < 1_000:
            return False
        # A store that cannot say has not said that somebody else reads.
        is_ours = self._store.acquire_lease(self._reader.logs.source, LEASE_MS)
        self._asked_ms = now_ms
        if is_ours and held_ms is None:
            # Whoever read before us has moved on: look at everything anew.
            self._looked_ms = None
        self._held_since_ms = now_ms if is_ours else None
        return is_ours


class StreamFollower:
    """Follows a stream until it ends."""

    def __init__(self, stream: LogStream, arrivals: Arrivals) -> None:
        self.is_over = False
        self._stream = stream
        self._arrivals = arrivals
        self._is_owed = False

    @property
    def is_caught_up(self) -> bool:
        """See `Follower.is_caught_up`; of a stream that is known at its end only."""
        return self.is_over

    def turn(self) -> Generator[WatchEvent, None, None]:
        """See `Follower.turn`."""
        while not self.is_over:
            data = b"" if self._is_owed else self._arrivals.take(0)
            is_over = self._arrivals.ended
            if not (data or is_over or self._is_owed):
                return
            self._is_owed = True
            for found in self._stream.feed(data, is_over=is_over):
                yield from events_of(found)
            self._is_owed = False
            self.is_over = is_over

    def leave(self) -> None:
        """A stream has one reader anyway."""

    def last_words(self) -> Iterable[WatchEvent]:
        """See `Follower.last_words`."""
        return ()


Report = Callable[[WatchEvent], None]


def events_of(found: Reading | Notice) -> Iterator[WatchEvent]:
    """What is worth telling of a batch, or of a notice."""
    if isinstance(found, Notice):
        yield Note(found.name, found.text)
        return
    for line in found.rejected:
        yield LineRejected(found.name, line.line, line.reason, line.excerpt)
    for gap in found.batch.gaps:
        yield GapFound(gap)
    for rejection in found.outcome.rejected:
        yield Note(found.name, f"a request was not recorded: {rejection.reason}")
    if found.outcome.requests:
        yield Recorded(found.name, found.outcome.requests)
    if found.outcome.older or found.outcome.seen:
        yield CountedBefore(found.name, found.outcome.older, found.outcome.seen)
    yield Progress(found.name, found.lines, found.done_bytes, found.total_bytes)
