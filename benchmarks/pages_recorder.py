"""A process that records at a steady pace until its stdin ends: `python -m … PATH PER_SECOND`.

Prints how many requests and how many seconds it was.
"""

import sys
import threading
import time

from msgspec.structs import replace

from proxypal import RequestLog, Store
from proxypal.clock import now_ms
from proxypal.service.demo_traffic import LiveTraffic

_BATCHES_A_SECOND = 20


def main(path: str, per_second: str) -> None:
    """Record."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    size = max(1, int(per_second) // _BATCHES_A_SECOND)
    pause_s = size / int(per_second)
    traffic = LiveTraffic(seed=5)
    # Drawn before: what is measured is a server beside recording, not beside inventing.
    drawn: list[RequestLog] = [traffic.ended(now_ms()) for _ in range(2_000)]
    recorded, started = 0, time.perf_counter()
    with Store(path) as store:
        while not ended.wait(max(0.0, started + (recorded / size) * pause_s - time.perf_counter())):
            now = now_ms()
            batch = [drawn[(recorded + number) % len(drawn)] for number in range(size)]
            store.record([replace(one, timestamp=now, id="") for one in batch])
            recorded += size
        taken_s = time.perf_counter() - started
    print(recorded, taken_s)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
