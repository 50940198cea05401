"""One connection to `proxypal.db`: how it is opened, locked and how its errors are told.

Contains no tables and no business logic.
"""

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from proxypal.errors import (
    CannotWrite,
    DamagedDatabase,
    StorageFull,
    StoreBusy,
    StoreError,
)
from proxypal.records.counters import EXACT
from proxypal.store.durable_files import writing

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for another; a transaction of ours takes milliseconds."""

_TOUCHING = threading.Lock()
"""Held while a database file is opened, by SQLite or by us.

When a process closes any descriptor of a file, POSIX drops all locks it has on that file, also
those of SQLite's connections: another process would then fold and delete the WAL under them. So
we open the file ourselves only where no connection of this process can have it open: to create
it, and to look at it while it has no WAL.
"""

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
        # The Python module's own error about a text it was given, and about bugs of ours.
        undecodable = str(error).startswith("Could not decode to UTF-8")
        return DamagedDatabase(path, "text in it is not UTF-8") if undecodable else None
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
    except UnicodeDecodeError as error:
        # Even SQLite's message about a damage can be made of damaged text.
        raise DamagedDatabase(path, "text in it is not UTF-8") from error


def inode_of(path: str) -> tuple[int, int] | None:
    """(device, inode) of a file, None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - twice per commit, Path.stat costs 4 x
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _configure(connection: sqlite3.Connection, read_only: bool) -> None:
    execute = connection.execute
    if read_only:
        execute("PRAGMA query_only = ON")
    else:
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA secure_delete = FAST")
        if sys.platform == "darwin":
            execute("PRAGMA fullfsync = ON")
            execute("PRAGMA checkpoint_fullfsync = ON")
        connection.create_function("money_add", 2, _money_add, deterministic=True)
    execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the WAL


class Database:
    """A connection that many threads may use, one at a time (the caller holds a lock)."""

    inode: tuple[int, int] | None
    """(device, inode) of the open file, to notice when another one takes its path."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open the file at `path`, made if need be; None is a database in memory."""
        self.in_memory = path is None
        self.read_only = read_only
        self.path = path = path or Path(":memory:")
        self._name = str(path)
        self._wal_path = path.with_name(path.name + "-wal")
        self._as_it_stands: tuple[int, ...] | None = None
        with translated(path), _TOUCHING:
            try:
                self.connection = self._open(read_only)
            except sqlite3.OperationalError:
                # Without permission or space SQLite cannot make the -shm; while there is no WAL
                # the file can be read as it stands, until somebody writes (`is_current`).
                if not read_only or self._wal_path.exists():
                    raise
                self._as_it_stands = self._marks()
                self.connection = self._open(read_only, "&immutable=1")
        self.inode = self._inode_now()
        self._wal_inode = None if self.in_memory else inode_of(str(self._wal_path))

    def _open(self, read_only: bool, how: str = "") -> sqlite3.Connection:
        mode = "ro" if read_only else "rw"
        name = ":memory:"
        if not self.in_memory:
            name = f"{self.path.absolute().as_uri()}?mode={mode}{how}"
            if not read_only:
                # SQLite gives -wal and -shm the mode of the database file, so this is enough.
                with writing(self.path), contextlib.suppress(FileExistsError):
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                if not os.access(self.path, os.W_OK):
                    # SQLite would open it for reading and never notice when that changes.
                    raise CannotWrite(self.path, "no permission, or a read-only file system")
        connection = sqlite3.connect(
            name,
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _configure(connection, read_only)
        except BaseException:
            connection.close()
            raise
        return connection

    def _inode_now(self) -> tuple[int, int] | None:
        return inode_of(self._name)

    def is_current(self) -> bool:
        """Whether the file at our path is still the one we have open."""
        if self._as_it_stands is not None:
            return self._as_it_stands == self._marks()
        return self._inode_now() == self.inode

    def _marks(self) -> tuple[int, ...]:
        """What changes with the file, and whether anybody uses it."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        return found.st_dev, found.st_ino, found.st_mtime_ns, self._wal_path.exists()

    def has_its_wal(self) -> bool:
        """Whether the WAL at our path is the one we have open."""
        return self._wal_inode is not None and inode_of(str(self._wal_path)) == self._wal_inode

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, durably, or nothing; a failed commit is rolled back."""
        with translated(self.path), self._diagnosed():
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
        with translated(self.path), self._diagnosed():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    @contextlib.contextmanager
    def _diagnosed(self) -> Iterator[None]:
        """Values that cannot be understood are a damage: always, or if SQLite finds one as well."""
        try:
            yield
        except msgspec.DecodeError as error:
            raise DamagedDatabase(self.path, f"a value in it cannot be read: {error}") from error
        except (TypeError, ValueError, ArithmeticError) as error:
            rows = self.connection.execute("PRAGMA quick_check(1)").fetchall()
            if rows != [("ok",)]:
                raise DamagedDatabase(self.path, rows[0][0]) from error
            raise

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

    Only meaningful while no WAL or journal exists, when the header's page count is current.
    """
    with _TOUCHING, path.open("rb") as file:
        header = file.read(32)
        size = os.fstat(file.fileno()).st_size
    if len(header) < 32:
        return True
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(header[28:32], "big")
    return size < page_size * pages
