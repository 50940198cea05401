import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import entry_line, log_of
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


def test_replicas_that_start_in_the_same_second_count_whole(tmp_path: Path, store: Store) -> None:
    """Two proxies whose logs begin with the same kilobyte are two logs, however they are read."""
    logs = [ProxyLog(tmp_path / name) for name in ("a", "b")]
    for log in logs:
        log.append(log_of(*[entry_line(f"starting, step {step}") for step in range(30)]))
    readers = [Reader(log, store) for log in logs]
    readers[0].read()
    for _ in range(3):
        for log, reader in zip(logs, readers, strict=True):
            log.write(3)
            reader.read()
    for log in logs:
        Reader(log, store).read(2)
    assert_counted_once(store, logs[0].truth + logs[1].truth)


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
