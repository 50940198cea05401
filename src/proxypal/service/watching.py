"""`proxypal watch`: the proxy's logs and its usage queue into the store, while it is wanted.

Growth is noticed by looking, with two calls of stat(2) per log five times a second (measured:
0.1 % of a core, leases included). That works on network drives, in containers and on every
platform, where change notifications stay silent or cost a dependency, and it cannot miss a file
that is put in another's place while a watch moves over. The promise is one second. Must not
enter: how events look, and signals (they set `stop`).
"""

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

from proxypal.clock import Clock, now_ms
from proxypal.errors import (
    CannotWrite,
    DamagedDatabase,
    LogNotFound,
    StorageFull,
    StoreBusy,
    StoreError,
)
from proxypal.records.labels import Offset
from proxypal.service.arrivals import Arrivals
from proxypal.service.log_following import FileFollower, Follower, Report, StreamFollower
from proxypal.service.queue_following import QueueFollower
from proxypal.service.queue_settings import QueueSettings
from proxypal.service.remote_following import Company, RemoteLogFollower, RemoteLogSettings
from proxypal.service.watch_events import (
    CaughtUp,
    Note,
    Progress,
    Recorded,
    StoreRecovered,
    StoreTrouble,
    WatchEvent,
)
from proxypal.sources.find_log import find_logs
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.sources.log_stream import LogStream
from proxypal.store.protocol import RequestStore

LOOK_EVERY_S = 0.2
STDIN = "-"

_FIRST_RETRY_MS = 500
_LAST_RETRY_MS = 16_000
_PASSING_TROUBLE = (StoreBusy, StorageFull, CannotWrite, DamagedDatabase)
"""What the user can end while we wait; a closed store or a newer one is for the caller."""


def watch(  # noqa: PLR0913 - one call starts the watcher, every setting named
    store: RequestStore,
    paths: Sequence[Path | str],
    *,
    offset: Offset,
    once: bool,
    stop: threading.Event,
    report: Report,
    clock: Clock = now_ms,
    stdin: int = 0,
    queue: QueueSettings | None = None,
    remote: RemoteLogSettings | None = None,
) -> None:
    """Read logs into the store: the backlog in order, then what is added within a second.

    A usage queue is read beside them, and alone where there is no log. With `remote` none is
    looked for on this machine.

    Stopping at any moment leaves a position that the next run continues from.

    Args:
        store: where to.
        paths: log files or directories, `-` for standard input; empty: find the logs.
        offset: the zone the logs are written in.
        once: return when all that is there has been read. The store's trouble is then raised,
            not waited out, a named log must exist, and another reader of it is not waited for.
        stop: set it, from another thread, to return soon.
        report: told every event, in the calling thread.
        clock: Unix milliseconds.
        stdin: the descriptor that `-` means.
        queue: the usage queue to read as well; `once` takes what waits in it.
        remote: the proxy whose log is read over HTTP as well.

    Raises:
        LogNotFound: no log was named, there is none, and no queue is read; or `once`, and a
            named one is missing.
        UnreadableInput: what was named is a request dump.
        StoreError: `once`, or the store was closed or is too new for this version.
        QueueError: `once`, and the queue or the remote log cannot be read.
    """
    files = _logs(paths, once=once, or_none=queue is not None) if paths or not remote else []
    followers: list[Follower] = [
        FileFollower(LogReader(logs, store, offset, clock=clock), store, clock, once=once)
        for logs in files
    ]
    if not (followers or paths or remote):
        report(Note("usage queue", "no log is found: requests are counted from the queue alone"))
    if STDIN in map(str, paths):
        followers.append(StreamFollower(LogStream(store, offset, clock=clock), Arrivals(stdin)))
    reading = QueueFollower(queue, store, clock, once=once) if queue is not None else None
    followers += [] if reading is None else [reading]
    if remote is not None:
        company = Company(reading, [logs.source for logs in files])
        followers.append(RemoteLogFollower(remote, store, clock, once=once, company=company))
    _Watch(followers, stop, report, clock).run(once=once)


def _logs(paths: Sequence[Path | str], *, once: bool, or_none: bool) -> list[LogSet]:
    """The logs named, each once; or those there are, if nothing is named."""
    files = [Path(path) for path in paths if str(path) != STDIN]
    if paths and not files:
        return []
    try:
        logs = {one.source: one for one in find_logs(files)}
    except LogNotFound:
        if or_none and not files:
            return []
        raise
    missing = [one.path for one in logs.values() if not one.exists()]
    if once and missing:
        raise LogNotFound(missing)
    return list(logs.values())


class _Patience:
    """When to try again after trouble: later and later, up to a bound."""

    def __init__(self) -> None:
        self.error: StoreError | None = None
        self.delay_ms = 0
        self._since_ms = 0

    def fail(self, error: StoreError, now_ms: int) -> bool:
        """Wait longer; true if this trouble was not there before."""
        is_news = self.error is None or str(self.error) != str(error)
        self.error = error
        self.delay_ms = min(self.delay_ms * 2 or _FIRST_RETRY_MS, _LAST_RETRY_MS)
        self._since_ms = now_ms
        return is_news

    def must_wait(self, now_ms: int) -> bool:
        """Whether it is too early to try again."""
        return self.error is not None and 0 <= now_ms - self._since_ms < self.delay_ms

    def succeed(self) -> bool:
        """Forget the trouble; true if there was one."""
        had_trouble, self.error, self.delay_ms = self.error is not None, None, 0
        return had_trouble


class _Watch:
    """The followers, taking turns."""

    def __init__(
        self, followers: Sequence[Follower], stop: threading.Event, report: Report, clock: Clock
    ) -> None:
        self._followers = [(follower, _Patience()) for follower in followers]
        self._stop = stop
        self._report = report
        self._clock = clock
        self._started_ms = clock()
        self._lines = self._requests = 0
        self._has_caught_up = False

    def run(self, *, once: bool) -> None:
        """Until stopped, or nothing more can follow; then let the next reader in."""
        try:
            while not self._stop.is_set():
                for follower, patience in self._followers:
                    self._turn(follower, patience, once=once)
                if self._stop.is_set() or self._is_done(once=once):
                    break
                self._stop.wait(LOOK_EVERY_S)
        finally:
            for follower, _ in self._followers:
                with contextlib.suppress(StoreError):
                    follower.leave()
        for follower, _ in self._followers:
            for event in follower.last_words():
                self._tell(event)

    def _is_done(self, *, once: bool) -> bool:
        is_caught_up = all(follower.is_caught_up for follower, _ in self._followers)
        if is_caught_up and not self._has_caught_up:
            self._has_caught_up = True
            duration_ms = max(0, self._clock() - self._started_ms)
            self._report(CaughtUp(self._lines, self._requests, duration_ms))
        return (once and is_caught_up) or all(one.is_over for one, _ in self._followers)

    def _turn(self, follower: Follower, patience: _Patience, *, once: bool) -> None:
        if patience.must_wait(self._clock()):
            return
        try:
            with contextlib.closing(follower.turn()) as events:
                for event in events:
                    self._tell(event)
                    if self._stop.is_set():
                        return
        except _PASSING_TROUBLE as error:
            if once:
                raise
            if patience.fail(error, self._clock()):
                self._report(StoreTrouble(error, patience.delay_ms))
        else:
            if patience.succeed():
                self._report(StoreRecovered())

    def _tell(self, event: WatchEvent) -> None:
        if isinstance(event, Progress):
            self._lines += event.lines
        elif isinstance(event, Recorded):
            self._requests += len(event.requests)
        self._report(event)
