from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import access_line, entry_line, log_of, model_line
from log_reading import Reader, open_store
from proxy_log import ProxyLog, assert_counted_once, counted_ids, request_lines
from proxypal.store import Store


@pytest.fixture
def log(tmp_path: Path) -> ProxyLog:
    return ProxyLog(tmp_path / "logs")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


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


def test_request_dumps_are_never_read(log: ProxyLog, store: Store) -> None:
    """Files with whole request bodies lie beside the log and stay unread."""
    log.write(1)
    for name in ("v1-messages-2026-08-22T223903-a1b2c3d4.log", "error-v1-messages-1.log"):
        (log.directory / name).write_bytes(request_lines([600_000]))
    Reader(log, store).read()
    assert_counted_once(store, log.truth)


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
