"""The usage queue beside the logs: in a thread of its own, as a follower like the others.

One process at a time reads a queue, by a lease. A key that was refused is not tried again before
it changes, and nothing is tried during a ban: five failed logins ban this machine for 30 minutes
(CLIProxyAPI internal/api/handlers/management/handler.go). Must not enter: what is read.
"""

import time

from proxypal.clock import Clock
from proxypal.errors import (
    ProxypalError,
    QueueBanned,
    QueueError,
    QueueRefused,
    QueueUnreachable,
    StoreError,
)
from proxypal.service.login_memory import LoginMemory
from proxypal.service.queue_patience import BackOff, Lease
from proxypal.service.queue_reading import QueueReader
from proxypal.service.queue_recording import PASSING_TROUBLE, QueueRecorder
from proxypal.service.queue_settings import QueueSettings
from proxypal.service.queue_status import QueueStatus, StatusBoard, decode_status
from proxypal.service.queue_vigil import Vigil
from proxypal.service.threaded_following import ThreadedFollower
from proxypal.service.watch_events import (
    QueueFailed,
    QueueHeld,
    QueueStandingBy,
)
from proxypal.sources.management_key import ManagementKey
from proxypal.store.protocol import RequestStore

_STEADY_S = 10.0
"""A connection that lasted so long was good: after its end the first attempt comes at once."""


class QueueFollower(ThreadedFollower):
    """See `log_following.Follower`. Its thread starts with the first turn.

    With `once` it takes what waits and ends; trouble is then raised by `turn`.
    """

    def __init__(
        self, settings: QueueSettings, store: RequestStore, clock: Clock, *, once: bool
    ) -> None:
        super().__init__("usage-queue")
        self._settings = settings
        self._store = store
        self._clock = clock
        self._once = once
        self._board = StatusBoard(
            QueueStatus(url=settings.address.url, retention_ms=settings.retention_ms)
        )
        source = settings.address.source
        recorder = QueueRecorder(
            source,
            store,
            settings.read,
            settings.price,
            clock=clock,
            stop=self._stop,
            tell=self._events.put,
            patient=not once,
        )
        self._lease = Lease(store, source, clock)
        self._reader = QueueReader(
            settings,
            self._board,
            recorder,
            Vigil(self._board, store, clock, self._events.put),
            clock=clock,
            tell=self._events.put,
            go_on=self._may_go_on,
            pause=self._pause,
        )
        pace = settings.pace
        self._back_off = BackOff(pace.first_retry_s, pace.last_retry_s)
        self._logins = settings.logins or LoginMemory()
        self._said = ""
        self._is_standing_by = self._is_restored = False

    @property
    def status(self) -> QueueStatus:
        """How things are now."""
        return self._board.status

    @property
    def is_caught_up(self) -> bool:
        """What waited is in the store, or there is no way to it for now."""
        return self.is_over or (self._reader.has_settled and not self._once)

    def _work(self) -> None:
        if self._once:
            self._drain()
        else:
            while not self._stop.is_set():
                self._turn()

    def _finish(self) -> None:
        """Say good-bye to the proxy, record what is on its way, let the next reader in."""
        if self._is_standing_by:
            return
        try:
            if self._board.status.alive_at is not None:
                if self._board.status.state not in {"refused", "banned"}:
                    self._board.change(state="ended")
                self._reader.keep()
            self._lease.release()
        except StoreError as error:
            self._error = self._error or (error if self._once else None)

    def _drain(self) -> None:
        if not self._has_lease():
            return
        self._reader.attend(self._settings.keys.current(), once=True)

    def _turn(self) -> None:
        """One attempt, and the wait after it."""
        if not self._has_lease():
            self._reader.has_settled = True
            self._stop.wait(1.0)
            return
        key = self._usable_key()
        banned_until_ms = self._board.status.banned_until or 0
        is_banned = max(banned_until_ms, self._logins.banned_until_ms) > self._clock()
        if key is None or is_banned:
            self._reader.has_settled = True
            self._pause(self._settings.pace.look_at_key_s)
            return
        try:
            self._reader.attend(key)
        except QueueError as error:
            self._fail(error, key)
        else:
            self._said = ""
            self._back_off.reset()

    def _has_lease(self) -> bool:
        try:
            is_ours = self._lease.is_ours()
            if is_ours and not self._is_restored:
                self._restore()
        except PASSING_TROUBLE as error:
            if self._once:
                raise
            if not self._is_standing_by and str(error) != self._said:
                self._said = str(error)
                self._events.put(QueueHeld(error, 0, 1_000))
            return False
        if not is_ours and not self._is_standing_by:
            self._events.put(QueueStandingBy(self._settings.address.url))
        self._is_standing_by = not is_ours
        self._is_restored = is_ours
        return is_ours

    def _restore(self) -> None:
        """Take up where the last reader, of whatever process, has stopped."""
        for state in self._store.queues():
            known = decode_status(state.status)
            if state.source == self._settings.address.source and known is not None:
                self._board.change(
                    alive_at=known.alive_at,
                    cause=known.cause,
                    last_record_at=known.last_record_at,
                    down_from=known.down_from,
                    down_until=known.down_until,
                    overflowed=known.overflowed,
                )

    def _usable_key(self) -> ManagementKey | None:
        """The key, unless it was refused and is still the same."""
        try:
            key = self._settings.keys.current()
        except ProxypalError as error:
            if self._report(error, None):
                self._board.change(state="refused", why=str(error))
                self._reader.keep()
            return None
        return None if self._logins.is_refused(key) else key

    def _fail(self, error: QueueError, key: ManagementKey) -> None:
        """Note why, and wait as long as is right."""
        if self._reader.connected_for_s:
            self._said = ""  # it went well in between: the same trouble is news again
        now_ms = self._clock()
        since_ms = self._board.status.unreachable_since or now_ms
        self._board.change(
            why=error.reason, unreachable_since=since_ms, connected_since=None, mode=None
        )
        wait_s: float | None = None
        if isinstance(error, QueueRefused):
            self._logins.refuse(key)
            self._board.change(state="refused")
        elif isinstance(error, QueueBanned):
            self._board.change(state="banned", banned_until=now_ms + error.retry_in_ms)
            self._logins.ban(now_ms + error.retry_in_ms)
        else:
            self._board.change(state="unreachable")
            if isinstance(error, QueueUnreachable) and error.how == "down":
                first_ms = self._board.status.down_from or now_ms
                self._board.change(down_from=first_ms, down_until=now_ms)
            wait_s = self._wait_s()
        self._report(error, wait_s)
        self._reader.has_settled = True
        self._reader.keep()
        if wait_s is not None:
            self._pause(wait_s)

    def _wait_s(self) -> float:
        was_steady = self._reader.connected_for_s >= _STEADY_S
        self._reader.connected_for_s = 0.0
        if was_steady:
            self._back_off.reset()
            return 0.0
        return self._back_off.next_s()

    def _report(self, error: ProxypalError, wait_s: float | None) -> bool:
        """Tell it if it is news, and whether it was."""
        if str(error) == self._said:
            return False
        self._said = str(error)
        in_ms = None if wait_s is None else round(wait_s * 1000)
        if isinstance(error, QueueBanned):
            in_ms = error.retry_in_ms
        self._events.put(QueueFailed(error, in_ms))
        return True

    def _may_go_on(self) -> bool:
        """Whether to go on reading: not stopped, and still the one reader."""
        if self._stop.is_set():
            return False
        try:
            return self._lease.is_ours()
        except PASSING_TROUBLE:
            return True  # what is read will be held; the lease is asked for again

    def _pause(self, seconds: float) -> None:
        """Wait, keeping the lease."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0 and not self._stop.wait(min(1.0, left_s)):
            if not self._may_go_on():
                return
