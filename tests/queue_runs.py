"""Runs of `watch` on a fake proxy's usage queue: in a thread, with everything it told."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from builders import a_store
from fake_proxy import FakeProxy
from log_reading import UTC
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import read_payload
from proxypal.service.queue_settings import Pace, QueueSettings
from proxypal.service.queue_status import QueueStatus, decode_status
from proxypal.service.watch_events import QueueConnected, WatchEvent
from proxypal.service.watching import watch
from proxypal.sources.management_key import KeySource
from proxypal.sources.queue_address import parse_address
from proxypal.store import Store
from proxypal.store.protocol import RequestStore
from proxypal.store.values import Gap
from watch_runs import DEADLINE_S, until

Event = TypeVar("Event", bound=tuple[Any, ...])

QUICK = Pace(
    first_retry_s=0.02,
    last_retry_s=0.2,
    renew_every_s=0.1,
    look_for_records_s=0.05,
    ask_statistics_s=0.05,
    poll_resp_s=0.02,
    poll_http_s=0.02,
    look_at_key_s=0.02,
)
"""The same steps as in real life, in a fraction of the time."""

READ = partial(read_payload, labels=KeyLabels(b"a secret of the tests"))


def settings_of(
    fake: FakeProxy, *, key: str | Path | None = None, pace: Pace = QUICK, **more: Any
) -> QueueSettings:
    """The fake's queue, with its own key, another one, or a file that holds one."""
    file = key if isinstance(key, Path) else None
    text = key if isinstance(key, str) else fake.key
    return QueueSettings(
        address=parse_address(fake.url),
        keys=KeySource(file, {"PROXYPAL_MANAGEMENT_KEY": text}),
        read=READ,
        price=list,
        pace=pace,
        **more,
    )


def open_queue_store(path: Path, fake: FakeProxy | None = None, **more: Any) -> Store:
    """A store with the fake's clock."""
    clock = {} if fake is None else {"clock": fake.clock}
    return a_store(path, history_limit=100_000, **{**clock, **more})


class QueueWatching:
    """`watch` in a thread, and what it said.

    `paths` of logs, by default one that is not there; with `finds_log` it looks for itself.
    """

    def __init__(
        self,
        store: RequestStore,
        fake: FakeProxy,
        *paths: Path,
        once: bool = False,
        settings: QueueSettings | None = None,
        finds_log: bool = False,
    ) -> None:
        self.events: list[WatchEvent] = []
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._store = store
        self._fake = fake
        self._paths = paths
        self._once = once
        self._settings = settings or settings_of(fake)
        self._finds_log = finds_log
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        nowhere = [self._fake.log.main.parent / "no" / "main.log"]
        try:
            watch(
                self._store,
                self._paths if self._finds_log else self._paths or nowhere,
                offset=UTC,
                once=self._once,
                stop=self.stop,
                report=self.events.append,
                clock=self._fake.clock,
                queue=self._settings,
            )
        except BaseException as error:  # noqa: BLE001 - shown by the test that waits for it
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()

    def to_its_end(self) -> Self:
        """Run it until it ends by itself."""
        self._thread.start()
        self.join()
        return self

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def until_connected(self, times: int = 1) -> None:
        """Wait until it has told so often that it reads the queue."""
        until(lambda: len(self.of(QueueConnected)) >= times)


def status_of(store: Store) -> QueueStatus:
    """What the reader of the only queue says of itself."""
    (state,) = store.queues()
    status = decode_status(state.status)
    assert status is not None
    return status


def gaps_of(store: Store) -> list[Gap]:
    """Known losses of queues."""
    return [gap for gap in store.gaps() if gap.source.startswith("queue ")]


def until_counted(store: Store, count: int) -> None:
    """Wait until so many requests are in the totals."""
    until(lambda: store.get_usage_stats().total_requests >= count)


def run_until(watching: QueueWatching, condition: Callable[[], bool]) -> None:
    """Watch until a condition holds."""
    with watching:
        until(condition)


def assert_true(fake: FakeProxy, store: Store) -> None:
    """What is counted is what the queue could tell, to the last token."""
    fake.settle()
    assert fake.truth.expected(log=False).differences(store.get_usage_stats()) == []


def until_all(fake: FakeProxy, store: Store) -> None:
    """Wait until all that the queue could tell is counted, and nothing else."""
    fake.settle()
    until(lambda: not fake.truth.expected(log=False).differences(store.get_usage_stats()))
