"""One connection to a usage queue, from taking what waits to its end.

Loss-free start: subscribe, wait for the acknowledgement, then pop until empty on a second
connection, each batch committed before the next is taken; what the subscription delivers
meanwhile comes after it. The same after every reconnect. Must not enter: when to connect.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from proxypal.clock import Clock
from proxypal.errors import QueueError, QueueUnreachable
from proxypal.service.queue_gaps import Outage, cause_of_end, gaps_after
from proxypal.service.queue_holding import Holding, Receiver
from proxypal.service.queue_recording import QueueRecorder, Taken, Tell
from proxypal.service.queue_settings import QueueSettings
from proxypal.service.queue_status import StatusBoard, encode_status
from proxypal.service.queue_vigil import Vigil
from proxypal.service.watch_events import GapFound, QueueConnected
from proxypal.sources.management_key import ManagementKey
from proxypal.store.values import Gap, Span

if TYPE_CHECKING:
    from proxypal.sources.queue_session import QueueSession

MOST_AT_ONCE = 2_000
"""Of a backlog; what is taken and not yet committed is what a kill loses, so no more than pays."""

_SLACK_MS = 2_000
"""A record may follow its request by so much: the newest moments are not claimed as covered."""

_TAKE_WITHIN_S = 0.5


class QueueReader:
    """Reads one connection after another, one `attend` each.

    `go_on` says whether to continue, `pause` waits so many seconds or until that changes.
    `has_settled`: the first attempt came to something, good or bad. `connected_for_s` is how long
    the last connection lasted.
    """

    def __init__(  # noqa: PLR0913 - made in one place, every part named
        self,
        settings: QueueSettings,
        board: StatusBoard,
        recorder: QueueRecorder,
        vigil: Vigil,
        *,
        clock: Clock,
        tell: Tell,
        go_on: Callable[[], bool],
        pause: Callable[[float], None],
    ) -> None:
        self.connected_for_s = 0.0
        self.has_settled = False
        self._settings = settings
        self._board = board
        self._recorder = recorder
        self._vigil = vigil
        self._clock = clock
        self._tell = tell
        self._go_on = go_on
        self._pause = pause
        self._is_connected = False
        self._before = board.status
        self._covered_from_ms = 0
        self._holding = Holding(settings.bound)

    def attend(self, key: ManagementKey, *, once: bool = False) -> None:
        """Read until the connection ends, or we do; with `once`, only what waits.

        Raises:
            QueueError: it could not be read, or not any longer. All that came is recorded.
            StoreError: the store will take nothing any more.
        """
        from proxypal.sources.queue_session import open_session  # noqa: PLC0415 - imports `redis`

        begun_s = time.monotonic()
        self.connected_for_s = 0.0
        self._is_connected = False
        session = open_session(self._settings.address, key, subscribe=not once)
        self._holding = Holding(self._settings.bound)
        receiver = self._receive(session)
        try:
            if self._take_backlog(session) and not once:
                self._follow(session, receiver)
            self._end(receiver)
        except QueueError:
            if receiver is not None:
                receiver.leave()
                self._take_rest()
            raise
        finally:
            if receiver is not None:
                receiver.leave()
            session.close()
            if self._holding.dropped:
                dropped = self._board.status.overflowed + self._holding.dropped
                self._board.change(overflowed=dropped)
            self.connected_for_s = time.monotonic() - begun_s if self._is_connected else 0.0

    def keep(self, gaps: Sequence[Gap] = ()) -> Taken:
        """Let the store know how things are."""
        return self._recorder.record((), self._describe, gaps=gaps, waiting=self._waiting)

    def _waiting(self) -> int:
        return len(self._holding)

    def _receive(self, session: "QueueSession") -> Receiver | None:
        if session.subscription is None:
            return None
        every_s = self._settings.pace.renew_every_s
        return Receiver(session.subscription, self._holding, self._clock, every_s)

    def _take_backlog(self, session: "QueueSession") -> bool:
        """Pop until empty; then the queue is ours from the oldest one on. False: told to stop."""
        back_ms = self._clock()
        outage = self._outage()
        before = self._before = self._board.status
        # From here on a kill loses what was popped and not committed. That is noted beforehand,
        # which also shows whether the store takes anything at all.
        self._board.change(
            cause="killed" if before.cause in {"in order", "closed"} else before.cause,
            alive_at=before.alive_at or back_ms,
        )
        waiting, oldest_ms = 0, None
        is_empty = not self.keep().is_recorded
        while not is_empty and self._go_on():
            taken = self._pop(session)
            is_empty = taken is None
            if taken is not None:
                waiting += taken.records
                if taken.ended_ms is not None and oldest_ms is None:
                    oldest_ms = taken.ended_ms.from_ms
        if not self._go_on():
            self._forget_attempt()
            return False
        session.leave_popping()
        self._begin(session, outage, back_ms, oldest_ms)
        self._tell(
            QueueConnected(self._settings.address.url, session.mode, session.proxy_version, waiting)
        )
        self.has_settled = True
        return True

    def _forget_attempt(self) -> None:
        """Nothing was lost by this connection: what was true before it still is."""
        if self._board.status.cause != "torn":
            self._board.change(cause=self._before.cause, alive_at=self._before.alive_at)

    def _outage(self) -> Outage | None:
        status = self._board.status
        if status.alive_at is None:
            return None
        return Outage(status.alive_at, status.cause, status.down_from, status.down_until)

    def _begin(
        self, session: "QueueSession", outage: Outage | None, back_ms: int, oldest_ms: int | None
    ) -> None:
        """All that waited is recorded: note what was lost before, and that we read."""
        source, retention_ms = self._recorder.source, self._settings.retention_ms
        gaps = gaps_after(source, outage, back_ms, retention_ms, oldest_ms) if outage else []
        self._vigil.begin()
        self._vigil.note_statistics(session.statistics_enabled())
        self._is_connected = True
        self._covered_from_ms = back_ms if oldest_ms is None else min(back_ms, oldest_ms)
        self._board.change(
            state="connected",
            why="",
            mode=session.mode,
            connected_since=back_ms,
            alive_at=back_ms,
            cause="killed",
            proxy_version=session.proxy_version,
            banned_until=None,
            unreachable_since=None,
            down_from=None,
            down_until=None,
            starved_since=None,
            missing_records=0,
        )
        if self.keep(gaps).is_recorded:
            for gap in gaps:
                self._tell(GapFound(gap))

    def _pop(self, session: "QueueSession") -> Taken | None:
        """Take and commit a batch; None if the queue is empty."""
        try:
            payloads = session.pop(MOST_AT_ONCE)
        except QueueError as error:
            is_mid_way = isinstance(error, QueueUnreachable) and error.how in {"broken", "closed"}
            if is_mid_way:
                self._board.change(cause="torn")
            elif self._is_connected:
                self._board.change(cause="closed")
            else:
                self._forget_attempt()
            raise
        return self._commit(payloads) if payloads else None

    def _commit(self, payloads: Sequence[bytes]) -> Taken:
        before = self._board.status
        taken = self._recorder.record(payloads, self._describe, waiting=self._waiting)
        if not taken.is_recorded:
            self._board.change(alive_at=before.alive_at, cause="torn")
        return taken

    def _describe(self, taken: Taken) -> tuple[Span | None, bytes]:
        if taken.records:
            self._board.change(last_record_at=self._clock())
        if taken.ended_ms is not None and self._is_connected:
            self._board.advance(taken.ended_ms.until_ms)
        self._board.change(held=self._waiting())
        until_ms = (self._board.status.alive_at or 0) - _SLACK_MS
        is_covered = self._is_connected and until_ms > self._covered_from_ms
        covered = Span(self._covered_from_ms, until_ms) if is_covered else None
        return covered, encode_status(self._board.status)

    def _follow(self, session: "QueueSession", receiver: Receiver | None) -> None:
        while self._go_on():
            if receiver is None:
                if not self._poll(session):
                    return
            else:
                payloads = self._holding.take(MOST_AT_ONCE, _TAKE_WITHIN_S)
                if payloads:
                    self._commit(payloads)
                elif self._holding.is_over:
                    return
                else:
                    self._board.advance(receiver.alive_ms)
            self._do_what_is_due(session)

    def _poll(self, session: "QueueSession") -> bool:
        """Take what is there, then wait. False: so late that the proxy forgot some meanwhile."""
        asked_ms = self._clock()
        if asked_ms - (self._board.status.alive_at or 0) >= self._settings.retention_ms:
            return False
        while self._go_on() and self._pop(session) is not None:
            asked_ms = self._clock()
        self._board.advance(asked_ms)
        pace = self._settings.pace
        self._pause(pace.poll_http_s if session.mode == "polling HTTP" else pace.poll_resp_s)
        return True

    def _end(self, receiver: Receiver | None) -> None:
        """Take what came until the end, and judge how the connection ended."""
        if receiver is None:
            if self._is_connected:
                self._board.change(cause="in order")
            return
        receiver.leave()
        self._take_rest()
        if not self._is_connected:
            return
        if receiver.error is None:
            is_torn = receiver.was_torn or self._holding.dropped > 0
            if not is_torn:
                self._board.advance(receiver.ended_ms)
            self._board.change(cause="torn" if is_torn else "in order")
            return
        is_closed = isinstance(receiver.error, QueueUnreachable) and receiver.error.how == "closed"
        recent = receiver.recent_messages
        self._board.change(cause=cause_of_end(is_closed=is_closed, recent_messages=recent))
        raise receiver.error

    def _take_rest(self) -> None:
        while payloads := self._holding.take(MOST_AT_ONCE, 0):
            self._commit(payloads)

    def _do_what_is_due(self, session: "QueueSession") -> None:
        pace = self._settings.pace
        if self._vigil.is_due("statistics", pace.ask_statistics_s):
            self._vigil.note_statistics(session.statistics_enabled())
        if self._vigil.is_due("records", pace.look_for_records_s):
            self._vigil.look_for_records()
        if self._vigil.is_due("status", pace.renew_every_s):
            self.keep()
