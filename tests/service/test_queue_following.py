"""The usage queue beside the log: one reader, patient with the proxy, careful with the key."""

import os
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueBanned, QueueRefused, QueueUnreachable
from proxypal.service.watch_events import (
    CaughtUp,
    Note,
    QueueConnected,
    QueueFailed,
    QueueStandingBy,
    Recorded,
)
from queue_runs import (
    QueueWatching,
    gaps_of,
    open_queue_store,
    settings_of,
    status_of,
    until_counted,
)
from watch_runs import until


def test_no_login_ever_fails_in_a_whole_life(tmp_path: Path) -> None:
    """Connect, traffic, drop, restart, statistics off, idle, leave: the proxy has no complaint."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake, fake.log.main) as watching:
            watching.until_connected()
            fake.random_traffic(3, 20)
            fake.drop_connections()
            watching.until_connected(2)
            fake.set_statistics(False)
            until(lambda: status_of(store).statistics_enabled is False)
            fake.set_statistics(True)
            fake.refresh()
            fake.restart(downtime_s=0.3)
            watching.until_connected(3)
            pings = fake.seen["PING"]
            until(lambda: fake.seen["PING"] > pings + 2)
        assert fake.failed_logins == 0
        assert not {"HELLO", "CLIENT", "SELECT", "QUIT"} & set(fake.seen)


@pytest.mark.parametrize("version", ["6.9.38", "7.1.17", "7.2.140"])
def test_a_wrong_key_is_one_failed_login(tmp_path: Path, version: str) -> None:
    """It is said once and not tried again, however long the watcher runs."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake, settings=settings_of(fake, key="wrong-s3cret")) as watching:
            until(lambda: watching.of(QueueFailed) != [])
            opened = fake.connections_opened
            fake.request()
            until(lambda: status_of(store).state == "refused")
            until(lambda: watching.of(CaughtUp) != [])
            assert fake.connections_opened == opened
        (failed,) = watching.of(QueueFailed)
        assert isinstance(failed.error, QueueRefused)
        assert failed.retry_in_ms is None
        assert fake.failed_logins == 1
        assert "s3cret" not in f"{watching.events} {store.queues()}"


def test_a_key_that_is_put_right_is_tried(tmp_path: Path) -> None:
    """The file is looked at, and a changed key gets its one try."""
    file = tmp_path / "key"
    file.write_text("wrong")
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake, settings=settings_of(fake, key=file)) as watching:
            until(lambda: watching.of(QueueFailed) != [])
            os.utime(file)  # touched, and the same
            until(lambda: status_of(store).state == "refused")
            file.write_text(fake.key)
            watching.until_connected()
            until(lambda: status_of(store).state == "connected")
        assert fake.failed_logins == 1


def test_a_key_file_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """It is named, and read when it is there."""
    file = tmp_path / "key"
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
        QueueWatching(store, fake, settings=settings_of(fake, key=file)) as watching,
    ):
        until(lambda: watching.of(QueueFailed) != [])
        assert str(file) in str(watching.of(QueueFailed)[0].error)
        assert fake.connections_opened == 0
        file.write_text(fake.key)
        watching.until_connected()


def test_a_ban_is_waited_out(tmp_path: Path) -> None:
    """Nothing is tried before its end, which is known and told; then all is read."""
    with (
        FakeProxy(tmp_path / "logs", retention_s=3600) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.ban(600)
        fake.request()
        with QueueWatching(store, fake) as watching:
            until(lambda: watching.of(QueueFailed) != [])
            (failed,) = watching.of(QueueFailed)
            assert isinstance(failed.error, QueueBanned)
            until(lambda: status_of(store).state == "banned")
            banned_until = status_of(store).banned_until
            assert banned_until is not None
            assert abs(banned_until - fake.clock.now_ms() - 600_000) < 20_000
            opened = fake.connections_opened
            fake.clock.advance(500)
            until(lambda: watching.of(CaughtUp) != [])
            assert fake.connections_opened == opened
            fake.clock.advance(200)
            until_counted(store, 1)
        assert fake.failed_logins == 0


def test_a_proxy_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """It is said once; when the proxy comes its records are taken."""
    fake = FakeProxy(tmp_path / "logs").start()
    fake.stop()
    with open_queue_store(tmp_path / "data", fake) as store, QueueWatching(store, fake) as watching:
        until(lambda: watching.of(QueueFailed) != [])
        (failed,) = watching.of(QueueFailed)
        assert isinstance(failed.error, QueueUnreachable)
        assert failed.retry_in_ms is not None
        until(lambda: status_of(store).state == "unreachable")
        with fake:
            fake.request()
            until_counted(store, 1)
            watching.until_connected()
        assert gaps_of(store) == []


def test_one_process_at_a_time_reads(tmp_path: Path) -> None:
    """D52: the second stands by and takes over where the first stopped: all once, no gap."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
        open_queue_store(tmp_path / "data", fake) as other,
    ):
        first, second = QueueWatching(store, fake), QueueWatching(other, fake)
        with first:
            first.until_connected()
            with second:
                until(lambda: second.of(QueueStandingBy) != [])
                for _ in range(5):
                    fake.request()
                until_counted(store, 5)
                assert second.of(QueueConnected) == []
                first.stop.set()
                first.join()
                second.until_connected()
                fake.request()
                until_counted(other, 6)
        assert fake.truth.expected(log=False).differences(store.get_usage_stats()) == []
        assert gaps_of(store) == []


def test_a_second_consumer_of_another_store_changes_nothing(tmp_path: Path) -> None:
    """2b.8: beside another subscriber each of us gets every record."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "one", fake) as store,
        open_queue_store(tmp_path / "two", fake) as other,
        QueueWatching(store, fake) as first,
        QueueWatching(other, fake) as second,
    ):
        first.until_connected()
        second.until_connected()
        fake.random_traffic(5, 40)
        fake.settle()
        expected = fake.truth.expected(log=False)
        until(lambda: not expected.differences(store.get_usage_stats()))
        until(lambda: not expected.differences(other.get_usage_stats()))


@pytest.mark.parametrize("version", ["6.9.38", "7.1.17", "7.2.140"])
def test_once_takes_what_waits_and_ends(tmp_path: Path, version: str) -> None:
    """`watch --once` pops the backlog, subscribes to nothing, and leaves no gap behind."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        for round_ in (1, 2):
            for _ in range(3):
                fake.request()
            fake.settle()
            watching = QueueWatching(store, fake, fake.log.main, once=True).to_its_end()
            assert watching.error is None
            assert watching.of(QueueConnected)[0].waiting == 3
            assert store.get_usage_stats().total_requests == 3 * round_
        assert (fake.seen["SUBSCRIBE"], gaps_of(store)) == (0, [])
        assert fake.truth.expected().differences(store.get_usage_stats()) == []


def test_once_fails_where_the_queue_cannot_be_read(tmp_path: Path) -> None:
    """A script learns of it; what the log tells is recorded all the same."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        settings = settings_of(fake, key="wrong")
        watching = QueueWatching(store, fake, fake.log.main, once=True, settings=settings)
        watching.to_its_end()
        assert isinstance(watching.error, QueueRefused)
        assert store.get_usage_stats().total_requests == 1
        assert fake.failed_logins == 1


def test_a_request_of_both_sources_is_told_and_counted_once(tmp_path: Path) -> None:
    """Whichever comes first, the other adds to it and is not shown again."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake, fake.log.main) as watching:
            watching.until_connected()
            fake.random_traffic(7, 60, only=["plain", "retried"])
            fake.settle()
            expected = fake.truth.expected()
            until(lambda: not expected.differences(store.get_usage_stats()))
            total = store.get_usage_stats().total_requests
            until(lambda: sum(len(e.requests) for e in watching.of(Recorded)) >= total)
        told = [r.request_id for event in watching.of(Recorded) for r in event.requests]
        assert len(told) == total
        assert len(set(told)) == total


def test_without_a_log_the_queue_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no log is configured, requests are counted from the queue, and that is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        FakeProxy(tmp_path / "elsewhere") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        with QueueWatching(store, fake, finds_log=True) as watching:
            watching.until_connected()
            fake.request()
            until_counted(store, 1)
        assert any("no log is found" in note.text for note in watching.of(Note))
