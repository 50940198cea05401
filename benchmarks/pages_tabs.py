"""Open tabs, each by itself: a stream of events, and the parts of the page it makes new.

As the page does it: figures at most once a second, charts at most every five. The tabs of one
browser share one stream and only the visible one renews itself, so this is twenty people.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.pages_server import PAGE, Client

_PACES_S = {"figures": 1.0, "charts": 5.0}


@contextmanager
def open_tabs(host: str, count: int) -> Iterator[list[float]]:
    """Open them; the list fills with the milliseconds each part took to come."""
    times: list[float] = []
    stop = threading.Event()
    streams = [Client(host) for _ in range(count)]
    threads = [
        threading.Thread(target=_tab, args=(host, stream, stop, times), daemon=True)
        for stream in streams
    ]
    for thread in threads:
        thread.start()
    try:
        yield times
    finally:
        stop.set()


def _tab(host: str, stream: Client, stop: threading.Event, times: list[float]) -> None:
    parts = Client(host)
    wanted = threading.Event()

    def follow() -> None:
        for kind in stream.events("/api/events"):
            if kind in {"totals", "snapshot"}:
                wanted.set()
            if stop.is_set():
                return

    threading.Thread(target=follow, daemon=True).start()
    renewed = dict.fromkeys(_PACES_S, 0.0)
    owed: set[str] = set()
    while not stop.wait(0.05):
        if wanted.is_set():
            wanted.clear()
            owed.update(_PACES_S)
        for name in [*owed]:
            now = time.monotonic()
            if now - renewed[name] >= _PACES_S[name]:
                owed.discard(name)
                renewed[name] = now
                taken_ms, _ = parts.get("/", {**PAGE, "Proxypal-Part": name})
                times.append(taken_ms)
