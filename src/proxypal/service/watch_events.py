"""What a watcher tells while it works. Values only: how they look is decided where they are shown.

All text that comes from a log is untrusted: paths, models and excerpts can be forged.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.errors import ProxypalError, StoreError
from proxypal.records.request import RequestLog
from proxypal.store.values import Gap


class Recorded(NamedTuple):
    """Requests of one batch that were counted, durable now: each is told once, by one source."""

    log: str
    requests: Sequence[RequestLog]


class CountedBefore(NamedTuple):
    """Requests of a log that are not counted again.

    `older` were counted by files that were migrated, `seen` when the usage queue told of them.
    """

    log: str
    older: int
    seen: int


class Progress(NamedTuple):
    """So many more lines are read; `done_bytes` of `total_bytes` of the log are behind us.

    Both are 0 for a stream. Of packed files the bytes are those on disk.
    """

    log: str
    lines: int
    done_bytes: int
    total_bytes: int


class LineRejected(NamedTuple):
    """A line that should be a request and is none. `line` counts from 1 in its log."""

    log: str
    line: int
    reason: str
    excerpt: str


class Note(NamedTuple):
    """Something about a log that is not an error: a copy put back, an unfinished line."""

    log: str
    text: str


class GapFound(NamedTuple):
    """Part of a log is lost; told once."""

    gap: Gap


class ReadingLog(NamedTuple):
    """This log is read now; the events of logs that follow are its own, until the next of these."""

    path: Path


class Waiting(NamedTuple):
    """The log is not there yet."""

    path: Path


class StandingBy(NamedTuple):
    """Another process reads this log; we take over when it ends."""

    path: Path


class StoreTrouble(NamedTuple):
    """The store takes nothing now. The log waits, nothing is lost; tried again after the time."""

    error: StoreError
    retry_in_ms: int


class StoreRecovered(NamedTuple):
    """The trouble is over."""


class QueueConnected(NamedTuple):
    """A usage queue is read from now on; `waiting` records were there and are recorded."""

    url: str
    mode: str
    proxy_version: str | None
    waiting: int


class QueueFailed(NamedTuple):
    """A usage queue cannot be read. None: not tried again before something is changed."""

    error: ProxypalError
    retry_in_ms: int | None


class QueueStandingBy(NamedTuple):
    """Another process reads this usage queue; we take over when it ends."""

    url: str


class QueueHeld(NamedTuple):
    """The store takes nothing now; records of the queue wait in memory, where a kill loses them."""

    error: StoreError
    held: int
    retry_in_ms: int


class QueueLost(NamedTuple):
    """We had to end while the store took nothing; so many records are lost."""

    url: str
    records: int


class RemoteLogRead(NamedTuple):
    """A proxy's log is read over HTTP from now on; events of it bear the URL as their log."""

    url: str


class RemoteLogFailed(NamedTuple):
    """It cannot be read over HTTP. None: not tried again before something is changed."""

    url: str
    error: ProxypalError
    retry_in_ms: int | None


class RemoteLogStandingBy(NamedTuple):
    """Somebody else reads this log: another process, or this one as the file `path`."""

    url: str
    path: str | None


class CaughtUp(NamedTuple):
    """Everything that was there has been read: so many lines and requests since the start."""

    lines: int
    requests: int
    duration_ms: int


WatchEvent = (
    Recorded
    | CountedBefore
    | Progress
    | LineRejected
    | Note
    | GapFound
    | ReadingLog
    | Waiting
    | StandingBy
    | StoreTrouble
    | StoreRecovered
    | QueueConnected
    | QueueFailed
    | QueueStandingBy
    | QueueHeld
    | QueueLost
    | RemoteLogRead
    | RemoteLogFailed
    | RemoteLogStandingBy
    | CaughtUp
)
