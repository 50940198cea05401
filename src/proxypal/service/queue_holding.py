"""Records of a subscription, taken off the wire at once and held until they are recorded.

The proxy drops a subscriber that is 256 messages behind, so a thread does nothing but receive.
Held records are bounded: at the bound the subscription is ended in order, and the proxy keeps
what follows for its retention. Must not enter: the store.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from proxypal.clock import Clock
from proxypal.errors import QueueError, QueueUnreachable

if TYPE_CHECKING:
    from proxypal.sources.queue_resp import RespConnection

MOST_HELD = 10_000
MOST_HELD_BYTES = 32 << 20
_LISTEN_S = 0.2
_LEAVE_WITHIN_S = 3.0
_ANSWER_WITHIN_S = 10.0
_RECENT_S = 1.0


class Bound(NamedTuple):
    """How many payloads are held, and of how many bytes together."""

    payloads: int = MOST_HELD
    total_bytes: int = MOST_HELD_BYTES


_RESERVE = Bound()


class Holding:
    """Payloads in their order. One thread puts, another takes.

    After `is_full` what is on its way is still taken, up to `reserve` more: the proxy's buffer
    and the network's hold some. What comes beyond that is `dropped`.
    """

    def __init__(self, bound: Bound, reserve: Bound = _RESERVE) -> None:
        self.dropped = 0
        self._most = Bound(*map(sum, zip(bound, reserve, strict=True)))
        self._bound = bound
        self._held: deque[bytes] = deque()
        self._bytes = 0
        self._is_ended = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_full(self) -> bool:
        """Whether no more should be asked for."""
        return self._is_beyond(self._bound)

    @property
    def is_over(self) -> bool:
        """Whether it is empty and stays so."""
        with self._changed:
            return self._is_ended and not self._held

    def _is_beyond(self, bound: Bound) -> bool:
        return len(self._held) >= bound.payloads or self._bytes >= bound.total_bytes

    def put(self, payloads: Sequence[bytes]) -> None:
        """Add what was received."""
        with self._changed:
            for payload in payloads:
                if self._is_beyond(self._most):
                    self.dropped += 1
                else:
                    self._held.append(payload)
                    self._bytes += len(payload)
            self._changed.notify()

    def take(self, most: int, timeout_s: float) -> list[bytes]:
        """The oldest ones; waits for the first, not after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._is_ended, timeout_s)
            taken = [self._held.popleft() for _ in range(min(most, len(self._held)))]
            self._bytes -= sum(map(len, taken))
            return taken

    def end(self) -> None:
        """No more will come."""
        with self._changed:
            self._is_ended = True
            self._changed.notify()


class Receiver:
    """The thread that receives. `alive_ms`: when the last answered question was asked.

    After the end, which was at `ended_ms`, `error` says why, None if we said good-bye; `was_torn`
    whether records were on their way at that moment.
    """

    def __init__(
        self,
        subscription: "RespConnection",
        holding: Holding,
        clock: Clock,
        ping_every_s: float,
    ) -> None:
        self.error: QueueError | None = None
        self.was_torn = False
        self.alive_ms = self.ended_ms = clock()
        self._subscription = subscription
        self._holding = holding
        self._clock = clock
        self._ping_every_s = ping_every_s
        self._leave = threading.Event()
        self._leaving_since_s: float | None = None
        self._asked: tuple[float, int] | None = None
        self._answered_ms: int | None = None
        self._heard_s = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()
        self._thread = threading.Thread(target=self._run, name="usage-queue-receiver", daemon=True)
        self._thread.start()

    @property
    def recent_messages(self) -> int:
        """How many came in the last second before the end."""
        return sum(count for _, count in self._recent)

    def leave(self) -> None:
        """Say good-bye, take what is on its way, and end."""
        self._leave.set()
        self._thread.join(_LEAVE_WITHIN_S + _ANSWER_WITHIN_S)

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except QueueError as error:
            # A good-bye that was not answered, because the proxy had gone, is none.
            self.error = error
        finally:
            self._forget_older(time.monotonic())
            self.ended_ms = self._clock()
            self._holding.end()

    def _step(self) -> bool:
        received = self._subscription.receive(_LISTEN_S)
        now_s = time.monotonic()
        if received.payloads:
            self._holding.put(received.payloads)
            self._count(now_s, len(received.payloads))
            self.was_torn = self._leaving_since_s is not None
        if received.payloads or received.has_pong:
            self._heard_s = now_s
        # A subscriber that was dropped is still answered before the connection closes: an answer
        # counts when something could be received after it.
        if self._answered_ms is not None:
            self.alive_ms, self._answered_ms = self._answered_ms, None
        if received.has_pong and self._asked is not None:
            self._answered_ms, self._asked = self._asked[1], None
        if received.is_over:
            return False
        if self._leaving_since_s is not None:
            return now_s - self._leaving_since_s < _LEAVE_WITHIN_S
        if self._leave.is_set() or self._holding.is_full:
            self._leaving_since_s = now_s
            self._subscription.unsubscribe()
        else:
            self._ask(now_s)
        return True

    def _ask(self, now_s: float) -> None:
        if self._asked is not None:
            if now_s - max(self._asked[0], self._heard_s) > _ANSWER_WITHIN_S:
                raise QueueUnreachable(self._subscription.url, "it does not answer")
        elif now_s - self._heard_s >= self._ping_every_s:
            self._asked = (now_s, self._clock())
            self._subscription.ping()

    def _count(self, now_s: float, count: int) -> None:
        self._recent.append((now_s, count))
        self._forget_older(now_s)

    def _forget_older(self, now_s: float) -> None:
        while self._recent and now_s - self._recent[0][0] > _RECENT_S:
            self._recent.popleft()
