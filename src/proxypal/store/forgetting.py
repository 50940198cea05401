"""`clear --forget`: no copy of the recent requests stays anywhere in the data directory."""

import contextlib
import sqlite3
import time

from proxypal.errors import StoreBusy
from proxypal.store import backups, durable_files
from proxypal.store.database import translated
from proxypal.store.engine import Engine
from proxypal.store.state import Change, write_state

_WAIT_FOR_READERS_S = 10.0


def forget_rows(change: Change) -> None:
    """Delete every row, and every backup that holds rows. In the caller's transaction."""
    change.connection.execute("DELETE FROM requests")
    for backup in backups.list_manifests(change.directory):
        if backup.rows or backup.kind == "migration":
            change.connection.execute("DELETE FROM undo_log WHERE name = ?", (backup.name,))
            backups.delete(change.directory, backup.name)
    change.state.sequence += 1
    write_state(change.connection, change.state)


def scrub(engine: Engine) -> None:
    """Overwrite free pages and the WAL, and delete files that were set aside.

    Raises:
        StoreBusy: another process kept reading an old state; the rows are gone, run it again.
    """
    for pattern in ("*.corrupt-*", "*.foreign-*"):
        for path in engine.directory.glob(pattern):
            with durable_files.writing(path), contextlib.suppress(FileNotFoundError):
                path.unlink()
    with engine.lock:
        database = engine.database
        if database is None:
            return
        with translated(database.path):
            database.connection.execute("VACUUM")
            _truncate_wal(database.connection, engine)


def _truncate_wal(connection: sqlite3.Connection, engine: Engine) -> None:
    deadline = time.monotonic() + _WAIT_FOR_READERS_S
    while True:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        if time.monotonic() > deadline:
            raise StoreBusy(engine.directory, _WAIT_FOR_READERS_S)
        time.sleep(0.05)
