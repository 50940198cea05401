from collections.abc import Iterator
from pathlib import Path

import pytest

from log_reading import open_store
from proxy_log import (
    ProxyLog,
    assert_counted_once,
    counted_ids,
    later_clock,
)
from proxypal.errors import CannotWrite, StorageFull, StoreClosed
from proxypal.service.watch_events import (
    CaughtUp,
    Recorded,
    StandingBy,
    StoreRecovered,
    StoreTrouble,
)
from proxypal.store import Store
from proxypal.store.values import SourceBatch, SourceOutcome
from watch_runs import Watching, until, watch_once


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


def test_two_watchers_on_one_log_count_once(log: ProxyLog, tmp_path: Path) -> None:
    """The second one stands by, and takes over when the first ends."""
    with open_store(tmp_path) as first, open_store(tmp_path) as second:
        log.write(2)
        one = Watching(first, log.directory)
        with one:
            until(lambda: one.of(CaughtUp) != [])
            with Watching(second, log.main) as two:
                until(lambda: two.of(StandingBy) == [StandingBy(log.main)])
                log.write(3)
                until(lambda: len(counted_ids(first)) == 5)
                assert two.of(Recorded) == []
                one.stop.set()
                one.join()
                log.write(2)
                until(lambda: len(counted_ids(first)) == 7)
                until(lambda: two.of(Recorded) != [])
        assert_counted_once(first, log.truth)


def test_once_does_not_wait_for_another_reader(log: ProxyLog, tmp_path: Path) -> None:
    """`watch --once` beside a running watcher ends, and everything is in the store then."""
    with open_store(tmp_path) as first, open_store(tmp_path) as second:
        log.write(2)
        with Watching(first, log.directory) as watching:
            until(lambda: watching.of(CaughtUp) != [])
            log.write(50)
            watch_once(second, log.directory)
            assert_counted_once(second, log.truth)


def test_a_storm_of_starts_and_stops_leaves_one_reader(log: ProxyLog, tmp_path: Path) -> None:
    """D14: however watchers are started and stopped, one reads, and each request counts once."""
    stores = [open_store(tmp_path) for _ in range(4)]
    running: list[Watching] = []
    try:
        for start in range(12):
            watching = Watching(stores[start % 4], log.directory)
            watching.__enter__()
            running.append(watching)
            log.write(2)
            if start % 4 == 3:
                running.pop(start % len(running)).__exit__()
            if start in (5, 9):
                log.rotate()
        until(lambda: len(counted_ids(stores[0])) == len(log.truth))
        while len(running) > 1:
            running.pop(0).__exit__()
        log.write(3)
        until(lambda: len(counted_ids(stores[0])) == len(log.truth))
    finally:
        for watching in running:
            watching.__exit__()
    assert_counted_once(stores[0], log.truth)
    for opened in stores:
        opened.close()


class Troubled(Store):
    """A store that can be put in trouble."""

    trouble: Exception | None = None
    tried = 0
    asked = 0

    def acquire_lease(self, source: str, duration_ms: int) -> bool:
        """See `RequestStore`."""
        self.asked += 1
        if isinstance(self.trouble, CannotWrite):
            raise self.trouble
        return super().acquire_lease(source, duration_ms)

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore`."""
        self.tried += 1
        if self.trouble is not None:
            raise self.trouble
        return super().record_batch(batch)


@pytest.fixture
def troubled(tmp_path: Path) -> Iterator[Troubled]:
    with Troubled(
        tmp_path / "data", history_limit=100_000, zone="UTC", clock=later_clock
    ) as opened:
        yield opened


def test_a_full_disk_is_waited_out(log: ProxyLog, troubled: Troubled) -> None:
    """While the disk is full the log waits; it is told once, and afterwards nothing is missing."""
    log.write(2)
    with Watching(troubled, log.directory) as watching:
        until(lambda: watching.of(CaughtUp) != [])
        troubled.trouble, troubled.tried = StorageFull(troubled.path), 0
        log.write(5)
        until(lambda: troubled.tried >= 3)
        (event,) = watching.of(StoreTrouble)
        assert isinstance(event, StoreTrouble)
        assert "Storage full" in str(event.error)
        assert counted_ids(troubled) == log.truth[:2]
        troubled.trouble = None
        until(lambda: watching.of(StoreRecovered) != [])
    assert_counted_once(troubled, log.truth)


def test_a_directory_that_cannot_be_written_is_waited_out(
    log: ProxyLog, troubled: Troubled
) -> None:
    """It is told once, nobody is said to read instead, and all is recorded once it can be."""
    log.write(2)
    troubled.trouble = CannotWrite(troubled.path, "read-only")
    with Watching(troubled, log.directory) as watching:
        until(lambda: troubled.asked >= 3)
        assert len(watching.of(StoreTrouble)) == 1
        assert watching.of(StoreRecovered) == watching.of(StandingBy) == []
        troubled.trouble = None
        until(lambda: watching.of(StoreRecovered) != [])
    assert len(watching.of(StoreTrouble)) == len(watching.of(StoreRecovered)) == 1
    assert_counted_once(troubled, log.truth)


def test_once_tells_the_trouble_and_ends(log: ProxyLog, troubled: Troubled) -> None:
    """A script that runs `watch --once` on a disk it cannot write to fails, and loses nothing."""
    log.write(2)
    troubled.trouble = CannotWrite(troubled.path, "read-only")
    with pytest.raises(CannotWrite):
        watch_once(troubled, log.directory)
    troubled.trouble = None
    watch_once(troubled, log.directory)
    assert_counted_once(troubled, log.truth)


def test_a_closed_store_ends_the_watcher(log: ProxyLog, troubled: Troubled) -> None:
    """A store that will never take anything again is not waited for."""
    with Watching(troubled, log.directory) as watching:
        troubled.trouble = StoreClosed()
        log.write(1)
        until(lambda: not watching.is_running)
    assert isinstance(watching.error, StoreClosed)
