import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from log_reading import UTC, Reader, open_store
from proxy_log import ProxyLog, assert_counted_once, counted_ids, later_clock, request_lines
from proxypal.errors import StorageFull
from proxypal.sources import log_chunks
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.store import Store
from proxypal.store.values import Positions, SourceBatch, SourceOutcome


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


class Refusing:
    """A store whose disk is full at chosen batches."""

    def __init__(self, store: Store, refused: set[int]) -> None:
        self.store = store
        self.refused = refused
        self.batches = 0

    def positions(self) -> Positions:
        """See `RequestStore`."""
        return self.store.positions()

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore`."""
        self.batches += 1
        if self.batches in self.refused:
            raise StorageFull(self.store.path)
        return self.store.record_batch(batch)


def test_a_full_disk_loses_and_doubles_nothing(
    log: ProxyLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the store takes nothing the log waits; afterwards every request is there, with model."""
    monkeypatch.setattr(log_chunks, "CHUNK_BYTES", 2000)
    log.write(30)
    log.rotate()
    log.write(30)
    reader = LogReader(LogSet(log.directory), Refusing(store, {1, 3, 4, 7}), UTC, clock=later_clock)
    for _ in range(4):
        with pytest.raises(StorageFull):
            list(reader.sweep())
        assert reader.has_news()
    list(reader.sweep())
    assert_counted_once(store, log.truth)
    models = {request.model for request in store.get_request_history().requests}
    assert models == {"claude-sonnet-4-5"}


def test_two_readers_at_once_count_once(
    log: ProxyLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions travel with facts: readers that take turns in mid-file double nothing."""
    monkeypatch.setattr(log_chunks, "CHUNK_BYTES", 1500)
    for _ in range(3):
        log.write(20)
        log.rotate()
    log.write(20)
    readers = [LogReader(LogSet(log.directory), store, UTC, clock=later_clock) for _ in range(3)]
    sweeps = [reader.sweep() for reader in readers]
    while sweeps:
        sweeps = [sweep for sweep in sweeps if next(sweep, None) is not None]
    assert_counted_once(store, log.truth)
    assert {request.model for request in store.get_request_history().requests} == {
        "claude-sonnet-4-5"
    }


def test_reading_can_stop_after_any_batch(
    log: ProxyLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping between two batches and starting again continues exactly there."""
    monkeypatch.setattr(log_chunks, "CHUNK_BYTES", 1000)
    log.write(40)
    while True:
        sweep = LogReader(LogSet(log.directory), store, UTC, clock=later_clock).sweep()
        if next(sweep, None) is None:
            break
        sweep.close()
    assert_counted_once(store, log.truth)


def test_a_log_replaced_while_it_is_read_is_recognised(
    log: ProxyLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is emptied and refilled in mid-read is not read on at the old offset."""
    monkeypatch.setattr(log_chunks, "CHUNK_BYTES", 1000)
    first = log.write(40)
    reader = Reader(log, store)
    sweep = reader.reader.sweep()
    assert next(sweep) is not None
    read_by_then = counted_ids(store)
    log.truncate()
    log.truth = []
    log.write(60)
    for _ in sweep:
        pass
    assert reader.reader.needs_another_look
    reader.read(3)
    assert read_by_then == first[: len(read_by_then)]
    assert_counted_once(store, [*read_by_then, *log.truth])


@pytest.mark.parametrize("length", [5 << 20, 9 << 20, 20 << 20])
def test_a_monstrous_line_is_passed(log: ProxyLog, store: Store, length: int) -> None:
    """A line of any length hides neither the request before it nor the one after it."""
    log.write(1)
    log.append(b"[2026-08-22 22:39:03] [--------] [error] " + b"x" * length + b"\n")
    log.write(1)
    reader = Reader(log, store)
    reader.read()
    assert_counted_once(store, log.truth)
    if length > log_chunks.MAX_LINE_BYTES:
        assert ["longer than" in line.reason for r in reader.readings for line in r.rejected] == [
            True
        ]


def test_an_unfinished_line_in_a_rotated_file_is_told(log: ProxyLog, store: Store) -> None:
    """What a crash cut off at the end of a file is not counted, and not silent either."""
    log.write(1)
    log.append(request_lines([500_000])[:-5])
    log.rotate()
    log.write(1)
    reader = Reader(log, store)
    reader.read(3)
    assert_counted_once(store, log.truth)
    assert ["unfinished line" in notice.text for notice in reader.notices] == [True]


def test_a_damaged_packed_file_is_read_as_far_as_it_goes(log: ProxyLog, store: Store) -> None:
    """A truncated gzip gives what it holds and is reported, not fatal."""
    log.write(400)
    packed = log.pack(log.rotate())
    packed.write_bytes(packed.read_bytes()[:-200])
    reader = Reader(log, store)
    reader.read(3)
    counted = counted_ids(store)
    assert counted == log.truth[: len(counted)]
    assert len(counted) > 100
    assert any("damaged" in notice.text for notice in reader.notices)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_an_unreadable_file_is_told(log: ProxyLog, store: Store) -> None:
    """A file without read permission is named, and the others are read."""
    log.write(1)
    log.rotate().chmod(0)
    log.truth = log.write(1)
    reader = Reader(log, store)
    reader.read(2)
    assert_counted_once(store, log.truth)
    assert ["cannot be read" in notice.text for notice in reader.notices] == [True]


def test_something_that_is_no_log_is_told(tmp_path: Path, store: Store) -> None:
    """A wrong file is not taken for a log without requests."""
    path = tmp_path / "notes.txt"
    path.write_text("milk\nbread\n")
    reader = Reader(path, store)
    reader.read()
    assert ["no line of a CLIProxyAPI log" in notice.text for notice in reader.notices] == [True]


def test_a_rotated_file_that_vanished_unread_is_a_gap_told_once(
    log: ProxyLog, store: Store
) -> None:
    """Requests that were deleted before anybody read them are reported, one time."""
    log.write(2)
    Reader(log, store).read()
    last_ms = store.get_request_history().requests[-1].timestamp
    log.write(5)
    log.rotate().unlink()
    log.truth = [*log.truth[:2], *log.write(1)]
    for _ in range(3):
        Reader(log, store).read(2)
    assert_counted_once(store, log.truth)
    (gap,) = store.gaps()
    first_ms = store.get_request_history().requests[-1].timestamp
    assert (gap.from_ms, gap.until_ms) == (last_ms, first_ms)


def test_a_deleted_file_that_was_read_to_its_end_is_no_gap(log: ProxyLog, store: Store) -> None:
    """The proxy deletes its oldest files; what was read of them is not missing."""
    log.write(2)
    rotated = log.rotate()
    log.write(1)
    Reader(log, store).read()
    rotated.unlink()
    Reader(log, store).read(3)
    assert store.gaps() == []
