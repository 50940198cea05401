"""The fake proxy's main.log: its layouts, its zone, its rotation and its ways of being cleared."""

import threading
from datetime import UTC, datetime, tzinfo
from io import FileIO
from pathlib import Path

from builders import Layout, access_line, entry_line
from fake_clock import FakeClock, latency_text

ROTATE_BYTES = 10_485_760


class FakeLog:
    """The log of one proxy. `main` is the file it writes to."""

    def __init__(
        self, directory: Path, clock: FakeClock, zone: tzinfo = UTC, layout: Layout = "C"
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.main = directory / "main.log"
        self.rotate_bytes = ROTATE_BYTES
        self._clock, self._zone, self._layout = clock, zone, layout
        self._file: FileIO | None = None
        self._newest_ms = 0
        self._lock = threading.RLock()

    def access(
        self,
        path: str,
        *,
        status: int,
        at_ms: int,
        duration_ms: int = 0,
        method: str = "POST",
        request_id: str = "--------",
        ip: str = "127.0.0.1",
        tail: str = "",
    ) -> None:
        """The line of a finished request; `at_ms` is when it ended."""
        self._write(
            access_line(
                path,
                layout=self._layout,
                stamp=self._stamp(at_ms),
                request_id=request_id,
                status=status,
                latency=latency_text(duration_ms),
                ip=ip,
                method=method,
                tail=tail,
            ).replace("[info ]" if self._layout != "A" else "[info]", self._level(status), 1)
        )
        self._newest_ms = max(self._newest_ms, at_ms)

    def entry(
        self,
        message: str,
        *,
        at_ms: int,
        until_ms: int | None = None,
        level: str = "info",
        request_id: str = "--------",
        code: str = "conductor_execution.go:1508",
    ) -> None:
        """Any other line. With `until_ms` it may be written later, to stand in order of time."""
        if until_ms is not None:
            at_ms = min(max(at_ms, self._newest_ms), until_ms)
        self._newest_ms = max(self._newest_ms, at_ms)
        stamp = self._stamp(at_ms)
        self._write(
            entry_line(
                message,
                layout=self._layout,
                stamp=stamp,
                request_id=request_id,
                level=level,
                code=code,
            )
        )

    def _level(self, status: int) -> str:
        warning = "warn " if self._layout == "C" else "warning"
        level = "error" if status >= 500 else warning if status >= 400 else "info"
        return f"[{level}]" if self._layout == "A" else f"[{level:5}]"

    def _stamp(self, at_ms: int) -> str:
        moment = datetime.fromtimestamp(at_ms // 1000, self._zone)
        return f"{moment:%Y-%m-%d %H:%M:%S}"

    def _write(self, line: str) -> None:
        self.append(line.encode() + b"\n")

    def append(self, data: bytes) -> None:
        """Write bytes as they are, for lines that no proxy should write."""
        with self._lock:
            if self._file is None:
                self._file = FileIO(self.main, "a")
            if self._file.tell() and self._file.tell() + len(data) > self.rotate_bytes:
                self.rotate()
                self._file = FileIO(self.main, "a")
            self._file.write(data)

    def rotate(self) -> Path:
        """Rename main.log as lumberjack does; the next line makes a new one."""
        with self._lock:
            self.close()
            moment = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
            taken = True
            while taken:
                name = f"main-{moment:%Y-%m-%dT%H-%M-%S}.{moment.microsecond // 1000:03}.log"
                taken = (rotated := self.main.with_name(name)).exists()
                moment = moment.replace(microsecond=(moment.microsecond + 1000) % 1_000_000)
            return self.main.rename(rotated)

    def truncate(self, *, keeping_the_offset: bool = False) -> None:
        """What "clear logs" does. A file the proxy itself created keeps its offset: NULs follow."""
        with self._lock:
            self.close()
            length = self.main.stat().st_size
            if keeping_the_offset:
                self._file = FileIO(self.main, "r+")
                self._file.truncate(0)
                self._file.seek(length)
            else:
                self.main.write_bytes(b"")

    def close(self) -> None:
        """Release the file, as the end of the process does."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
