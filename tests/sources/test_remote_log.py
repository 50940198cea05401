"""A log read over HTTP: every request once, whatever becomes of the log, the proxy and us."""

import contextlib
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from log_reading import Reader
from proxypal.errors import StorageFull
from proxypal.sources.management_log import Page
from proxypal.sources.remote_log import LogReadElsewhere, Tail
from proxypal.store import Store
from proxypal.store.values import SourceBatch, SourceOutcome
from queue_runs import open_queue_store
from remote_runs import RemoteReader, differences

VERSIONS = ["6.4.0", "7.1.17", "7.2.140", "8"]
"""Before `limit`, before cursors, with cursors, and under another path too."""


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_is_counted_once_over_rotations_and_restarts(
    tmp_path: Path, version: str
) -> None:
    """What was there, what comes, over rotated files, restarts of the proxy and of ourselves."""
    with (
        FakeProxy(tmp_path / "logs", version=version, seed=3) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.random_traffic(1, 30)
        reader = RemoteReader(fake, store)
        for step in range(8):
            fake.random_traffic(10 + step, 15)
            fake.settle()
            reader.read(times=2)
            assert differences(fake, store) == []
            if step % 3 == 0:
                fake.log.rotate()
            if step % 3 == 1:
                reader = RemoteReader(fake, store)
            if step == 5:
                fake.restart()
        assert store.gaps() == []
        assert reader.notices == []


@pytest.mark.parametrize("version", VERSIONS)
def test_lines_written_between_the_lines_and_their_cursor_are_counted(
    tmp_path: Path, version: str
) -> None:
    """The proxy's own answer has a seam: what is written in it is in neither lines nor cursor."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):

        def one_more() -> None:
            fake.request()
            fake.settle()

        one_more()
        fake.log_endpoint.between = one_more
        reader = RemoteReader(fake, store)
        reader.read()
        fake.log_endpoint.between = lambda: None
        reader.read(times=2)
        assert differences(fake, store) == []


@pytest.mark.parametrize("version", ["6.4.0", "7.1.17", "7.2.140"])
@pytest.mark.parametrize("cut", [1, 25, 50, 75, 105, 115, 122])
def test_an_unfinished_line_waits_for_its_end(tmp_path: Path, version: str, cut: int) -> None:
    """Before cursors a line cut in the middle is sent like a whole one: it is not believed."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        line = fake.log.main.read_bytes().splitlines(keepends=True)[-1]
        reader = RemoteReader(fake, store)
        reader.read(times=2)
        fake.request()
        fake.settle()
        fake.log_endpoint.unfinished = line[:cut]
        reader.read()
        fake.log_endpoint.unfinished = b""
        fake.log.append(line)
        reader.read(times=2)
        assert store.get_usage_stats().total_requests == 3
        assert [one for reading in reader.readings for one in reading.rejected] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_line_of_the_future_blinds_nobody(tmp_path: Path, version: str) -> None:
    """A forged line of 2099 is the newest the proxy knows; what comes after it still counts."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.log.append(b"[2099-01-01 00:00:00] [--------] [info ] [x.go:1] forged\n")
        fake.request()
        fake.settle()
        reader = RemoteReader(fake, store)
        reader.read(times=2)
        fake.request()
        fake.settle()
        reader.read(times=2)
        RemoteReader(fake, store).read(times=2)
        assert differences(fake, store) == []


def test_the_zone_is_learnt_from_the_proxy(tmp_path: Path) -> None:
    """A container in Shanghai, with a forged line in its log: its requests are of now."""
    with (
        FakeProxy(tmp_path / "logs", zone="Asia/Shanghai") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.log.append(b"[2099-01-01 00:00:00] [--------] [info ] [x.go:1] forged\n")
        sent = fake.request()
        fake.settle()
        reader = RemoteReader(fake, store)
        reader.read()
        (row,) = store.get_request_history().requests
        assert abs(row.timestamp - sent.request.ended_ms) <= 1_000
        assert ["UTC+08:00" in notice.text for notice in reader.notices] == [True]


def test_a_line_of_the_future_does_not_turn_the_clock(tmp_path: Path) -> None:
    """A forged line from the other half of a year would make all times wrong by an hour."""
    with (
        FakeProxy(tmp_path / "logs", zone="America/New_York") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        reader = RemoteReader(fake, store)
        reader.read()
        fake.log.append(b"[2098-01-01 00:00:00] [--------] [info ] [x.go:1] forged\n")
        fake.log.append(b"[2099-07-01 00:00:00] [--------] [info ] [x.go:1] forged\n")
        fake.clock.advance(3600)
        sent = fake.request()
        fake.settle()
        reader.read(times=2)
        (row,) = store.get_request_history().requests
        assert abs(row.timestamp - sent.request.ended_ms) <= 1_000


def test_a_cleared_log_is_a_gap_only_if_nobody_looked(tmp_path: Path) -> None:
    """Cleared while it is read, nothing is lost; cleared while we were away, maybe something."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        reader = RemoteReader(fake, store)
        reader.read()
        fake.clock.advance(5)
        fake.log.truncate()
        fake.request()
        fake.settle()
        reader.read(times=2)
        assert store.gaps() == []
        fake.clock.advance(300)
        fake.log.truncate(keeping_the_offset=True)
        fake.request()
        fake.settle()
        RemoteReader(fake, store).read(times=2)
        assert [gap.reason for gap in store.gaps()] == [
            "the proxy's log went on without us and no longer holds what came next"
        ]
        assert differences(fake, store) == []


def test_an_older_log_put_back_counts_nothing_twice(tmp_path: Path) -> None:
    """The proxy's folder is restored from a copy: only requests after those counted are new."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        copy = fake.log.main.read_bytes()
        fake.clock.advance(60)
        fake.request()
        fake.settle()
        RemoteReader(fake, store).read()
        fake.log.close()
        fake.log.main.write_bytes(copy)
        reader = RemoteReader(fake, store)
        reader.read()
        assert "only newer requests are counted" in reader.notices[0].text
        fake.clock.advance(60)
        fake.request()
        fake.settle()
        reader.read(times=2)
        assert store.get_usage_stats().total_requests == 3


def test_from_the_file_to_http_and_back(tmp_path: Path) -> None:
    """The same log as a file, then over HTTP, then as a file: one position, each request once."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        for reader in (
            Reader(fake.log.main, store),
            RemoteReader(fake, store),
            Reader(fake.log.main, store),
            RemoteReader(fake, store),
        ):
            fake.random_traffic(5, 12)
            fake.settle()
            reader.read()
            assert differences(fake, store) == []
        assert len(store.positions().rows) == 1


def test_a_log_that_somebody_reads_as_a_file_is_left_alone(tmp_path: Path) -> None:
    """Found by its content; nothing of it is read over HTTP as well."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        Reader(fake.log.main, store).read()
        fake.request()
        fake.settle()
        with pytest.raises(LogReadElsewhere, match="log:/"):
            RemoteReader(fake, store, is_read_elsewhere=lambda _: True).read()
        assert store.get_usage_stats().total_requests == 1


class Overtaken:
    """A proxy whose log is read as a file by somebody who is faster than our questions."""

    def __init__(self, fake: FakeProxy, store: Store, tail: Tail) -> None:
        self.follow = tail.follow
        self._fake, self._file, self._tail = fake, Reader(fake.log.main, store), tail

    def tail(self, limit: int, mark: str = "") -> Page:
        """The newest lines; when they come the other one has read more."""
        page = self._tail.tail(limit, mark)
        self._fake.request()
        self._fake.settle()
        self._file.read()
        return page


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("is_known_to_be_read", [True, False])
def test_a_faster_reader_of_the_file_is_noticed(
    tmp_path: Path, version: str, *, is_known_to_be_read: bool
) -> None:
    """He stands behind the lines we were sent: still it is his log, and nothing counts twice."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        Reader(fake.log.main, store).read()
        reader = RemoteReader(fake, store, is_read_elsewhere=lambda _: is_known_to_be_read)
        calm = reader.tail
        reader.tail = Overtaken(fake, store, calm)
        with contextlib.suppress(LogReadElsewhere):
            reader.read()
        reader.tail = calm
        with contextlib.suppress(LogReadElsewhere):
            reader.read(times=2)
        Reader(fake.log.main, store).read()
        assert differences(fake, store) == []


class FullAtTimes:
    """A store whose disk is full every other time."""

    def __init__(self, store: Store) -> None:
        self.positions = store.positions
        self._store, self._calls = store, 0

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """Refuse, then take."""
        self._calls += 1
        if self._calls % 2:
            raise StorageFull(self._store.path)
        return self._store.record_batch(batch)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_full_disk_loses_and_doubles_nothing(tmp_path: Path, version: str) -> None:
    """The proxy keeps its log: what was not taken is read again."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        reader = RemoteReader(fake, FullAtTimes(store))  # type: ignore[arg-type]  # has what reading needs
        for step in range(6):
            fake.random_traffic(step, 5)
            fake.settle()
            for _ in range(4):
                try:
                    reader.read()
                except StorageFull:
                    continue
        assert differences(fake, store) == []


def test_nothing_is_written_while_nothing_happens(tmp_path: Path) -> None:
    """Our own questions stand in the log; they are no reason to touch the store."""
    with (
        FakeProxy(tmp_path / "logs") as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):
        fake.request()
        fake.settle()
        reader = RemoteReader(fake, store)
        reader.read()
        before = store.sequence()
        reader.read(times=20)
        assert store.sequence() == before
