"""Who may manage the fake proxy: five failures ban an address, and a ban spares nobody.

CLIProxyAPI internal/api/handlers/management/handler.go.
"""

import threading

from fake_clock import FakeClock, go_text

MAX_FAILURES = 5
BANNED = "IP banned due to too many failed attempts. Try again in "


class Logins:
    """Answers a login with (0, "") or an HTTP status and a reason. `sent` are all keys seen."""

    def __init__(self, clock: FakeClock, key: str, ban_s: float, *, allow_remote: bool) -> None:
        self.key = key
        self.ban_s = ban_s
        self.failed = 0
        self.sent: list[str] = []
        self._clock = clock
        self._allow_remote = allow_remote
        self._failures: dict[str, int] = {}
        self._banned_until_ms: dict[str, int] = {}
        self._lock = threading.Lock()

    def check(self, address: str, key: str) -> tuple[int, str]:
        """Judge one login; an empty key is a failed one."""
        with self._lock:
            if key:
                self.sent.append(key)
            left_ms = self._banned_until_ms.get(address, 0) - self._clock.now_ms()
            if left_ms > 0:
                return 403, BANNED + go_text((left_ms + 500) // 1000 * 1000)
            if address not in {"127.0.0.1", "::1"} and not self._allow_remote:
                return 403, "remote management disabled"
            if key == self.key:
                self._failures.pop(address, None)
                return 0, ""
            self._fail(address)
            return 401, "invalid management key" if key else "missing management key"

    def _fail(self, address: str) -> None:
        self.failed += 1
        self._failures[address] = self._failures.get(address, 0) + 1
        if self._failures[address] >= MAX_FAILURES:
            self._failures[address] = 0
            self._banned_until_ms[address] = self._clock.now_ms() + round(self.ban_s * 1000)

    def ban(self, address: str, seconds: float) -> None:
        """Ban an address now."""
        with self._lock:
            self._banned_until_ms[address] = self._clock.now_ms() + round(seconds * 1000)

    def is_banned(self, address: str = "127.0.0.1") -> bool:
        """Whether even the right key is refused."""
        return self._banned_until_ms.get(address, 0) > self._clock.now_ms()

    def forget(self) -> None:
        """A restart forgets failures and bans."""
        with self._lock:
            self._failures.clear()
            self._banned_until_ms.clear()
