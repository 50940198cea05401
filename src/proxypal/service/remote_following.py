"""The log of a proxy on another machine, over its management API: a follower like the others.

In a thread of its own, for an answer may take long. Each question writes a line into that log, so
they come rarely while nothing happens there. The same care with the key as of the usage queue,
and one memory with it. Must not enter: what is read.
"""

import time
from collections.abc import Collection
from typing import NamedTuple

from proxypal.clock import Clock, machine_offset
from proxypal.errors import ProxypalError, QueueBanned, QueueError, QueueRefused, StoreError
from proxypal.records.labels import Offset
from proxypal.service.log_following import LEASE_MS, Follower, events_of
from proxypal.service.login_memory import LoginMemory
from proxypal.service.queue_patience import BackOff, Lease
from proxypal.service.queue_recording import PASSING_TROUBLE
from proxypal.service.threaded_following import ThreadedFollower
from proxypal.service.watch_events import (
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    StoreRecovered,
    StoreTrouble,
)
from proxypal.sources.log_batches import Reading
from proxypal.sources.management_key import KeySource, ManagementKey
from proxypal.sources.management_log import ManagementLog
from proxypal.sources.queue_address import QueueAddress
from proxypal.sources.remote_log import LogReadElsewhere, RemoteLog
from proxypal.store.protocol import RequestStore


class LogPace(NamedTuple):
    """How often what is done, in seconds: questions are `busy_s` apart after a request.

    While none comes the pauses grow to `quiet_s`.
    """

    busy_s: float = 1.0
    quiet_s: float = 10.0
    first_retry_s: float = 1.0
    last_retry_s: float = 30.0
    look_at_key_s: float = 1.0
    look_for_others_s: float = 5.0


class RemoteLogSettings(NamedTuple):
    """One proxy's log. `zone` is the one it is written in, None for what the proxy tells."""

    address: QueueAddress
    keys: KeySource
    logins: LoginMemory
    zone: Offset | None = None
    pace: LogPace = LogPace()


class Company(NamedTuple):
    """Who else reads in this process.

    `first` tries the key before us, so that a wrong one fails once; `local` are the sources read
    as files.
    """

    first: Follower | None = None
    local: Collection[str] = ()


_ALONE = Company()


class RemoteLogFollower(ThreadedFollower):
    """See `log_following.Follower`. Its thread starts with the first turn.

    Args:
        settings: what is read.
        store: where to.
        clock: Unix milliseconds.
        once: read what is there and end; trouble is then raised by `turn`.
        company: who else reads.
    """

    def __init__(
        self,
        settings: RemoteLogSettings,
        store: RequestStore,
        clock: Clock,
        *,
        once: bool,
        company: Company = _ALONE,
    ) -> None:
        super().__init__("remote-log")
        self._settings = settings
        self._store = store
        self._clock = clock
        self._once = once
        self._company = company
        self._log = RemoteLog(
            store,
            settings.address.url,
            (settings.zone, machine_offset),
            clock=clock,
            is_read_elsewhere=self._is_read_elsewhere,
        )
        self._lease = Lease(store, self._log.source, clock)
        self._tail: tuple[ManagementKey, ManagementLog] | None = None
        pace = settings.pace
        self._retry = BackOff(pace.first_retry_s, pace.last_retry_s)
        self._quiet_s = pace.busy_s
        self._said = ""
        self._has_settled = self._is_reading = self._is_in_trouble = False

    @property
    def is_caught_up(self) -> bool:
        """What was there is in the store, or there is no way to it for now."""
        return self.is_over or (self._has_settled and not self._once)

    def _work(self) -> None:
        while not self._stop.is_set():
            first = self._company.first
            if first is not None and not first.is_caught_up:
                self._stop.wait(0.05)
            elif self._once:
                self._read(self._settings.keys.current())
                break
            else:
                self._pause(self._turn())
                self._has_settled = True

    def _finish(self) -> None:
        try:
            self._lease.release()
        except StoreError as error:
            self._error = self._error or (error if self._once else None)

    def _turn(self) -> float:
        """One look, and how long to wait after it."""
        pace = self._settings.pace
        try:
            if not self._lease.is_ours():
                self._stand_by(None)
                return pace.look_for_others_s
            key = self._usable_key()
            if key is None or self._settings.logins.banned_until_ms > self._clock():
                return pace.look_at_key_s
            has_news = self._read(key)
        except LogReadElsewhere as error:
            self._stand_by(error.source.removeprefix("log:"))
            return pace.look_for_others_s
        except QueueError as error:
            return self._fail(error)
        except PASSING_TROUBLE as error:
            return self._wait_for_store(error)
        if self._is_in_trouble:
            self._is_in_trouble = False
            self._events.put(StoreRecovered())
        self._retry.reset()
        self._quiet_s = pace.busy_s if has_news else min(self._quiet_s * 1.5, pace.quiet_s)
        return self._quiet_s

    def _read(self, key: ManagementKey) -> bool:
        """Read what is there; whether there were requests in it."""
        if self._tail is None or self._tail[0] != key:
            self._tail = key, ManagementLog(self._settings.address, key)
        has_news = False
        for found in self._log.read(self._tail[1]):
            for event in events_of(found):
                self._events.put(event)
            has_news = has_news or (isinstance(found, Reading) and bool(found.batch.requests))
            if self._stop.is_set():
                break
        if not self._is_reading:
            self._is_reading, self._said = True, ""
            self._events.put(RemoteLogRead(self._settings.address.url))
        return has_news

    def _usable_key(self) -> ManagementKey | None:
        """The key, unless it was refused and is still the same."""
        try:
            key = self._settings.keys.current()
        except ProxypalError as error:
            self._report(error, None)
            return None
        return None if self._settings.logins.is_refused(key) else key

    def _fail(self, error: QueueError) -> float:
        """Note why, and how long to wait."""
        pace = self._settings.pace
        if isinstance(error, QueueRefused):
            assert self._tail is not None  # noqa: S101 - the key that was just sent
            self._settings.logins.refuse(self._tail[0])
            self._report(error, None)
            return pace.look_at_key_s
        if isinstance(error, QueueBanned):
            self._settings.logins.ban(self._clock() + error.retry_in_ms)
            self._report(error, error.retry_in_ms)
            return pace.look_at_key_s
        wait_s = self._retry.next_s()
        self._report(error, round(wait_s * 1000))
        return wait_s

    def _report(self, error: ProxypalError, retry_in_ms: int | None) -> None:
        """Tell it if it is news."""
        self._is_reading = False
        if str(error) != self._said:
            self._said = str(error)
            self._events.put(RemoteLogFailed(self._settings.address.url, error, retry_in_ms))

    def _wait_for_store(self, error: StoreError) -> float:
        wait_s = self._retry.next_s()
        if not self._is_in_trouble:
            self._is_in_trouble = True
            self._events.put(StoreTrouble(error, round(wait_s * 1000)))
        return wait_s

    def _stand_by(self, path: str | None) -> None:
        self._log.forget()
        self._is_reading = False
        text = f"read as {path}" if path else "read by another"
        if text != self._said:
            self._said = text
            self._events.put(RemoteLogStandingBy(self._settings.address.url, path))

    def _is_read_elsewhere(self, source: str) -> bool:
        """Whether a process, maybe this one, reads the log as that source now."""
        if source in self._company.local:
            return True
        is_free = self._store.acquire_lease(source, LEASE_MS)
        if is_free:
            self._store.release_lease(source)
        return not is_free

    def _pause(self, seconds: float) -> None:
        """Wait, keeping the lease."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0 and not self._stop.wait(min(1.0, left_s)):
            try:
                self._lease.is_ours()
            except PASSING_TROUBLE:
                continue
