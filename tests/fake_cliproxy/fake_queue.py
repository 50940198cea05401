"""The proxy's usage queue: kept for a while, handed out once, starved by subscribers.

In memory only, as CLIProxyAPI internal/redisqueue/queue.go has it. It also keeps what the real one
does not know: what became of each record.
"""

import threading
from collections import deque
from enum import Enum
from typing import NamedTuple

from fake_clock import FakeClock

BUFFER = 256
SUPPORT_REFRESH = b'{"support_refresh":true}'
REFRESH = b'{"refresh":true}'


class Fate(Enum):
    """What became of a record. Those that are neither WAITING nor DELIVERED are lost for good."""

    WAITING = "in the queue or in a subscriber's buffer"
    DELIVERED = "written to a consumer's connection"
    EXPIRED = "nobody came within the retention"
    OVERFLOWED = "a subscriber's buffer was full"
    FORGOTTEN = "the proxy restarted, or management was switched off"
    TORN = "handed out on a connection that broke"
    SWITCHED_OFF = "usage statistics were off"
    NEVER = "the proxy made no record"


class Item(NamedTuple):
    """A record on its way. Control messages have no number."""

    payload: bytes
    number: int = -1


class Subscription:
    """A subscriber's buffer. After `end` what is in it is still handed out."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._ended = False

    def put(self, item: Item) -> bool:
        """Add an item; False when there is no room."""
        with self._changed:
            if len(self._items) >= self._size:
                return False
            self._items.append(item)
            self._changed.notify()
            return True

    def take(self) -> Item | None:
        """The next item, waiting for it; None after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            return self._items.popleft() if self._items else None

    def wait(self) -> None:
        """Wait until there is something to take, or the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)

    def end(self) -> None:
        """No more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def rest(self) -> list[Item]:
        """What was never taken; nothing is left."""
        with self._changed:
            items, self._items = list(self._items), deque()
            return items


class UsageQueue:
    """One queue for all poppers. `fates` outlive everything."""

    def __init__(self, clock: FakeClock, retention_s: float, buffer: int = BUFFER) -> None:
        self.clock = clock
        self.retention_s = retention_s
        self.statistics = True
        self.enabled = True
        self.fates: dict[int, Fate] = {}
        self.requeues_overflow = False
        self._buffer = buffer
        self._items: deque[tuple[int, Item]] = deque()
        self._subscriptions: list[Subscription] = []
        self._lock = threading.RLock()

    def offer(self, item: Item) -> None:
        """A record was made."""
        with self._lock:
            if not (self.enabled and self.statistics):
                self.mark(item, Fate.SWITCHED_OFF)
                return
            self.mark(item, Fate.WAITING)
            if self._subscriptions:
                self._publish(item)
            else:
                self._enqueue(item)

    def _enqueue(self, item: Item) -> None:
        self._prune()
        self._items.append((self.clock.now_ms(), item))

    def _publish(self, item: Item) -> None:
        taken = False
        for subscription in list(self._subscriptions):
            if subscription.put(item):
                taken = True
            else:
                self._subscriptions.remove(subscription)
                subscription.end()
        if not taken and self.requeues_overflow and item.number >= 0:
            self._enqueue(item)
        elif not taken:
            self.mark(item, Fate.OVERFLOWED)

    def _prune(self) -> None:
        cutoff_ms = self.clock.now_ms() - self.retention_s * 1000
        while self._items and self._items[0][0] < cutoff_ms:
            self.mark(self._items.popleft()[1], Fate.EXPIRED)

    def pop(self, count: int) -> list[Item]:
        """The oldest records; they are gone from here."""
        with self._lock:
            if not self.enabled:
                return []
            self._prune()
            return [self._items.popleft()[1] for _ in range(min(count, len(self._items)))]

    def subscribe(self, *, greeting: bool) -> Subscription:
        """From now on records go to the subscribers only; what is queued stays queued."""
        with self._lock:
            subscription = Subscription(self._buffer)
            if greeting:
                subscription.put(Item(SUPPORT_REFRESH))
            self._subscriptions.append(subscription)
            return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """What is still in its buffer is lost."""
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
        subscription.end()
        for item in subscription.rest():
            self.mark(item, Fate.TORN)

    def refresh(self) -> None:
        """A credential changed: every subscriber gets a control message."""
        with self._lock:
            self._publish(Item(REFRESH))

    def forget(self) -> None:
        """Lose everything, as a restart does."""
        with self._lock:
            for _, item in self._items:
                self.mark(item, Fate.FORGOTTEN)
            self._items.clear()
            ended, self._subscriptions = self._subscriptions, []
        for subscription in ended:
            subscription.end()

    def mark(self, item: Item, fate: Fate) -> None:
        """Note what became of a record; delivered to anybody is delivered."""
        with self._lock:
            if item.number >= 0 and self.fates.get(item.number) is not Fate.DELIVERED:
                self.fates[item.number] = fate

    @property
    def waiting(self) -> int:
        """Records queued for poppers that have not expired."""
        with self._lock:
            self._prune()
            return len(self._items)

    @property
    def subscribers(self) -> int:
        """Connections that records go to."""
        return len(self._subscriptions)
