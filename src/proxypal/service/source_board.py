"""How the sources are, and what a person must be told now: the pages and `/healthz` read it here.

It is told every event of the watcher and every warning of the store, from any thread; what is
known of usage queues it asks the store, which also knows those that another process reads. All
text that comes from a log is untrusted. Must not enter: how it looks.
"""

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2s
from pathlib import Path

from proxypal.clock import Clock, offset_of
from proxypal.errors import CannotWrite, ProxypalError, StoreError
from proxypal.service.log_tally import LogTally
from proxypal.service.queue_findings import WallTime, findings
from proxypal.service.source_states import (
    QUEUE,
    REMOTE,
    Notice,
    SourceState,
    StoreHealth,
    state_of_log,
    state_of_queue,
)
from proxypal.service.watch_events import (
    CaughtUp,
    LineRejected,
    Note,
    Progress,
    QueueConnected,
    QueueFailed,
    QueueHeld,
    ReadingLog,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    StandingBy,
    StoreRecovered,
    StoreTrouble,
    Waiting,
    WatchEvent,
)
from proxypal.store import Store

STREAM = "stdin"
"""What the watcher calls standard input."""

_WARNINGS_SHOWN = 20
_PASSING = ("Storage full:", "Cannot write ")
"""Warnings that the store's present state says better, and takes back."""


class SourceBoard:
    """See the module's docstring. Any thread may tell and ask."""

    def __init__(self, store: Store, clock: Clock, log_zone: str | None = None) -> None:
        self.log_zone = log_zone
        """What times in the logs are read as, an IANA name; None for the machine's zone."""
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._logs: dict[str, LogTally] = {}
        self._current: Path | None = None
        self._no_log = ""
        self._places: Sequence[Path] = ()
        self._trouble: StoreError | None = None
        self._queue_held: QueueHeld | None = None
        self._queue_failed: ProxypalError | None = None
        self._warnings: list[str] = []
        for warning in store.warnings:
            self.warn(warning)

    # -- told

    def report(self, event: WatchEvent) -> None:
        """Take an event of the watcher."""
        with self._lock:
            match event:
                case ReadingLog() | Waiting() | StandingBy():
                    if isinstance(event, ReadingLog):
                        self._current = event.path
                    self._of_log(event.path).tell(event)
                case CaughtUp():
                    for log in self._logs.values():
                        log.tell(event)
                case Recorded() | Progress() | LineRejected() | Note():
                    self._tell_log(event)
                case RemoteLogRead() | RemoteLogFailed() | RemoteLogStandingBy():
                    self._of_remote(event.url).tell(event)
                case _:
                    self._tell_trouble(event)

    def _tell_log(self, event: Recorded | Progress | LineRejected | Note) -> None:
        current = self._current
        if event.log == STREAM:
            self._logs.setdefault(STREAM, LogTally("stream")).tell(event)
        elif event.log.startswith(REMOTE):
            self._of_remote(event.log).tell(event)
        elif event.log.startswith(QUEUE) or current is None:
            return  # the store knows more of it
        elif not isinstance(event, Note) or event.log == current.name:
            self._of_log(current).tell(event)

    def _tell_trouble(self, event: WatchEvent) -> None:
        match event:
            case StoreTrouble():
                self._trouble = event.error
            case StoreRecovered():
                self._trouble = self._queue_held = None
            case QueueHeld():
                self._queue_held = event
            case QueueFailed():
                self._queue_failed = event.error
            case QueueConnected():
                self._queue_failed = None
            case _:
                pass

    def _of_log(self, path: Path) -> LogTally:
        self._no_log = ""
        return self._logs.setdefault(str(path), LogTally("log"))

    def _of_remote(self, url: str) -> LogTally:
        self._no_log = ""
        return self._logs.setdefault(url, LogTally("log"))

    def warn(self, warning: str) -> None:
        """Take a warning of the store; the newest are kept as long as this process lives."""
        with self._lock:
            if not warning.startswith(_PASSING) and warning not in self._warnings:
                self._warnings = [*self._warnings, warning][-_WARNINGS_SHOWN:]

    def miss_log(self, sentence: str, places: Sequence[Path] = ()) -> None:
        """No log was found in these places and none was named; the sentence says what to do."""
        with self._lock:
            self._no_log, self._places = sentence, places

    # -- asked

    @property
    def places_without_log(self) -> Sequence[Path]:
        """Where a log was looked for in vain; empty where one is read, or none was looked for."""
        with self._lock:
            return self._places if self._no_log else ()

    def reads_queue(self) -> bool:
        """Whether somebody reads a usage queue now.

        Raises:
            StoreError: the store cannot be read.
        """
        return any(one.kind == "queue" and one.is_ours for one in self.state())

    def state(self) -> list[SourceState]:
        """Every log this process reads, and every usage queue that was ever read.

        Raises:
            StoreError: the store cannot be read.
        """
        gaps = self._store.gaps()
        queues = self._store.queues()
        is_blocked = not self.health().writable
        with self._lock:
            logs = [
                state_of_log(log, name, gaps, is_blocked=is_blocked)
                for name, log in self._logs.items()
            ]
        told = self._clock(), self._wall_time()
        return [*logs, *(state_of_queue(queue, gaps, *told) for queue in queues)]

    def health(self) -> StoreHealth:
        """Whether requests can be recorded durably."""
        with self._lock:
            trouble = self._store.write_trouble or self._trouble
            queue_held = self._queue_held
        held = self._store.held + (queue_held.held if queue_held else 0)
        trouble = trouble or (queue_held.error if queue_held else None)
        directory = self._store.path
        if trouble is None and not os.access(directory, os.W_OK):
            trouble = CannotWrite(directory, "permission denied or read-only")
        return StoreHealth(
            writable=trouble is None, held=held, trouble="" if trouble is None else str(trouble)
        )

    def notices(self) -> list[Notice]:
        """What is off now, the worst first; empty when all is well. Never raises a `StoreError`."""
        found = [*self._of_store()]
        try:
            found += self._of_sources()
        except StoreError as error:
            found.append(Notice("reading", "error", f"The data cannot be read now. {error}"))
        with self._lock:
            warnings = [*self._warnings]
        return found + [Notice(_id_of(text), "warning", text) for text in warnings]

    def _of_store(self) -> Iterator[Notice]:
        health = self.health()
        if health.held:
            is_full = health.trouble.startswith("Storage full")
            what = "Storage full" if is_full else "Cannot write"
            are = "request is" if health.held == 1 else "requests are"
            text = (
                f"{what}: {health.held:,} {are} held in memory, not durable; they are lost if "
                f"proxypal ends now. {health.trouble}"
            )
            yield Notice("store", "error", text)
        elif not health.writable:
            yield Notice("store", "error", health.trouble)

    def _of_sources(self) -> Iterator[Notice]:
        with self._lock:
            logs = {name: log.blindness(name) for name, log in self._logs.items()}
            no_log, queue_failed = self._no_log, self._queue_failed
        if no_log:
            yield Notice("no-log", "warning", no_log)
        for name, text in logs.items():
            if text:
                yield Notice(_id_of(name), "warning", text)
        off = [
            one
            for one in findings(
                self._store.queues(), self._store.gaps(), self._clock(), self._wall_time()
            )
            if not one.ok
        ]
        for one in off:
            text = f"{one.check}: {one.detail}"
            yield Notice(_id_of(text), "warning", text)
        if queue_failed is not None and not off:
            yield Notice("queue", "warning", str(queue_failed))

    def _wall_time(self) -> WallTime:
        """Shows times in the store's zone."""
        offset = offset_of(self._store.settings().zone)

        def shown(moment_ms: int) -> str:
            seconds = moment_ms // 1000
            return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + offset(seconds)))

        return shown


def _id_of(text: str) -> str:
    """The same for the same trouble, whatever figures its text holds now."""
    without_figures = re.sub(r"\d+", "", text)
    return blake2s(without_figures.encode("utf-8", "replace"), digest_size=6).hexdigest()
