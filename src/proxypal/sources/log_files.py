"""The files of one proxy log: which they are, in which order, and their bytes.

CLIProxyAPI writes `main.log`; at 10 MiB it renames it to `main-YYYY-MM-DDTHH-MM-SS.mmm.log` (that
time is UTC) and starts a new one; logrotate makes `main.log.1`, `main.log-YYYYMMDD` and `.gz`.
Beside them lie request dumps (`v1-messages-….log`, `error-….log`) with whole bodies: never read.
Must not enter: what the lines mean, and how far they were read.
"""

import errno
import gzip
import heapq
import os
import re
import stat
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from proxypal.errors import UnreadableInput

LIVE_NAME = "main.log"

_GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 1 << 20
_ROTATED = re.compile(
    r"main-(?P<stamp>.+)\.log(?:\.gz)?"
    r"|main\.log\.(?P<number>\d{1,9})(?:\.gz)?"
    r"|main\.log(?:-(?P<date>\d{8}).*)?\.gz"
    r"|main\.log-(?P<day>\d{8})(?:-\d+)?"
)
_DUMP = re.compile(r"error-.*\.log|.+-\d{4}-\d\d-\d\dT\d{6}-[0-9a-f]{8}\.log")
_GZIP_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


class LogFile(NamedTuple):
    """One file of a log. A rotated one is not written any more."""

    path: Path
    is_rotated: bool


class Signature(NamedTuple):
    """What changes when a file is written, replaced or moved."""

    device: int
    inode: int
    size_bytes: int
    changed_ns: int


def signature_of(path: Path) -> Signature | None:
    """The signature of the file or directory there now; None if there is none."""
    try:
        return _signature(path.stat())
    except OSError:
        return None


def size_bytes_of(path: Path) -> int:
    """The size of the file there now; 0 if there is none."""
    found = signature_of(path)
    return found.size_bytes if found else 0


def _signature(found: os.stat_result) -> Signature:
    return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # not ours to look into
        return False


class LogSet:
    """The log a path stands for: `main.log` with what was rotated away from it, or one file."""

    def __init__(self, path: Path) -> None:
        """A directory means its `main.log`; the files need not be there yet.

        Raises:
            UnreadableInput: the path is a request dump of the proxy, not its log.
        """
        if _is_directory(path):
            path = path / LIVE_NAME
        if _DUMP.fullmatch(path.name):
            raise UnreadableInput(path, "a dump of whole requests, not the proxy's log (main.log)")
        self.path = path
        self.directory = path.parent
        self._is_one_file = path.name != LIVE_NAME
        named = path if self._is_one_file else self.directory
        # A name that is not UTF-8 must still fit into a database text.
        real = os.fsencode(os.path.realpath(named)).decode("utf-8", "backslashreplace")
        self.source = f"log:{real}"

    @property
    def live(self) -> LogFile:
        """The file that still grows."""
        return LogFile(self.path, is_rotated=bool(_ROTATED.fullmatch(self.path.name)))

    def rotated(self) -> list[LogFile]:
        """The rotated files there are now, oldest first."""
        if self._is_one_file:
            return []
        try:
            paths = [Path(entry.path) for entry in os.scandir(self.directory) if entry.is_file()]
        except OSError:
            return []
        return [LogFile(path, is_rotated=True) for path in _in_true_order(paths)]

    def exists(self) -> bool:
        """Whether there is anything to read."""
        return signature_of(self.path) is not None or bool(self.rotated())


def _in_true_order(paths: list[Path]) -> list[Path]:
    """Stamped files by the time in their name, numbered ones by falling number.

    Where both kinds lie together, they are merged by when they were written.
    """
    stamped: list[tuple[float, Path]] = []
    numbered: list[tuple[int, float, Path]] = []
    for path in paths:
        found = _ROTATED.fullmatch(path.name)
        if not found:
            continue
        if found["number"]:
            numbered.append((-int(found["number"]), _written_s(path), path))
        else:
            stamp = found["stamp"] or found["date"] or found["day"] or ""
            stamped.append((_stamp_s(stamp) or _written_s(path), path))
    by_number = [(written, path) for _, written, path in sorted(numbered)]
    return [path for _, path in heapq.merge(sorted(stamped), by_number, key=lambda item: item[0])]


def _stamp_s(stamp: str) -> float | None:
    for layout in ("%Y-%m-%dT%H-%M-%S.%f", "%Y%m%d"):
        try:
            return datetime.strptime(stamp, layout).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _written_s(path: Path) -> float:
    found = signature_of(path)
    return found.changed_ns / 1e9 if found else 0.0


class OpenLog:
    """The content of an open log file: unpacked, and counted from behind its leading NULs.

    On Windows an open file cannot be renamed, so it should not stay open longer than needed.
    """

    def __init__(self, path: Path) -> None:
        """Open the file for reading.

        Raises:
            OSError: there is none, or it cannot be read.
        """
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        self.path = path
        self.damage: str | None = None
        self._raw = path.open("rb", buffering=0)
        self._packed: gzip.GzipFile | None = None
        self._skip = 0
        try:
            magic = self._raw.read(2)
            self._raw.seek(0)
            if magic == _GZIP_MAGIC:
                self._packed = gzip.GzipFile(fileobj=self._raw)
            self._skip = self._leading_nuls()
        except BaseException:
            self.close()
            raise

    def read_at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on; fewer where the log ends or its packing is damaged."""
        start = self._skip + offset
        if self._packed is None:
            self._raw.seek(start)
            return self._raw.read(length)
        try:
            self._packed.seek(start)
        except _GZIP_DAMAGE as error:
            self.damage = str(error)
            return b""
        return self._unpack(self._packed, length)

    def size(self) -> int:
        """Content bytes there are now; of a packed log only after unpacking it."""
        if self._packed is None:
            return os.fstat(self._raw.fileno()).st_size - self._skip
        offset = 0
        while piece := self.read_at(offset, _PIECE_BYTES):
            offset += len(piece)
        return offset

    def signature(self) -> Signature:
        """The signature of the open file, whatever its name is now."""
        return _signature(os.fstat(self._raw.fileno()))

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unpack(self, packed: gzip.GzipFile, length: int) -> bytes:
        pieces: list[bytes] = []
        try:
            while length > 0 and (piece := packed.read1(min(length, _PIECE_BYTES))):
                pieces.append(piece)
                length -= len(piece)
        except _GZIP_DAMAGE as error:
            self.damage = str(error)
        return b"".join(pieces)

    def _leading_nuls(self) -> int:
        count = 0
        while piece := self.read_at(count, _PIECE_BYTES if count else 1):
            rest = piece.lstrip(b"\0")
            count += len(piece) - len(rest)
            if rest:
                break
        return count
