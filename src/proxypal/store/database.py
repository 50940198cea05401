"""One connection to `proxypal.db`: how it is opened, locked and how its errors are told.

Contains no tables and no business logic.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from proxypal.errors import (
    CannotWrite,
    DamagedDatabase,
    StorageFull,
    StoreBusy,
    StoreError,
)
from proxypal.records.counters import EXACT

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for another; a transaction of ours takes milliseconds."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _money_add(left: str, right: str) -> str:
    return str(EXACT.add(Decimal(left), Decimal(right)))


def store_error(error: sqlite3.Error, path: Path) -> StoreError | None:
    """The error a user can act on, or None for one that is a bug of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary in _BUSY:
        return StoreBusy(path, BUSY_TIMEOUT_S)
    if primary == sqlite3.SQLITE_FULL:
        return StorageFull(path)
    if primary in _UNWRITABLE:
        return CannotWrite(path, f"{error} ({error.sqlite_errorname})")
    if primary in _DAMAGED:
        return DamagedDatabase(path, str(error))
    return None


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; bugs pass through with their own traceback."""
    try:
        yield
    except sqlite3.Error as error:
        ours = store_error(error, path)
        if ours is None:
            raise
        raise ours from error


class Database:
    """A connection that many threads may use, one at a time (the caller holds a lock)."""

    inode: tuple[int, int] | None
    """(device, inode) of the open file, to notice when another one takes its path."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open the file at `path`, made if need be; None is a database in memory."""
        self.in_memory = path is None
        self.path = path = path or Path(":memory:")
        self._name = str(path)
        self.read_only = read_only
        with translated(path):
            self.connection = self._connect()
            try:
                self._configure()
            except BaseException:
                self.connection.close()
                raise
        self.inode = self._inode_now()

    def _connect(self) -> sqlite3.Connection:
        if self.in_memory:
            return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if not self.read_only:
            # SQLite gives -wal and -shm the mode of the database file, so this is enough.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        mode = "ro" if self.read_only else "rw"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        if self.read_only and not os.access(self.path.parent, os.W_OK):
            # Without write permission SQLite cannot make the -shm of a cleanly closed database.
            wal = self.path.with_name(self.path.name + "-wal")
            if not wal.exists():
                uri += "&immutable=1"
        return sqlite3.connect(
            uri,
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _configure(self) -> None:
        execute = self.connection.execute
        if self.read_only:
            execute("PRAGMA query_only = ON")
            return
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA secure_delete = FAST")
        if sys.platform == "darwin":
            execute("PRAGMA fullfsync = ON")
            execute("PRAGMA checkpoint_fullfsync = ON")
        self.connection.create_function("money_add", 2, _money_add, deterministic=True)

    def _inode_now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._name)  # noqa: PTH116 - twice per commit, Path.stat costs 4 x
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def is_current(self) -> bool:
        """Whether the file at our path is still the one we have open."""
        return self._inode_now() == self.inode

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, durably, or nothing; a failed commit is rolled back."""
        with translated(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self.connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Reads inside see one moment."""
        with translated(self.path):
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """Write a whole copy, also when our own file has been deleted under us."""
        with translated(path):
            self.connection.execute("VACUUM INTO ?", (str(path),))
        path.chmod(0o600)

    def close(self) -> None:
        """Close the connection; the last one to close folds the WAL into the database."""
        with translated(self.path):
            self.connection.close()


def looks_truncated(path: Path) -> bool:
    """Whether the file is shorter than its own header says (SQLite file format, 1.3).

    Only meaningful while no WAL exists, when the header's page count is current.
    """
    with path.open("rb") as file:
        header = file.read(32)
        size = os.fstat(file.fileno()).st_size
    if len(header) < 32:
        return True
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(header[28:32], "big")
    return size < page_size * pages
