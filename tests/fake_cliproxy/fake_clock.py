"""The fake proxy's clock: the real one with jumps, or one that only moves when it is told to."""

import time


class FakeClock:
    """Milliseconds since 1970. With `start_ms` it stands still until `advance`."""

    def __init__(self, start_ms: int | None = None) -> None:
        self._start_ms = start_ms
        self._ahead_ms = 0

    def now_ms(self) -> int:
        """What time it is."""
        real_ms = time.time_ns() // 1_000_000 if self._start_ms is None else self._start_ms
        return real_ms + self._ahead_ms

    __call__ = now_ms

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead_ms += round(seconds * 1000)


def go_text(duration_ms: int) -> str:
    """A duration as Go prints it: `0s`, `7ms`, `1.5s`, `1m42s`, `1h0m5s`."""
    if 0 < duration_ms < 1000:
        return f"{duration_ms}ms"
    seconds, rest_ms = divmod(duration_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{seconds}.{rest_ms:03}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def latency_text(duration_ms: int) -> str:
    """A latency as the access log cuts it: whole milliseconds up to a minute, then seconds."""
    return go_text(duration_ms if duration_ms <= 60_000 else duration_ms // 1000 * 1000)
