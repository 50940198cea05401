"""Runs of `watch`: in a thread, or once, with everything it told."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from log_reading import UTC
from proxy_log import (
    later_clock,
)
from proxypal.service.watch_events import (
    WatchEvent,
)
from proxypal.service.watching import watch
from proxypal.store.protocol import RequestStore

DEADLINE_S = 20.0
"""Far beyond anything that should take part of a second, on the busiest machine."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


class Watching:
    """`watch` in a thread, and what it said."""

    def __init__(self, store: RequestStore, *paths: Path | str, stdin: int = 0) -> None:
        self.events: list[WatchEvent] = []
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._arguments = (store, paths, stdin)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        store, paths, stdin = self._arguments
        try:
            watch(
                store,
                paths,
                offset=UTC,
                once=False,
                stop=self.stop,
                report=self.events.append,
                clock=later_clock,
                stdin=stdin,
            )
        except BaseException as error:  # noqa: BLE001 - shown by the test that waits for it
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    @property
    def is_running(self) -> bool:
        """Whether it still watches."""
        return self._thread.is_alive()

    def of(self, kind: type[WatchEvent]) -> list[WatchEvent]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def watch_once(store: RequestStore, *paths: Path | str, stdin: int = 0) -> list[WatchEvent]:
    events: list[WatchEvent] = []
    watch(
        store,
        paths,
        offset=UTC,
        once=True,
        stop=threading.Event(),
        report=events.append,
        clock=later_clock,
        stdin=stdin,
    )
    return events
