"""A log directory as CLIProxyAPI and the tools around it treat it, and what is true about it."""

import gzip
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from builders import access_line, log_of, model_line
from proxypal.clock import now_ms
from proxypal.store.protocol import RequestStore

START_S = 1_787_400_000
"""2026-08-22 12:00:00 UTC."""

_numbers = count(1)
_imported_ms = now_ms()


def later_clock() -> int:
    """A month after the log begins, and ticking: so that no entry lies in the future."""
    return START_S * 1000 + 30 * 86_400_000 + now_ms() - _imported_ms


def stamp(moment_s: int) -> str:
    """A UTC wall time as the log writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment_s))


def request_lines(numbers: Iterable[int], start_s: int = START_S, model: str = "") -> bytes:
    """Requests with these numbers as ids, one a second, each with its model line."""
    lines: list[str] = []
    for number in numbers:
        at, request_id = stamp(start_s + number), f"{number:08x}"
        lines.append(model_line(model or "claude-sonnet-4-5", stamp=at, request_id=request_id))
        lines.append(access_line(stamp=at, request_id=request_id))
    return log_of(*lines)


class ProxyLog:
    """A proxy that writes. `truth` are the ids of the requests it has logged."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.main = directory / "main.log"
        self.truth: list[str] = []
        self._rotations = 0

    def write(self, requests: int = 1) -> list[str]:
        """Log so many requests."""
        numbers = [next(_numbers) for _ in range(requests)]
        self.append(request_lines(numbers))
        ids = [f"{number:08x}" for number in numbers]
        self.truth += ids
        return ids

    def append(self, data: bytes) -> None:
        """Write bytes as they are."""
        with self.main.open("ab") as file:
            file.write(data)

    def rotated_name(self) -> Path:
        """The next name lumberjack would give."""
        self._rotations += 1
        hours, minutes = divmod(self._rotations, 60)
        return self.directory / f"main-2026-08-23T{hours:02d}-{minutes:02d}-00.000.log"

    def rotate(self) -> Path:
        """Rename main.log; the next write makes a new one."""
        rotated = self.rotated_name()
        self.main.rename(rotated)
        return rotated

    def copytruncate(self) -> Path:
        """Copy main.log and empty it, as logrotate does."""
        rotated = self.rotated_name()
        shutil.copyfile(self.main, rotated)
        self.truncate()
        return rotated

    def truncate(self) -> None:
        """Empty main.log in place."""
        self.main.write_bytes(b"")

    def clear_keeping_the_offset(self, then: bytes) -> None:
        """What "clear logs" does to a file the proxy created: a hole as long as the old log."""
        length = self.main.stat().st_size
        with self.main.open("r+b") as file:
            file.truncate(0)
            file.seek(length)
            file.write(then)

    @staticmethod
    def pack(path: Path) -> Path:
        """Compress a rotated file."""
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
        return packed


def counted_ids(store: RequestStore) -> list[str]:
    """The ids of every request in the history."""
    return [request.request_id or "" for request in store.get_request_history().requests]


def assert_counted_once(store: RequestStore, truth: Iterable[str]) -> None:
    """Exactly these requests are in the store, each once, in history and totals alike."""
    expected = Counter(truth)
    counted = Counter(counted_ids(store))
    assert counted == expected, f"missing {expected - counted}, too many {counted - expected}"
    assert store.get_usage_stats().total_requests == expected.total()
