"""`clear --forget`: no copy of the recent requests stays anywhere in the data directory."""

import contextlib
import sqlite3
import time

from msgspec.structs import replace

from proxypal.errors import StoreBusy
from proxypal.store import backups, breakdown_files, durable_files, recosting
from proxypal.store.database import BUSY_TIMEOUT_S, translated
from proxypal.store.engine import Engine
from proxypal.store.payloads import forget_payloads
from proxypal.store.reading import read_undo_log
from proxypal.store.state import Change, write_state
from proxypal.store.undo_debts import rename_debt, still_owing
from proxypal.store.values import Backup

_WAIT_FOR_READERS_S = 10.0


def forget_rows(change: Change) -> None:
    """Delete every row, and the right to undo whatever holds rows. In the caller's transaction."""
    change.connection.execute("DELETE FROM requests")
    forget_payloads(change.connection)
    manifests = backups.list_manifests(change.directory)
    owing = still_owing(change.connection, manifests)
    for backup in manifests:
        if not backup.rows and backup.kind != "migration":
            continue
        if backup.name in owing:
            _keep_sums(change, backup)
        else:
            change.connection.execute("DELETE FROM undo_log WHERE name = ?", (backup.name,))
    durable_files.remove_temporaries(change.directory)
    change.state.sequence += 1
    write_state(change.connection, change.state)


def _keep_sums(change: Change, backup: Backup) -> None:
    """What it still owes must come off with a reset or a drop that is undone later."""
    slim = backups.free_name(change.directory, backup.name)
    with backups.opened_delta(change.directory, backup.name) as old:
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}

        def fill(delta: sqlite3.Connection) -> None:
            for table in ("about", "sums", "cells", "day_cells", "sketches"):
                if table not in tables:
                    continue
                rows = old.execute(f"SELECT * FROM {table}").fetchall()
                for row in rows:
                    delta.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            if backup.kind == "reprice":
                recosting.put_costs_aside(delta, {})

        backups.put_aside(change.directory, replace(backup, name=slim, rows=0), fill)
    rename_debt(change.connection, backup.name, slim)


def scrub(engine: Engine) -> None:
    """Delete backups that no longer count and files set aside, overwrite free pages and the WAL.

    Raises:
        StoreBusy: another process kept reading an old state; the rows are gone, run it again.
    """
    engine.write(_delete_unlisted_backups, changes_facts=False)
    months = f"{breakdown_files.DIRECTORY}/"
    for pattern in ("*.corrupt-*", "*.foreign-*", f"{months}*.corrupt-*", f"{months}*.foreign-*"):
        for path in engine.directory.glob(pattern):
            durable_files.remove_file(path)
    with engine.lock:
        database = engine.database
        if database is None:
            return
        with translated(database.path):
            database.connection.execute("PRAGMA temp_store = MEMORY")  # no copy in /tmp either
            database.connection.execute("VACUUM")
            _truncate_wal(database.connection, engine)
        with durable_files.writing(database.path), contextlib.suppress(FileNotFoundError):
            # SQLite need not, but a power failure must not bring the old contents back.
            durable_files.sync_path(database.path.with_name(f"{database.path.name}-wal"))


def _delete_unlisted_backups(change: Change) -> None:
    # Only after the commit that unlisted them: a backup must be whole as long as it is listed.
    listed = {entry.name for entry in read_undo_log(change.connection)}
    folder = change.directory / backups.DIRECTORY
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in listed:
            durable_files.remove_tree(path)


def _truncate_wal(connection: sqlite3.Connection, engine: Engine) -> None:
    deadline = time.monotonic() + _WAIT_FOR_READERS_S
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise StoreBusy(engine.directory, _WAIT_FOR_READERS_S)
            time.sleep(0.05)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
