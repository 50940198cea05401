import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import access_line, at, facts_of, log_of
from log_reading import open_store
from proxy_log import (
    START_S,
    ProxyLog,
    assert_counted_once,
    counted_ids,
    later_clock,
    request_lines,
)
from proxypal.errors import LogNotFound, UnreadableInput
from proxypal.records.labels import zone_offset
from proxypal.service.watch_events import (
    CaughtUp,
    CountedBefore,
    GapFound,
    LineRejected,
    Note,
    ReadingLog,
    Recorded,
    Waiting,
)
from proxypal.service.watching import watch
from proxypal.store import Store
from watch_runs import Watching, until, watch_once


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


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
    reading, nothing = watch_once(store, log.directory)
    assert reading == ReadingLog(log.main)
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
            until(lambda watching=watching: not watching.is_running)  # type: ignore[misc]  # binds it
        os.close(read_end)
        assert len(watching.of(CaughtUp)) == 1
        assert_counted_once(store, [f"{number:08x}" for number in range(end)])


def test_standard_input_is_followed_live(store: Store) -> None:
    """`docker logs -f`: each line counts when it comes, the first one too."""
    read_end, write_end = os.pipe()
    with Watching(store, "-", stdin=read_end), os.fdopen(write_end, "wb", buffering=0) as pipe:
        for number in range(3):
            pipe.write(request_lines([number]))
            until(lambda number=number: len(counted_ids(store)) == number + 1)  # type: ignore[misc]  # binds it
    os.close(read_end)


def test_what_migrated_files_counted_is_told_and_not_counted_again(
    log: ProxyLog, store: Store
) -> None:
    """Lines up to a migration's watermark were counted by the old files."""
    log.write(5)
    numbers = [int(number, 16) for number in log.truth]
    watermark_ms = (START_S + numbers[2]) * 1000
    store.import_facts(facts_of([], watermark_ms=watermark_ms), fingerprint="old", note="")
    events = watch_once(store, log.directory)
    (before,) = (event for event in events if isinstance(event, CountedBefore))
    assert (before.older, before.seen) == (3, 0)
    (recorded,) = (event for event in events if isinstance(event, Recorded))
    assert len(recorded.requests) == 2
    assert_counted_once(store, log.truth[3:])


def test_the_zone_of_the_log_is_a_setting(log: ProxyLog, store: Store) -> None:
    """A container that logs in Shanghai's time is read in Shanghai's time."""
    log.append(log_of(access_line(stamp="2026-08-23 06:39:03")))
    watch(
        store,
        [log.main],
        offset=zone_offset(ZoneInfo("Asia/Shanghai")),
        once=True,
        stop=threading.Event(),
        report=lambda _: None,
        clock=later_clock,
    )
    (request,) = store.get_request_history().requests
    assert request.timestamp == at("2026-08-22T22:39:03")


def test_what_was_named_wrongly_is_said_at_once(log: ProxyLog, store: Store) -> None:
    """A missing log of `--once` and a request dump are errors, not an endless wait."""
    with pytest.raises(LogNotFound, match=r"main\.log"):
        watch_once(store, log.directory / "nothing" / "main.log")
    with pytest.raises(UnreadableInput, match="dump"):
        watch_once(store, log.directory / "v1-messages-2026-08-22T223903-a1b2c3d4.log")
