"""When months are written: soon, seldom, beside everything else, and never half."""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, a_request, a_store
from month_files import month_files
from proxypal.errors import StorageFull
from proxypal.store import Store, breakdown_publishing, breakdown_writing, durable_files
from proxypal.store.breakdown_file import MonthContents, render_month
from proxypal.store.breakdown_files import path_of

JANUARY, DECEMBER = "2026-01", "2025-12"


def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for a condition that must come true by itself."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def numbers(directory: Path) -> dict[str, int]:
    """At which number each month's file was written."""
    return {month: found.published.sequence for month, found in month_files(directory).items()}


def test_a_month_follows_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that stays open has its months in files shortly after the first request."""
    monkeypatch.setattr(breakdown_publishing, "FIRST_S", 0.05)
    with a_store(tmp_path) as store:
        store.record([a_request()])
        until(path_of(tmp_path, JANUARY).exists)
        assert month_files(tmp_path)[JANUARY].requests == 1
        first = path_of(tmp_path, JANUARY).stat().st_ino
        store.record([a_request()])
        store.publish()
        time.sleep(0.3)
        assert path_of(tmp_path, JANUARY).stat().st_ino == first, "at most once a minute"
    assert month_files(tmp_path)[JANUARY].requests == 2, "and when the store is closed"


def test_it_comes_again_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is in the file after the next round, without being asked."""
    monkeypatch.setattr(breakdown_publishing, "FIRST_S", 0.02)
    monkeypatch.setattr(breakdown_publishing, "EVERY_S", 0.1)
    with a_store(tmp_path) as store:
        for count in (1, 2, 3):
            store.record([a_request()])
            until(partial(_has_requests, tmp_path, count))


def _has_requests(directory: Path, count: int) -> bool:
    return bool(numbers(directory)) and month_files(directory)[JANUARY].requests == count


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """A month in which nothing came keeps its file, to the byte."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(timestamp=NOW_MS - 20 * DAY_MS)])
    old = path_of(tmp_path, DECEMBER).stat()
    with a_store(tmp_path) as store:
        store.record([a_request()])
    assert path_of(tmp_path, DECEMBER).stat() == old
    assert numbers(tmp_path) == {DECEMBER: 2, JANUARY: 3}


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    """Opening, reading and publishing again touch no month."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    old = path_of(tmp_path, JANUARY).stat()
    with a_store(tmp_path) as store:
        store.get_usage_stats()
        store.publish()
        store.clear_request_history()
    assert path_of(tmp_path, JANUARY).stat() == old


def test_the_pair_is_never_older_than_a_month(tmp_path: Path) -> None:
    """Whoever finds a month's file finds totals that hold everything in it."""
    from builders import json_file  # noqa: PLC0415 - one test reads the pair

    with a_store(tmp_path) as store:
        for _ in range(5):
            store.record([a_request()])
            store._engine.breakdown.now()
            published = json_file(tmp_path / "aggregate.json")["published"]
            assert published["sequence"] >= numbers(tmp_path)[JANUARY]


def test_recording_goes_on_while_a_month_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a month takes, requests are recorded meanwhile; they come with the next one."""
    reading, go_on = threading.Event(), threading.Event()

    def slowly(contents: MonthContents) -> bytes:
        reading.set()
        assert go_on.wait(10)
        return render_month(contents)

    with a_store(tmp_path) as store:
        store.record([a_request()])
        monkeypatch.setattr(breakdown_writing, "render_month", slowly)
        now = store._engine.breakdown.now
        background = threading.Thread(target=now, kwargs={"is_background": True})
        background.start()
        assert reading.wait(10)
        assert store.record([a_request()] * 3).recorded == 3
        store.publish()
        go_on.set()
        background.join()
        assert month_files(tmp_path)[JANUARY].requests == 1
    assert month_files(tmp_path)[JANUARY].requests == 4


def test_closing_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is closed while a month is being written writes it itself, leaving no trace."""
    monkeypatch.setattr(breakdown_publishing, "FIRST_S", 0.0)
    for _ in range(20):
        with a_store(tmp_path) as store:
            store.record([a_request()])
            store.publish()
    assert month_files(tmp_path)[JANUARY].requests == 20
    assert [path.name for path in (tmp_path / "breakdown").iterdir()] == ["2026-01.json"]


def test_trouble_is_told_once_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a month cannot be written, everything else goes on, and it follows when it can be."""
    fails_for(monkeypatch, "2026")
    store = a_store(tmp_path)
    for _ in range(3):
        store.record([a_request()])
        store.publish()
        store._engine.breakdown.now()
    assert [warning for warning in store.warnings if "Storage full" in warning] == store.warnings
    assert len(store.warnings) == 1
    assert '"totalRequests": 3' in (tmp_path / "aggregate.json").read_text()
    assert numbers(tmp_path) == {}
    monkeypatch.undo()
    store.close()
    assert month_files(tmp_path)[JANUARY].requests == 3


def fails_for(monkeypatch: pytest.MonkeyPatch, month: str) -> None:
    """The disk has no space for this month's file."""
    stage = durable_files.stage_file

    def stage_file(path: Path, data: bytes, mark: str) -> Path:
        if path.name.startswith(month):
            raise StorageFull(path)
        return stage(path, data, mark)

    monkeypatch.setattr(durable_files, "stage_file", stage_file)


def test_one_month_that_fails_keeps_no_other_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Months that could be written are there, though another one could not."""
    with a_store(tmp_path) as store:
        fails_for(monkeypatch, DECEMBER)
        store.record([a_request(), a_request(timestamp=NOW_MS - 20 * DAY_MS)])
        store._engine.breakdown.now()
        assert list(numbers(tmp_path)) == [JANUARY]
        monkeypatch.undo()
    assert list(numbers(tmp_path)) == [DECEMBER, JANUARY]


def test_a_full_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month is not written where it would take the space that recording needs."""
    import shutil  # noqa: PLC0415 - to say how much space there is

    usage = shutil.disk_usage(tmp_path)
    with a_store(tmp_path) as store:
        store.record([a_request()])
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        store._engine.breakdown.now()
        assert numbers(tmp_path) == {}
        assert "Storage full" in store.warnings[-1]
        monkeypatch.undo()
    assert list(numbers(tmp_path)) == [JANUARY]


def test_two_processes_do_not_undo_each_other(tmp_path: Path) -> None:
    """Of two stores on one directory, the file that knows more stays."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        one.record([a_request()])
        older = one._engine.breakdown._writer.stage(JANUARY)
        other.record([a_request()])
        other._engine.breakdown.now()
        one._engine.write(
            lambda change: one._engine.breakdown._writer.place(change, [older]), changes_facts=False
        )
        assert month_files(tmp_path)[JANUARY].requests == 2
        one._engine.breakdown._writer.discard([older])
    assert [path.name for path in (tmp_path / "breakdown").iterdir()] == ["2026-01.json"]


def test_a_reset_takes_the_months_away(tmp_path: Path) -> None:
    """After a reset no file tells of what was counted before; its undo brings them back."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(timestamp=NOW_MS - 20 * DAY_MS)])
        store.publish()
        reset = store.reset_aggregate_stats()
        assert numbers(tmp_path) == {}
        store.record([a_request()])
        store.restore(reset.name)
        assert {m: found.requests for m, found in month_files(tmp_path).items()} == {
            DECEMBER: 1,
            JANUARY: 2,
        }


def test_a_file_from_before_a_reset_is_not_put_in_its_place(tmp_path: Path) -> None:
    """A month that was being written when the store was reset is thrown away."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        writer = store._engine.breakdown._writer
        staged = writer.stage(JANUARY)
        store.reset_aggregate_stats()
        store._engine.write(lambda change: writer.place(change, [staged]))
        assert numbers(tmp_path) == {}
        writer.discard([staged])


def test_a_store_opened_to_read_writes_no_month(tmp_path: Path) -> None:
    """Reading never mends a file."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    path_of(tmp_path, JANUARY).unlink()
    with Store(tmp_path, read_only=True) as reader:
        assert reader.get_usage_stats().total_requests == 1
    assert not path_of(tmp_path, JANUARY).exists()
