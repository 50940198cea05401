"""Looking at what lies in a data directory: is it there, is it ours, is it sound.

Must not enter: deciding what to do about it (`opening.py`), and doing it (`recovery.py`).
"""

import errno
from pathlib import Path

from proxypal.errors import DamagedDatabase, NewerDatabase, StoreError
from proxypal.store import durable_files
from proxypal.store.database import Database, looks_truncated, translated
from proxypal.store.opening import DatabaseFound, FileFound
from proxypal.store.publication import read_published
from proxypal.store.schema import APPLICATION_ID, VERSION, upgrade
from proxypal.store.state import LEFT, sound_state

HISTORY = "history.json"
AGGREGATE = "aggregate.json"

_UNREADABLE = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.EIO}
"""A file with these troubles can still be set aside, and written again from the database."""


def examine_file(path: Path) -> FileFound:
    """Look at one of the two JSON files.

    Raises:
        CannotWrite: it exists and cannot be read for a reason that lies elsewhere.
    """
    try:
        with durable_files.writing(path):
            data = path.read_bytes()
            mtime_ms = path.stat().st_mtime_ns // 1_000_000
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return FileFound(name=path.name, kind="absent")
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _UNREADABLE:
            return FileFound(name=path.name, kind="unreadable")
        raise
    published = read_published(data)
    if published is not None:
        return FileFound(
            name=path.name, kind="ours", data=data, published=published, mtime_ms=mtime_ms
        )
    return FileFound(
        name=path.name,
        kind="foreign" if is_json_object(data) else "unreadable",
        data=data,
        mtime_ms=mtime_ms,
    )


def is_json_object(data: bytes) -> bool:
    """Whether it is JSON with names and values, whoever wrote it."""
    from proxypal.records.tolerant_json import (  # noqa: PLC0415 - only where a file is not ours
        Refused,
        read_json,
    )

    try:
        return isinstance(read_json(data), dict)
    except Refused:
        return False


def examine_database(
    path: Path, *, read_only: bool = False
) -> tuple[DatabaseFound, Database | None]:
    """Look at the database; it comes back open if it is sound.

    Raises:
        NewerDatabase: made by a later proxypal.
        CannotWrite, StoreBusy: it could not be looked at.
    """
    with durable_files.writing(path):
        if not path.exists() or path.stat().st_size == 0:
            # An empty file is what a crash before the first commit leaves.
            return DatabaseFound(kind="absent"), None
        # SQLite mends it itself from a WAL, and from the journal of the first page ever written.
        mended_from = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal")]
        if not any(one.exists() for one in mended_from) and looks_truncated(path):
            return DatabaseFound(kind="damaged", reason="the file is cut short"), None
    try:
        database = Database(path, read_only=read_only)
        try:
            return _examine_open(database)
        except BaseException:
            database.close()
            raise
    except DamagedDatabase as error:
        return DatabaseFound(kind="damaged", reason=error.reason), None


def _copied_to_memory(database: Database) -> Database:
    """An older store that must not be written can be upgraded in memory, and read there."""
    memory = Database(None)
    database.connection.backup(memory.connection)
    database.close()
    return memory


def _examine_open(database: Database) -> tuple[DatabaseFound, Database | None]:
    with translated(database.path):
        execute = database.connection.execute
        (application_id,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        if application_id not in {0, APPLICATION_ID}:
            raise DamagedDatabase(database.path, "it belongs to another program")
        if version > VERSION:
            raise NewerDatabase(database.path, version, VERSION)
        if version == 0:
            # A crash before the first commit leaves a database without tables.
            database.close()
            return DatabaseFound(kind="absent"), None
        if version < VERSION and database.read_only:
            database = _copied_to_memory(database)
            execute = database.connection.execute
        if version < VERSION:
            with database.transaction() as connection:
                upgrade(connection)
        # Costs 2 ms per MB. SQLite reads over many a zeroed sector without noticing, and the wrong
        # totals would then be published over the good ones.
        ((verdict,),) = execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise DamagedDatabase(database.path, verdict.splitlines()[-1])
        state = sound_state(database.connection, database.path)
        migrated = execute("SELECT 1 FROM undo_log WHERE kind = 'migration'").fetchone()
    state.store_id = state.store_id.removeprefix(LEFT)
    return DatabaseFound(kind="sound", state=state, migrated=migrated is not None), database
