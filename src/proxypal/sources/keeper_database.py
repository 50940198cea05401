"""SQLite databases of other collectors, read while these may be running: CPA Usage Keeper's.

Opened read-only, in one read transaction, so that a row the keeper moves to its archive meanwhile
is seen once. The only module outside the store that knows SQLite. Must not enter: what a row
means (`records.keeper_rows`, `records.plus_rows`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from proxypal.records.foreign_rows import ForeignRow, RowRejected
from proxypal.records.keeper_rows import KeeperRow, read_keeper_rows
from proxypal.records.key_labels import KeyLabels
from proxypal.records.labels import Offset
from proxypal.records.plus_rows import read_plus_rows
from proxypal.records.queue_lines import read_queue_lines

_BUSY_SECONDS = 10.0
_WAL_MODE = b"\2\2"  # read and write version in the header, https://www.sqlite.org/fileformat.html
_EVENTS = "SELECT * FROM usage_events ORDER BY rowid"
_ARCHIVED = """
SELECT * FROM usage_events_archive WHERE id NOT IN (SELECT id FROM usage_events) ORDER BY rowid
"""
_UNFINISHED = """
SELECT id, CAST(raw_message AS BLOB) FROM redis_usage_inboxes
WHERE status IN ('pending', 'process_failed', 'decode_failed') ORDER BY id
"""


def read_keeper_database(
    path: Path, labels: KeyLabels, offset: Offset | None = None
) -> Iterator[ForeignRow]:
    """Every usage event, oldest id first, then archived ones, then records it never understood.

    `line` is the row's id. CPA-Manager-Plus's database, whose table has the same name, is
    understood too. `offset` is the zone of times stored without one. Never raises: a file that
    is no such database, or is damaged, ends with a `RowRejected` of line 0.
    """
    count = 0
    try:
        is_still = _is_still(path)
        written = _written(path)
        with closing(_open(path, is_still=is_still)) as connection:
            for row in _read(connection, labels, offset):
                yield row
                count += 1
        if is_still and (_written(path) != written or not _is_still(path)):
            yield RowRejected(0, "its program began to write while it was read: import it again")
    except (sqlite3.Error, OSError, OverflowError) as error:
        after = f", after {count} rows" if count else ""
        yield RowRejected(0, f"SQLite cannot read it{after}: {error}")


def _is_still(path: Path) -> bool:
    """Whether it is in WAL mode and nobody has it open: then there is no log beside it."""
    with path.open("rb") as file:
        header = file.read(20)
    return header[18:20] == _WAL_MODE and not path.with_name(f"{path.name}-wal").exists()


def _written(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _open(path: Path, *, is_still: bool) -> sqlite3.Connection:
    # `mode=ro` takes part in the keeper's locking and sees what is still in its log. But where
    # there is no log it would make one, and leave it to a keeper that may run as another user.
    immutable = "&immutable=1" if is_still else ""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{immutable}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA trusted_schema = 0")
        # Text is what a Go program wrote: any bytes.
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


def _read(
    connection: sqlite3.Connection, labels: KeyLabels, offset: Offset | None
) -> Iterator[ForeignRow]:
    columns = _columns(connection, "usage_events")
    if not columns:
        yield RowRejected(
            0,
            "it is an SQLite database, but neither CPA Usage Keeper's nor CPA-Manager-Plus's: it "
            "has no table usage_events",
        )
        return
    rows = _rows(connection, _EVENTS)
    if "event_hash" in columns:
        yield from read_plus_rows(((row.number, row.columns) for row in rows), labels)
        return
    yield from read_keeper_rows(rows, labels, offset)
    if "id" in _columns(connection, "usage_events_archive"):
        archived = _rows(connection, _ARCHIVED)
        yield from read_keeper_rows(archived, labels, offset)
    yield from _inbox(connection, labels)


def _inbox(connection: sqlite3.Connection, labels: KeyLabels) -> Iterator[ForeignRow]:
    """Records it took from the queue and has not, or never, made events of."""
    if not {"id", "status", "raw_message"} <= _columns(connection, "redis_usage_inboxes"):
        return
    cursor = connection.execute(_UNFINISHED)
    with closing(cursor):
        yield from read_queue_lines(cursor, labels)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns; none if there is no such table, or it is only a view."""
    found = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    if found is None:
        return set()
    cursor = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {str(name) for (name,) in cursor}


def _rows(connection: sqlite3.Connection, statement: str) -> Iterator[KeeperRow]:
    with closing(connection.execute(statement)) as cursor:
        names = [str(column[0]) for column in cursor.description]
        for index, values in enumerate(cursor, 1):
            columns = dict(zip(names, values, strict=True))
            number = columns.get("id")
            yield KeeperRow(number if isinstance(number, int) else index, columns)
