"""When to try again, and whether it is our turn at all.

Must not enter: connections to the proxy.
"""

import random
from collections.abc import Callable

from proxypal.clock import Clock
from proxypal.store.protocol import RequestStore

LEASE_MS = 15_000
_RENEW_AFTER_MS = 5_000


class BackOff:
    """Waits that double from `first_s` to `last_s`, each shortened by chance down to a half.

    By chance, so that many readers of one proxy do not come back in one instant.
    """

    def __init__(
        self, first_s: float, last_s: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._chance = chance
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to wait now."""
        wait_s = self._next_s * (0.5 + 0.5 * self._chance())
        self._next_s = min(self._next_s * 2, self._last_s)
        return wait_s

    def reset(self) -> None:
        """It went well: begin anew."""
        self._next_s = self._first_s


class Lease:
    """The right to read a source, asked of the store as rarely as it allows."""

    def __init__(self, store: RequestStore, source: str, clock: Clock) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._held_since_ms: int | None = None

    def is_ours(self) -> bool:
        """Become or stay the one reader.

        Raises:
            StoreError: the store cannot say.
        """
        now_ms = self._clock()
        held_ms = self._held_since_ms
        if held_ms is not None and 0 <= now_ms - held_ms < _RENEW_AFTER_MS:
            return True
        is_ours = self._store.acquire_lease(self._source, LEASE_MS)
        self._held_since_ms = now_ms if is_ours else None
        return is_ours

    def release(self) -> None:
        """Let the next reader in."""
        if self._held_since_ms is not None:
            self._held_since_ms = None
            self._store.release_lease(self._source)
