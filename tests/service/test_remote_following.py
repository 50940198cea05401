"""A remote log beside the usage queue: followed live, patient with the proxy and its key."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fake_proxy import FakeProxy
from log_reading import UTC
from proxypal.errors import QueueRefused, QueueUnreachable
from proxypal.service.login_memory import LoginMemory
from proxypal.service.remote_following import LogPace, RemoteLogSettings
from proxypal.service.watch_events import (
    CaughtUp,
    QueueFailed,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    WatchEvent,
)
from proxypal.service.watching import watch
from proxypal.sources.management_key import KeySource
from proxypal.sources.queue_address import parse_address
from proxypal.store import Store
from queue_runs import open_queue_store, settings_of, until_counted
from remote_runs import differences
from watch_runs import DEADLINE_S, until

QUICK = LogPace(
    busy_s=0.02,
    quiet_s=0.05,
    first_retry_s=0.02,
    last_retry_s=0.1,
    look_at_key_s=0.02,
    look_for_others_s=0.02,
)


def remote_of(fake: FakeProxy, key: str | Path = "", logins: LoginMemory | None = None) -> Any:
    file = key if isinstance(key, Path) else None
    keys = KeySource(file, {"PROXYPAL_MANAGEMENT_KEY": str(key or fake.key)})
    return RemoteLogSettings(parse_address(fake.url), keys, logins or LoginMemory(), pace=QUICK)


class Events(list[WatchEvent]):
    """What was told."""

    def of(self, kind: Any) -> list[Any]:
        """Those of one kind."""
        return [event for event in self if isinstance(event, kind)]


@contextmanager
def watching(
    store: Store, fake: FakeProxy, *paths: Path, remote: Any = None, queue: Any = None
) -> Iterator[Events]:
    """`watch` in a thread."""
    events, stop = Events(), threading.Event()
    thread = threading.Thread(
        target=watch,
        args=(store, paths),
        kwargs={
            "offset": UTC,
            "once": False,
            "stop": stop,
            "report": events.append,
            "clock": fake.clock,
            "queue": queue,
            "remote": remote or remote_of(fake),
        },
    )
    thread.start()
    try:
        yield events
    finally:
        stop.set()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs", seed=7) as proxy:
        yield proxy


@pytest.fixture
def store(tmp_path: Path, fake: FakeProxy) -> Iterator[Store]:
    with open_queue_store(tmp_path / "data", fake) as opened:
        yield opened


def test_what_comes_is_counted_live(fake: FakeProxy, store: Store) -> None:
    """Requests before and after the start, over a restart of the proxy, each told once."""
    fake.random_traffic(1, 10)
    fake.settle()
    with watching(store, fake) as events:
        until(lambda: events.of(CaughtUp) != [])
        fake.random_traffic(2, 10)
        fake.restart(downtime_s=0.1)
        fake.random_traffic(3, 10)
        fake.settle()
        until(lambda: differences(fake, store) == [])
        total = store.get_usage_stats().total_requests
        until(lambda: sum(len(e.requests) for e in events.of(Recorded)) >= total)
    assert sum(len(event.requests) for event in events.of(Recorded)) == total
    assert fake.failed_logins == 0


def test_log_and_queue_of_a_remote_proxy_meet_in_one_request(fake: FakeProxy, store: Store) -> None:
    """The line brings status and time, the record tokens: nothing is counted twice."""
    logins = LoginMemory()
    queue = settings_of(fake, logins=logins)
    with watching(store, fake, remote=remote_of(fake, logins=logins), queue=queue):
        fake.wait_subscribed()
        fake.random_traffic(5, 40, only=["plain", "retried"])
        fake.settle()
        expected = fake.truth.expected()
        until(lambda: expected.differences(store.get_usage_stats()) == [])
        until(lambda: {r.source for r in store.get_request_history().requests} == {"log+queue"})


def test_a_wrong_key_fails_once_for_log_and_queue_together(fake: FakeProxy, store: Store) -> None:
    """Five failures are a ban: what one was refused with, the other does not try."""
    logins = LoginMemory()
    queue = settings_of(fake, key="wrong-s3cret", logins=logins)
    remote = remote_of(fake, "wrong-s3cret", logins)
    with watching(store, fake, remote=remote, queue=queue) as events:
        until(lambda: events.of(CaughtUp) != [])
        opened = fake.connections_opened
        until(lambda: events.of(QueueFailed) != [])
    assert (fake.failed_logins, fake.connections_opened) == (1, opened)
    assert "s3cret" not in str(events)


def test_a_wrong_key_alone_fails_once_and_may_be_put_right(
    fake: FakeProxy, store: Store, tmp_path: Path
) -> None:
    """It is said once and not tried again until its file says another one."""
    file = tmp_path / "key"
    file.write_text("wrong-s3cret")
    with watching(store, fake, remote=remote_of(fake, file)) as events:
        until(lambda: events.of(CaughtUp) != [])
        until(lambda: events.of(RemoteLogFailed) != [])
        (failed,) = events.of(RemoteLogFailed)
        assert isinstance(failed.error, QueueRefused)
        assert failed.retry_in_ms is None
        fake.request()
        file.write_text(fake.key)
        until_counted(store, 1)
        until(lambda: events.of(RemoteLogRead) != [])
    assert fake.failed_logins == 1


def test_a_ban_is_waited_out(fake: FakeProxy, store: Store) -> None:
    """Nothing is tried before its end."""
    fake.ban(600)
    fake.request()
    with watching(store, fake) as events:
        until(lambda: events.of(CaughtUp) != [])
        opened = fake.connections_opened
        fake.clock.advance(500)
        assert fake.connections_opened == opened
        fake.clock.advance(200)
        until_counted(store, 1)
    assert fake.failed_logins == 0


def test_a_proxy_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """It is said once; what it wrote into its log meanwhile is counted when it is back."""
    fake = FakeProxy(tmp_path / "logs").start()
    fake.stop()
    with open_queue_store(tmp_path / "data", fake) as store, watching(store, fake) as events:
        until(lambda: events.of(RemoteLogFailed) != [])
        (failed,) = events.of(RemoteLogFailed)
        assert isinstance(failed.error, QueueUnreachable)
        with fake:
            fake.request()
            until_counted(store, 1)
            assert len(events.of(RemoteLogFailed)) == 1


def test_one_process_at_a_time_reads(fake: FakeProxy, store: Store, tmp_path: Path) -> None:
    """The second stands by, and takes over where the first stopped."""
    with open_queue_store(tmp_path / "data", fake) as other:
        with watching(store, fake) as first:
            until(lambda: first.of(RemoteLogRead) != [])
            with watching(other, fake) as second:
                until(lambda: second.of(RemoteLogStandingBy) != [])
                fake.request()
                until_counted(store, 1)
                assert second.of(RemoteLogRead) == []
        with watching(other, fake) as second:
            fake.request()
            until_counted(other, 2)
    assert differences(fake, store) == []


def test_the_same_log_as_a_file_is_not_read_over_http_too(fake: FakeProxy, store: Store) -> None:
    """Both were asked for by mistake: it is read as the file, which is said, and counted once."""
    fake.random_traffic(1, 10)
    fake.settle()
    with watching(store, fake, fake.log.main) as events:
        until(lambda: events.of(RemoteLogStandingBy) != [])
        fake.random_traffic(2, 10)
        fake.settle()
        until(lambda: differences(fake, store) == [])
        assert events.of(RemoteLogRead) == []
        (standing_by,) = events.of(RemoteLogStandingBy)
        assert str(fake.log.main.parent) in standing_by.path


def test_once_reads_what_is_there_and_ends(fake: FakeProxy, store: Store) -> None:
    """`watch --once` over HTTP, and a refusal is raised for a script to see."""
    fake.random_traffic(1, 10)
    fake.settle()
    more: dict[str, Any] = {"offset": UTC, "once": True, "stop": threading.Event()}
    events = Events()
    watch(store, [], report=events.append, clock=fake.clock, remote=remote_of(fake), **more)
    assert differences(fake, store) == []
    with pytest.raises(QueueRefused):
        watch(store, [], report=events.append, remote=remote_of(fake, "wrong"), **more)
