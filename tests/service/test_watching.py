import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest

from builders import access_line, log_of
from proxy_log import ProxyLog, assert_counted_once, counted_ids, later_clock, request_lines
from proxypal.errors import CannotWrite, LogNotFound, StorageFull, StoreClosed, UnreadableInput
from proxypal.records.labels import zone_offset
from proxypal.service.watch_events import (
    CaughtUp,
    GapFound,
    LineRejected,
    Note,
    Recorded,
    StandingBy,
    StoreRecovered,
    StoreTrouble,
    Waiting,
    WatchEvent,
)
from proxypal.service.watching import watch
from proxypal.store import Store
from proxypal.store.protocol import RequestStore, SourceBatch, SourceOutcome

UTC = zone_offset(ZoneInfo("UTC"))
DEADLINE_S = 20.0
"""Far beyond anything that should take part of a second, on the busiest machine."""


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


def open_store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data", history_limit=100_000, zone="UTC", clock=later_clock)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


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


def test_once_reads_what_is_there_and_ends(log: ProxyLog, store: Store) -> None:
    """`watch --once`: the backlog in order, each request told, a summary, and done."""
    log.write(3)
    log.rotate()
    log.write(2)
    events = watch_once(store, log.directory)
    assert_counted_once(store, log.truth)
    told = [r.request_id for event in events if isinstance(event, Recorded) for r in event.requests]
    assert told == log.truth
    summary = events[-1]
    assert isinstance(summary, CaughtUp)
    assert (summary.lines, summary.requests) == (10, 5)
    (nothing,) = watch_once(store, log.directory)
    assert isinstance(nothing, CaughtUp)
    assert (nothing.lines, nothing.requests) == (0, 0)


def test_growth_is_in_the_store_within_a_second(log: ProxyLog, store: Store) -> None:
    """A request is in the totals one second after the proxy logged it, at the latest."""
    log.write(1)
    with Watching(store, log.directory) as watching:
        until(lambda: len(watching.of(CaughtUp)) == 1)
        waits_s: list[float] = []
        for _ in range(5):
            written = time.monotonic()
            log.write(1)
            until(lambda: len(counted_ids(store)) == len(log.truth))
            waits_s.append(time.monotonic() - written)
    assert min(waits_s) < 1.0
    assert sorted(waits_s)[2] < 1.0
    assert_counted_once(store, log.truth)


def test_a_rotation_is_followed_live(log: ProxyLog, store: Store) -> None:
    """D13: after a rotation the old file is read to its end, and the new one from its start."""
    with Watching(store, log.directory) as watching:
        for rotate in (log.rotate, log.copytruncate, log.rotate):
            log.write(3)
            until(lambda: len(counted_ids(store)) == len(log.truth))
            log.write(2)
            rotate()
            log.write(1)
            until(lambda: len(counted_ids(store)) == len(log.truth))
        assert watching.of(GapFound) == []
    assert_counted_once(store, log.truth)


def test_a_log_that_is_not_there_yet_is_waited_for(log: ProxyLog, store: Store) -> None:
    """D12: the proxy may start an hour after the watcher; nothing ends, nothing is missed."""
    log.directory.rmdir()
    with Watching(store, log.directory / "main.log") as watching:
        until(lambda: watching.events[:1] == [Waiting(log.main)])
        log.directory.mkdir()
        log.write(2)
        until(lambda: len(counted_ids(store)) == 2)
        assert watching.is_running
    assert len(watching.of(Waiting)) == 1
    assert_counted_once(store, log.truth)


def test_stopping_leaves_a_position_to_continue_from(log: ProxyLog, store: Store) -> None:
    """Stopped after any request and started again, everything counts once."""
    for _ in range(4):
        log.write(3)
        with Watching(store, log.directory) as watching:
            until(lambda: watching.of(Recorded) != [])
        log.write(1)
    watch_once(store, log.directory)
    assert_counted_once(store, log.truth)


def test_a_burst_is_counted_whole_while_watching(log: ProxyLog, store: Store) -> None:
    """D17: a hundred requests at once are a hundred; D16: fifty equal ones are fifty."""
    with Watching(store, log.directory) as watching:
        until(lambda: watching.of(Waiting) != [] or watching.of(CaughtUp) != [])
        log.write(100)
        log.append(log_of(*[access_line(layout="A")] * 50))
        until(lambda: store.get_usage_stats().total_requests == 150)


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
                assert two.of(Recorded) != []
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


def test_bad_lines_and_notes_are_told(log: ProxyLog, store: Store) -> None:
    """What cannot be read is reported with its place, and the rest counts."""
    log.write(1)
    log.append(log_of(access_line(latency="soon")))
    log.rotate()
    log.write(1)
    log.append(b"[half")
    log.rotate()
    log.write(1)
    events = watch_once(store, log.directory)
    (rejected,) = (event for event in events if isinstance(event, LineRejected))
    assert rejected.line == 3
    (note,) = (event for event in events if isinstance(event, Note))
    assert "unfinished line of 5 bytes" in note.text
    assert_counted_once(store, log.truth)


def test_a_gap_is_told_once(log: ProxyLog, store: Store) -> None:
    """A rotated file that was deleted unread is reported by the first run that misses it."""
    log.write(1)
    watch_once(store, log.directory)
    log.write(1)
    log.rotate().unlink()
    log.write(1)
    gaps = [[e for e in watch_once(store, log.directory) if isinstance(e, GapFound)] for _ in "12"]
    assert [len(found) for found in gaps] == [1, 0]


def test_several_logs_are_watched_together(tmp_path: Path, store: Store) -> None:
    """Two proxies' logs are read side by side; the same log named twice is read once."""
    logs = [ProxyLog(tmp_path / name) for name in ("a", "b")]
    for log in logs:
        log.write(2)
    events = watch_once(store, logs[0].directory, logs[1].main, logs[0].main)
    assert_counted_once(store, logs[0].truth + logs[1].truth)
    assert len([event for event in events if isinstance(event, CaughtUp)]) == 1


def test_standard_input_is_read_to_its_end(store: Store) -> None:
    """`cat main.log | proxypal watch -` counts and ends; the same again counts nothing."""
    for end in (300, 300, 320):
        read_end, write_end = os.pipe()
        with Watching(store, "-", stdin=read_end) as watching:
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(request_lines(range(end)))
            until(lambda watching=watching: not watching.is_running)  # type: ignore[misc]  # binds
        os.close(read_end)
        assert len(watching.of(CaughtUp)) == 1
        assert_counted_once(store, [f"{number:08x}" for number in range(end)])


def test_standard_input_is_followed_live(store: Store) -> None:
    """`docker logs -f`: each line counts when it comes, the first one too."""
    read_end, write_end = os.pipe()
    with Watching(store, "-", stdin=read_end), os.fdopen(write_end, "wb", buffering=0) as pipe:
        for number in range(3):
            pipe.write(request_lines([number]))
            until(lambda number=number: len(counted_ids(store)) == number + 1)  # type: ignore[misc]  # binds
    os.close(read_end)


def test_what_was_named_wrongly_is_said_at_once(log: ProxyLog, store: Store) -> None:
    """A missing log of `--once` and a request dump are errors, not an endless wait."""
    with pytest.raises(LogNotFound, match=r"main\.log"):
        watch_once(store, log.directory / "nothing" / "main.log")
    with pytest.raises(UnreadableInput, match="dump"):
        watch_once(store, log.directory / "v1-messages-2026-08-22T223903-a1b2c3d4.log")
