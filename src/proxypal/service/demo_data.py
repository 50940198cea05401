"""A data directory full of invented traffic, to look at and to try things on.

It is only ever made where nothing is: what is the user's stays untouched. The store is filled by a
clock that goes through the ninety days, as if it had been there all the time. Must not enter: what
the traffic is like (`demo_traffic`).
"""

import itertools
import threading
from collections.abc import Sequence
from pathlib import Path

from proxypal.clock import Clock, now_ms, offset_of
from proxypal.errors import CannotWrite, WrongUsage
from proxypal.records.request import RequestLog
from proxypal.service.demo_cast import KEYS
from proxypal.service.demo_traffic import DAYS, LiveTraffic, demo_requests
from proxypal.service.pricing import Pricing
from proxypal.service.settings_file import FILE_NAME
from proxypal.store import Store

_AT_ONCE = 1000
_DAY_MS = 86_400_000

_SETTINGS = """\
# Invented, like everything here: what the keys are called, and what may be spent.

[names]
{names}

[[budget]]
name = "All models"
per = "month"
usd = 300

[[budget]]
name = "Nightly jobs"
per = "day"
tokens = 8_000_000
where = ["key=sk-…DEM4"]
"""


class _DemoClock:
    """Stands where the last request recorded stands."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        """Unix milliseconds."""
        return self.now_ms


def fill_with_demo(
    directory: Path, until_ms: int, *, zone: str | None = None, seed: int = 1
) -> int:
    """Make a store with ninety days of traffic that end at `until_ms`; how many requests it has.

    `zone` is the IANA zone of its day labels, None for the machine's.

    Raises:
        WrongUsage: something is in the directory already; nothing was changed.
        CannotWrite: it cannot be made.
    """
    _make_empty(directory)
    requests = demo_requests(until_ms, offset_of(zone), seed)
    clock = _DemoClock(until_ms - DAYS * _DAY_MS)
    with Store(directory, zone=zone, clock=clock) as store:
        pricing = Pricing.of(store, directory)
        for batch in _batches(requests):
            clock.now_ms = batch[-1].timestamp
            store.record(pricing.price_requests(batch))
        clock.now_ms = until_ms
    names = "\n".join(f'"{label}" = "{name}"' for label, name in KEYS.items())
    (directory / FILE_NAME).write_text(_SETTINGS.format(names=names), encoding="utf-8")
    return len(requests)


def keep_coming(
    store: Store, stop: threading.Event, *, clock: Clock = now_ms, seed: int = 1
) -> None:
    """Record a request every few seconds until `stop` is set: for looking at what is live."""
    traffic = LiveTraffic(seed)
    pricing = Pricing.of(store, store.path)
    while not stop.wait(traffic.pause_s()):
        store.record(pricing.price_requests([traffic.ended(clock())]))


def _make_empty(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_empty = next(directory.iterdir(), None) is None
    except OSError as error:
        raise CannotWrite(directory, error.strerror or str(error)) from error
    if not is_empty:
        raise WrongUsage(
            f"{directory} is not empty. Invented data is never mixed with other data: "
            "name a directory that does not exist yet."
        )


def _batches(requests: Sequence[RequestLog]) -> Sequence[Sequence[RequestLog]]:
    starts = range(0, len(requests), _AT_ONCE)
    return [list(itertools.islice(requests, start, start + _AT_ONCE)) for start in starts]
