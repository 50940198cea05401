"""Reading a log in a test: a store for it, and a reader that keeps what it was told."""

from pathlib import Path
from zoneinfo import ZoneInfo

from proxy_log import ProxyLog, later_clock
from proxypal.records.labels import zone_offset
from proxypal.sources.log_batches import Notice, Reading
from proxypal.sources.log_files import LogSet
from proxypal.sources.log_reader import LogReader
from proxypal.store import Store

UTC = zone_offset(ZoneInfo("UTC"))


def open_store(directory: Path) -> Store:
    """A store that keeps every row, below `directory`."""
    return Store(directory / "data", history_limit=100_000, zone="UTC", clock=later_clock)


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
