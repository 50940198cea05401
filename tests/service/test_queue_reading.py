"""Everything a usage queue hands out is counted once, by whatever way it comes."""

import threading
import time
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.service.watch_events import Note, QueueConnected
from proxypal.store.values import QueueBatch, QueueOutcome
from queue_runs import (
    QueueWatching,
    assert_true,
    gaps_of,
    open_queue_store,
    status_of,
    until_all,
    until_counted,
)
from watch_runs import until

VERSIONS = ["6.9.38", "7.0.7", "7.1.17", "7.1.60", "7.2.140", "8.0.20"]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_waited_and_what_comes_is_counted_once(tmp_path: Path, version: str) -> None:
    """By whatever way a version allows: the backlog, then traffic; no login ever fails."""
    with FakeProxy(tmp_path / "logs", version=version) as fake:
        fake.random_traffic(1, 40)
        fake.settle()
        with open_queue_store(tmp_path / "data", fake) as store:
            with QueueWatching(store, fake) as watching:
                watching.until_connected()
                fake.random_traffic(2, 60)
                until_all(fake, store)
            assert watching.error is None
            assert_true(fake, store)
            assert (fake.failed_logins, gaps_of(store)) == (0, [])


def test_records_that_come_while_the_backlog_is_taken_follow_it(tmp_path: Path) -> None:
    """A retry's last record is told last, so the order of the queue is the order of recording."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        for _ in range(2500):
            fake.request()
        fake.settle()
        batches: list[int] = []
        record = store.record_attempts

        def slow(batch: QueueBatch) -> QueueOutcome:
            batches.append(len(batch.attempts))
            if len(batch.attempts) == 2000:
                fake.request("late-model")
                fake.settle()
            return record(batch)

        store.record_attempts = slow  # type: ignore[method-assign]  # traffic in the middle
        with QueueWatching(store, fake) as watching:
            until_all(fake, store)
        (connected,) = watching.of(QueueConnected)
        assert connected.waiting == 2500
        assert [size for size in batches if size >= 100] == [2000, 500]
        models = [row.model for row in store.get_request_history().requests]
        assert models[-1] == "late-model"


def test_a_good_bye_loses_nothing(tmp_path: Path) -> None:
    """Stopped and started again within the retention, in traffic: all counted, no gap."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        for _ in range(4):
            with QueueWatching(store, fake) as watching:
                watching.until_connected()
                for _ in range(10):
                    fake.request()
                fake.wait_drained()
            fake.wait_until(lambda: fake.queue.subscribers == 0)
            fake.request()
            fake.settle()
        with QueueWatching(store, fake):
            until_counted(store, 44)
        assert_true(fake, store)
        assert gaps_of(store) == []


def test_a_connection_that_is_dropped_comes_back(tmp_path: Path) -> None:
    """The proxy queues meanwhile; the backlog is taken again after every reconnect."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            for times in range(1, 5):
                watching.until_connected(times)
                fake.request()
                fake.wait_drained()
                fake.drop_connections()
                fake.wait_until(lambda: fake.queue.subscribers == 0)
                fake.request()
            until_all(fake, store)
        assert fake.failed_logins == 0
        assert_true(fake, store)


def test_statistics_that_are_off_are_told(tmp_path: Path) -> None:
    """The proxy makes no records then: told, kept for doctor, and told again when it is on."""
    with (
        FakeProxy(tmp_path / "logs", statistics=False) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake) as watching:
            until(lambda: any("switched off" in note.text for note in watching.of(Note)))
            until(lambda: status_of(store).statistics_enabled is False)
            fake.set_statistics(True)
            until(lambda: status_of(store).statistics_enabled is True)
        assert fake.failed_logins == 0


def test_a_consumer_that_takes_the_records_is_noticed(tmp_path: Path) -> None:
    """2b.8: requests of the log stay without records while another one is subscribed."""
    with (
        FakeProxy(tmp_path / "logs", version="7.0.3") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        other = fake.queue.subscribe(greeting=False)
        with QueueWatching(store, fake, fake.log.main) as watching:
            watching.until_connected()
            for _ in range(8):
                fake.request()
            fake.settle()
            until_counted(store, 8)
            fake.clock.advance(45)
            until(lambda: status_of(store).starved_since is not None)
            assert status_of(store).missing_records >= 5
        fake.queue.unsubscribe(other)


def test_a_record_is_durable_soon_after_it_came(tmp_path: Path) -> None:
    """A kill loses the records of the last moments only: each is committed within 100 ms."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        waits_s = []
        with QueueWatching(store, fake) as watching:
            watching.until_connected()
            for number in range(1, 21):
                fake.request()
                fake.wait_drained()
                begun_s = time.monotonic()
                until_counted(store, number)
                waits_s.append(time.monotonic() - begun_s)
        assert sorted(waits_s)[10] < 0.1
        assert threading.active_count() < 50
