"""Any history of a log against what is true of it: the promise of the reader as a whole."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_log import ProxyLog, assert_counted_once, counted_ids, later_clock
from proxypal.errors import StorageFull
from proxypal.records.labels import zone_offset
from proxypal.sources import log_chunks
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.store import Store
from proxypal.store.values import Positions, SourceBatch, SourceOutcome

UTC = zone_offset(ZoneInfo("UTC"))


class FullNowAndThen:
    """A store whose disk is full for every batch while `is_full`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_full = False

    def positions(self) -> Positions:
        """See `RequestStore`."""
        return self.store.positions()

    def record_batch(self, batch: SourceBatch) -> SourceOutcome:
        """See `RequestStore`."""
        if self.is_full:
            raise StorageFull(self.store.path)
        return self.store.record_batch(batch)


class History:
    """A log, its readers, and which requests must have been counted.

    `unread` are those that only main.log holds and that no whole sweep has seen: when it is
    emptied they are lost, for anybody.
    """

    def __init__(self, directory: Path, store: Store) -> None:
        self.log = ProxyLog(directory / "logs")
        self.store = FullNowAndThen(store)
        self.unread: list[str] = []
        self.lost: list[str] = []
        self.begun = b""
        self.rotated: list[Path] = []
        self.unread_rotated: dict[Path, list[str]] = {}
        self.kept: bytes | None = None
        self.readers = [self.new_reader(), self.new_reader()]

    def new_reader(self) -> LogReader:
        """A process starts."""
        return LogReader(LogSet(self.log.directory), self.store, UTC, clock=later_clock)

    def write(self, size: int) -> None:
        """The proxy logs so many requests."""
        self.finish_line()
        self.unread += self.log.write(size)

    def begin_line(self, size: int) -> None:
        """A request whose line is only half written yet."""
        self.finish_line()
        self.unread += self.log.write(1)
        content = self.log.main.read_bytes()
        cut = len(content) - 1 - size * 7
        self.log.main.write_bytes(content[:cut])
        self.begun = content[cut:]

    def finish_line(self) -> None:
        """The rest of it."""
        if self.begun:
            self.log.append(self.begun)
            self.begun = b""

    def sweep(self, which: int) -> None:
        """Everything there is gets read."""
        for _ in self.readers[which % 2].sweep():
            pass
        self.unread = self.unread[-1:] if self.begun else []
        self.unread_rotated.clear()

    def sweep_in_part(self, which: int) -> None:
        """Reading stops after a few batches."""
        sweep = self.readers[which % 2].sweep()
        for _ in range(which):
            next(sweep, None)
        sweep.close()

    def sweep_on_a_full_disk(self, which: int) -> None:
        """The store takes nothing."""
        self.store.is_full = True
        try:
            for _ in self.readers[which % 2].sweep():
                pass
        except StorageFull:
            pass
        finally:
            self.store.is_full = False

    def restart(self, which: int) -> None:
        """A process starts anew."""
        self.readers[which % 2] = self.new_reader()

    def rotate(self, _: int) -> None:
        """The proxy rotates."""
        self.finish_line()
        if self.log.main.exists():
            self.moved_to(self.log.rotate())

    def copytruncate(self, _: int) -> None:
        """Logrotate copies and empties."""
        self.finish_line()
        if self.log.main.exists():
            self.moved_to(self.log.copytruncate())

    def moved_to(self, path: Path) -> None:
        """What main.log held is there now."""
        self.rotated.append(path)
        self.unread_rotated[path] = self.unread
        self.unread = []

    def pack(self, _: int) -> None:
        """Logrotate compresses the oldest file."""
        for place, path in enumerate(self.rotated):
            if path.suffix != ".gz":
                packed = self.rotated[place] = self.log.pack(path)
                self.unread_rotated[packed] = self.unread_rotated.pop(path, [])
                return

    def delete_oldest(self, _: int) -> None:
        """The proxy deletes its oldest file."""
        if self.rotated:
            path = self.rotated.pop(0)
            path.unlink()
            self.lose(self.unread_rotated.pop(path, []))

    def lose(self, numbers: list[str]) -> None:
        """What was deleted is lost, unless a sweep that was cut short had come to it."""
        counted = set(counted_ids(self.store.store))
        self.lost += [number for number in numbers if number not in counted]

    def empty(self) -> None:
        """What main.log holds is gone."""
        self.lose(self.unread)
        self.unread = []
        self.begun = b""

    def truncate(self, _: int) -> None:
        """Somebody empties main.log."""
        if self.log.main.exists():
            self.empty()
            self.log.truncate()

    def recreate(self, size: int) -> None:
        """Somebody deletes it; the proxy goes on."""
        if self.log.main.exists():
            self.empty()
            self.log.main.unlink()
            self.write(size)

    def clear(self, size: int) -> None:
        """The proxy's "clear logs" leaves a hole."""
        if self.log.main.exists():
            self.empty()
            self.log.clear_keeping_the_offset(b"")
            self.write(size)

    def keep(self, which: int) -> None:
        """Somebody keeps a copy of what was read."""
        self.finish_line()
        if self.log.main.exists():
            self.sweep(which)
            self.kept = self.log.main.read_bytes()

    def put_back(self, size: int) -> None:
        """The copy is put back; the proxy goes on."""
        if self.kept is not None:
            self.empty()
            self.log.main.write_bytes(self.kept)
            self.write(size)

    def end(self) -> list[str]:
        """Let everything be read; what must have been counted then."""
        self.finish_line()
        for reader in (0, 1):
            for _ in range(3):
                self.sweep(reader)
        lost = set(self.lost)
        return [number for number in self.log.truth if number not in lost]


ACTIONS: list[Callable[[History, int], None]] = [
    History.write,
    History.write,
    History.begin_line,
    History.sweep,
    History.sweep,
    History.sweep_in_part,
    History.sweep_on_a_full_disk,
    History.restart,
    History.rotate,
    History.copytruncate,
    History.pack,
    History.delete_oldest,
    History.truncate,
    History.recreate,
    History.clear,
    History.keep,
    History.put_back,
]

histories = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(1, 4)), min_size=3, max_size=25
)


def check(actions: list[tuple[Callable[[History, int], None], int]], chunk: int) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        mock.patch.object(log_chunks, "CHUNK_BYTES", chunk),
        Store(
            Path(directory) / "data", history_limit=100_000, zone="UTC", clock=later_clock
        ) as store,
    ):
        history = History(Path(directory), store)
        for act, size in actions:
            act(history, size)
        assert_counted_once(store, history.end())


@given(histories, st.sampled_from([400, 1000, 4 << 20]))
@settings(max_examples=60)
def test_whatever_happens_to_a_log_every_request_counts_once(
    actions: list[tuple[Callable[[History, int], None], int]], chunk: int
) -> None:
    """Any order of writing, rotating, copying, emptying, restoring and restarting: exact."""
    check(actions, chunk)


@pytest.mark.torture
@given(histories, st.sampled_from([400, 1000, 4 << 20]))
@settings(max_examples=3000)
def test_thousands_of_histories_are_exact(
    actions: list[tuple[Callable[[History, int], None], int]], chunk: int
) -> None:
    """The same, three thousand times."""
    check(actions, chunk)


def test_a_short_copy_put_back_counts_only_what_is_newer() -> None:
    """Also where the log is so short that its first kilobyte went on otherwise since."""
    steps = [(History.write, 1), (History.keep, 1), (History.write, 1), (History.sweep, 1)]
    check([*steps, (History.put_back, 1)], 4 << 20)
