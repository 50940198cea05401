import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import access_line, entry_line, log_of, model_line
from proxy_log import ProxyLog, assert_counted_once, counted_ids, later_clock, request_lines
from proxypal.errors import StorageFull
from proxypal.records.labels import zone_offset
from proxypal.sources import log_chunks
from proxypal.sources.log_batches import Notice, Reading
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.store import Store
from proxypal.store.protocol import Positions, SourceBatch, SourceOutcome

UTC = zone_offset(ZoneInfo("UTC"))


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", history_limit=100_000, zone="UTC", clock=later_clock) as opened:
        yield opened


class Reader:
    """A `LogReader` and everything it has said."""

    def __init__(self, log: ProxyLog | Path, store: Store, *, is_complete: bool = False) -> None:
        path = log if isinstance(log, Path) else log.directory
        self.reader = LogReader(
            LogSet(path), store, UTC, clock=later_clock, is_complete=is_complete
        )
        self.readings: list[Reading] = []
        self.notices: list[Notice] = []

    def read(self, sweeps: int = 1) -> int:
        """Sweep; how many batches came of it."""
        before = len(self.readings)
        for _ in range(sweeps):
            for found in self.reader.sweep():
                if isinstance(found, Reading):
                    self.readings.append(found)
                else:
                    self.notices.append(found)
        return len(self.readings) - before


def test_a_backlog_is_read_in_order_with_all_rotated_files(log: ProxyLog, store: Store) -> None:
    """What was logged before the first start counts, rotated and packed files included."""
    for place in range(4):
        log.write(3)
        rotated = log.rotate()
        if place % 2:
            log.pack(rotated)
    log.write(2)
    reader = Reader(log, store)
    reader.read()
    assert_counted_once(store, log.truth)
    assert [r.request_id for one in reader.readings for r in one.batch.requests] == log.truth


def test_a_second_start_counts_nothing_again(log: ProxyLog, store: Store) -> None:
    """D12: reading goes on where it stopped, not at the end and not at the beginning."""
    log.write(5)
    Reader(log, store).read()
    log.write(4)
    Reader(log, store).read()
    assert Reader(log, store).read(2) == 0
    assert_counted_once(store, log.truth)


def test_requests_logged_while_nobody_watched_are_counted(log: ProxyLog, store: Store) -> None:
    """D12: off for a week with three rotations loses nothing, and no gap is reported."""
    log.write(3)
    Reader(log, store).read()
    for _ in range(3):
        log.write(4)
        log.rotate()
    log.write(1)
    Reader(log, store).read(3)
    assert_counted_once(store, log.truth)
    assert store.gaps() == []


def test_a_rotation_between_two_looks_is_followed(log: ProxyLog, store: Store) -> None:
    """D13: after a rename the rest of the old file and all of the new one count, once."""
    reader = Reader(log, store)
    log.write(3)
    reader.read()
    log.write(2)
    log.rotate()
    log.write(3)
    reader.read()
    reader.read()
    assert_counted_once(store, log.truth)


def test_a_truncated_log_starts_anew(log: ProxyLog, store: Store) -> None:
    """D13: a log emptied in place is read from its beginning, even when it is longer again."""
    reader = Reader(log, store)
    log.write(2)
    reader.read()
    log.truncate()
    reader.read()
    log.write(5)
    reader.read(2)
    assert_counted_once(store, log.truth)
    assert store.gaps() == []


def test_copytruncate_is_followed(log: ProxyLog, store: Store) -> None:
    """D13: what was written before logrotate copied the log is found in the copy."""
    reader = Reader(log, store)
    log.write(3)
    reader.read()
    log.write(2)
    log.copytruncate()
    log.write(2)
    reader.read(2)
    assert_counted_once(store, log.truth)


def test_a_copy_in_the_making_is_not_an_older_log(log: ProxyLog, store: Store) -> None:
    """While copytruncate or gzip is at work the half-made copy beside the log changes nothing."""
    reader = Reader(log, store)
    log.write(30)
    reader.read()
    half = log.main.read_bytes()[:3000]
    copy = log.directory / "main.log.1"
    copy.write_bytes(half)
    packed = log.directory / "main.log.2.gz"
    packed.write_bytes(gzip.compress(log.main.read_bytes())[:-40])
    log.write(3)
    reader.read(3)
    assert_counted_once(store, log.truth)
    assert [notice for notice in reader.notices if "earlier copy" in notice.text] == []
    shutil.copyfile(log.main, copy)
    packed.unlink()
    log.truncate()
    log.write(2)
    reader.read(3)
    assert_counted_once(store, log.truth)


def test_a_deleted_and_recreated_log_is_read(log: ProxyLog, store: Store) -> None:
    """A log that is deleted and written anew counts from its beginning."""
    reader = Reader(log, store)
    log.write(2)
    reader.read()
    log.main.unlink()
    reader.read()
    log.write(2)
    reader.read(2)
    assert_counted_once(store, log.truth)


def test_a_log_that_is_not_there_yet_is_no_error(log: ProxyLog, store: Store) -> None:
    """Reading may begin before the proxy has written its first line."""
    reader = Reader(log, store)
    assert reader.read() == 0
    log.main.touch()
    assert reader.read() == 0
    log.write(1)
    reader.read()
    assert_counted_once(store, log.truth)


def test_half_a_line_waits_for_its_end(log: ProxyLog, store: Store) -> None:
    """A request is counted when its line is whole, however it arrives."""
    reader = Reader(log, store)
    line = request_lines([7])
    for cut in range(0, len(line), 37):
        log.append(line[cut : cut + 37])
        reader.read()
    assert counted_ids(store) == ["00000007"]
    assert [request.model for request in store.get_request_history().requests] == [
        "claude-sonnet-4-5"
    ]


def test_a_restart_in_the_middle_of_a_line_loses_nothing(log: ProxyLog, store: Store) -> None:
    """The position never passes an unfinished line."""
    line = request_lines([7, 8])
    log.append(line[:-10])
    Reader(log, store).read()
    log.append(line[-10:])
    Reader(log, store).read()
    assert counted_ids(store) == ["00000007", "00000008"]


def test_nuls_after_clear_logs_are_passed(log: ProxyLog, store: Store) -> None:
    """The hole that the proxy's "clear logs" leaves hides nothing, twice in a row as well."""
    reader = Reader(log, store)
    log.write(20)
    reader.read()
    for numbers in ([900_001], [900_002, 900_003]):
        log.clear_keeping_the_offset(request_lines(numbers))
        log.truth += [f"{number:08x}" for number in numbers]
        reader.read(2)
    log.write(2)
    Reader(log, store).read(2)
    assert_counted_once(store, log.truth)


def test_a_packed_rotated_file_is_the_same_log(log: ProxyLog, store: Store) -> None:
    """A rotated file that is gzipped after it was read in part is read on, not read again."""
    log.write(5)
    Reader(log, store).read()
    log.write(5)
    log.pack(log.rotate())
    log.write(1)
    reader = Reader(log, store)
    reader.read(3)
    assert_counted_once(store, log.truth)
    assert store.gaps() == []


def test_a_renamed_directory_goes_on(log: ProxyLog, store: Store) -> None:
    """A log is known by its content: moving its directory counts nothing twice."""
    log.write(5)
    Reader(log, store).read()
    moved = log.directory.rename(log.directory.with_name("elsewhere"))
    with (moved / "main.log").open("ab") as file:
        file.write(request_lines([800_001]))
    Reader(moved, store).read(2)
    assert_counted_once(store, [*log.truth, f"{800_001:08x}"])


def test_an_older_copy_put_back_counts_only_what_is_new(log: ProxyLog, store: Store) -> None:
    """Restoring an old main.log counts nothing twice; what the proxy adds to it counts."""
    log.write(5)
    old = log.main.read_bytes()
    log.write(5)
    reader = Reader(log, store)
    reader.read()
    log.main.write_bytes(old)
    log.write(3)
    reader.read(3)
    Reader(log, store).read(2)
    log.write(2)
    Reader(log, store).read(2)
    assert_counted_once(store, log.truth)
    assert ["earlier copy" in notice.text for notice in reader.notices] == [True]
    assert store.gaps() == []


def test_the_original_may_come_back_after_an_older_copy(log: ProxyLog, store: Store) -> None:
    """Old copy, then the original again: each request still counts once."""
    log.write(5)
    old = log.main.read_bytes()
    log.write(5)
    new = log.main.read_bytes()
    for content in (new, old, new, old, new):
        log.main.write_bytes(content)
        Reader(log, store).read(2)
    log.write(1)
    Reader(log, store).read(2)
    assert_counted_once(store, log.truth)


def test_a_backup_beside_the_log_counts_nothing(log: ProxyLog, store: Store) -> None:
    """A copy somebody keeps as main-backup.log neither counts nor disturbs the live log."""
    log.write(5)
    shutil.copyfile(log.main, log.directory / "main-backup.log")
    log.write(5)
    reader = Reader(log, store)
    reader.read(3)
    log.write(2)
    reader.read(3)
    Reader(log, store).read(2)
    assert_counted_once(store, log.truth)


def test_request_dumps_are_never_read(log: ProxyLog, store: Store) -> None:
    """Files with whole request bodies lie beside the log and stay unread."""
    log.write(1)
    for name in ("v1-messages-2026-08-22T223903-a1b2c3d4.log", "error-v1-messages-1.log"):
        (log.directory / name).write_bytes(request_lines([600_000]))
    Reader(log, store).read()
    assert_counted_once(store, log.truth)


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


def test_a_model_named_before_the_restart_is_remembered(log: ProxyLog, store: Store) -> None:
    """A request in flight while proxypal restarts keeps the model its debug line named."""
    log.append(log_of(model_line("claude-opus-4-5", request_id="0000abcd")))
    Reader(log, store).read()
    log.append(log_of(access_line(request_id="0000abcd")))
    Reader(log, store).read()
    (request,) = store.get_request_history().requests
    assert request.model == "claude-opus-4-5"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_model_named_before_the_rotation_is_remembered(
    log: ProxyLog, store: Store, *, restarts: bool
) -> None:
    """A request in flight while the log rotates keeps its model, with or without a restart."""
    reader = Reader(log, store)
    log.append(log_of(model_line("claude-opus-4-5", request_id="0000abcd")))
    reader.read()
    log.rotate()
    log.append(log_of(access_line(request_id="0000abcd")))
    (Reader(log, store) if restarts else reader).read()
    (request,) = store.get_request_history().requests
    assert request.model == "claude-opus-4-5"


def test_lines_without_requests_move_the_position(log: ProxyLog, store: Store) -> None:
    """Noise is passed for good: it is not read again and again."""
    log.append(log_of(*[entry_line(f"noise {number}") for number in range(50)]))
    reader = Reader(log, store)
    assert reader.read() == 1
    assert reader.read() == 0
    assert Reader(log, store).read() == 0


def test_a_rejected_line_is_named_by_its_number_in_the_log(log: ProxyLog, store: Store) -> None:
    """A bad line is reported with its place in the whole file, after a restart as well."""
    reader = Reader(log, store)
    log.write(3)
    reader.read()
    log.append(log_of(access_line(latency="soon")))
    reader = Reader(log, store)
    reader.read()
    assert [line.line for one in reader.readings for line in one.rejected] == [7]


def test_fifty_equal_requests_in_one_second_are_fifty(log: ProxyLog, store: Store) -> None:
    """D16: nothing is dropped for looking like the line before it."""
    log.append(log_of(*[access_line(layout="A")] * 50))
    Reader(log, store).read()
    assert store.get_usage_stats().total_requests == 50


def test_a_burst_counts_whole(log: ProxyLog, store: Store) -> None:
    """D17: of a burst of 100 requests none is lost."""
    reader = Reader(log, store)
    log.write(1)
    reader.read()
    log.write(100)
    reader.read()
    assert_counted_once(store, log.truth)


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


def test_a_complete_file_counts_its_last_line_without_line_feed(
    tmp_path: Path, store: Store
) -> None:
    """A log saved from the proxy's web page often lacks the last line feed; imported, it counts."""
    path = tmp_path / "saved.txt"
    path.write_bytes(request_lines([1, 2]).rstrip(b"\n"))
    Reader(path, store, is_complete=True).read()
    assert counted_ids(store) == ["00000001", "00000002"]
    path.write_bytes(request_lines([1, 2, 3]))
    Reader(path, store, is_complete=True).read()
    assert counted_ids(store) == ["00000001", "00000002", "00000003"]


def test_a_log_imported_by_hand_is_not_counted_by_the_watcher_again(
    log: ProxyLog, tmp_path: Path, store: Store
) -> None:
    """A copy of the log and the log are one: whichever is read first, each request counts once."""
    log.write(5)
    copy = tmp_path / "copy.log"
    shutil.copyfile(log.main, copy)
    Reader(copy, store, is_complete=True).read()
    log.write(2)
    Reader(log, store).read()
    shutil.copyfile(log.main, copy)
    Reader(copy, store, is_complete=True).read()
    assert_counted_once(store, log.truth)


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
