"""Opening a data directory: look, decide (`opening.py`), act. Ends with a sound database.

Two processes that open at once must not both create, rebuild or migrate: whatever is more than
"use what is there" happens under a file lock, and is decided again once the lock is held.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from proxypal.clock import Clock, iso_utc, offset_of
from proxypal.errors import CannotWrite, DamagedDatabase, NewerDatabase, StoreError
from proxypal.records.labels import LocalHours
from proxypal.store import durable_files
from proxypal.store.actions import Import, import_facts
from proxypal.store.database import Database, looks_truncated, translated
from proxypal.store.opening import DATABASE, DatabaseFound, FileFound, Plan, decide
from proxypal.store.protocol import StoreSettings
from proxypal.store.publication import read_published
from proxypal.store.rebuilding import rebuild
from proxypal.store.schema import APPLICATION_ID, VERSION, upgrade
from proxypal.store.series import SeriesIndex
from proxypal.store.state import Change, State, fresh_state, read_state, write_state

HISTORY = "history.json"
AGGREGATE = "aggregate.json"
_LOCK = ".proxypal.lock"


class Opened(msgspec.Struct):
    """A sound database, what had to be said about it, and whether the pair must be published."""

    database: Database
    publish: bool
    warnings: list[str]


class Damage(NamedTuple):
    """Damage found while reading; it says nothing about a database put in its place since."""

    inode: tuple[int, int] | None
    reason: str


class Opener:
    """Opens one data directory with the given defaults."""

    def __init__(
        self, directory: Path, settings: StoreSettings, clock: Clock, legacy: Path | None
    ) -> None:
        self.directory = directory
        self.settings = settings
        self.clock = clock
        self.legacy = legacy

    def open(self, damage: Damage | None = None) -> Opened:
        """Look, decide and act.

        Args:
            damage: that a database which looks sound must not be used, and why.

        Raises:
            CannotWrite, StorageFull, StoreBusy: nothing was changed.
            NewerDatabase: made by a later proxypal.
        """
        durable_files.make_private_directory(self.directory)
        database, opened = self._use_what_is_there(damage, mend=False)
        if opened is not None:
            return opened
        if database is not None:
            database.close()
        with self.alone():
            database, opened = self._use_what_is_there(damage, mend=True)
            return opened or self._start_again(damage, database)

    def _use_what_is_there(
        self, damage: Damage | None, *, mend: bool
    ) -> tuple[Database | None, Opened | None]:
        """A sound database with what to say about its files; None where more is needed.

        The files are looked at inside a write transaction: publications happen in one too, so
        none can come between looking and deciding.
        """
        found, database = examine_database(self.directory / DATABASE)
        if database is None or (damage is not None and damage.inode == database.inode):
            return database, None
        try:
            with database.transaction() as connection:
                state = read_state(connection)
                found = msgspec.structs.replace(found, state=state)
                plan = decide(found, *self._look_at_files())
                if plan.action != "use" or (plan.set_aside and not mend):
                    return database, None
                self._set_aside(plan, iso_utc(self.clock()))
        except BaseException:
            database.close()
            raise
        return database, Opened(database, plan.publish, plan.warnings)

    def _look_at_files(self) -> tuple[FileFound, FileFound]:
        return (
            examine_file(self.directory / HISTORY),
            examine_file(self.directory / AGGREGATE),
        )

    def open_for_reading(self) -> Opened:
        """A database to read from, without writing anything.

        A database that cannot be used is rebuilt in memory from the published pair.

        Raises:
            CannotWrite: there is nothing that can be read.
        """
        found, database = examine_database(self.directory / DATABASE, read_only=True)
        history, aggregate = self._look_at_files()
        plan = decide(found, history, aggregate)
        if plan.action == "use" and database is not None:
            return Opened(database, publish=False, warnings=[])
        if database is not None:
            database.close()
        if plan.action != "rebuild":
            raise CannotWrite(self.directory, "it holds no store, and none can be made there")
        memory = Database(None)
        with memory.transaction() as connection:
            upgrade(connection)
            self._fill(connection, plan, (found, history, aggregate), self.clock())
        warning = f"{DATABASE} cannot be read; these numbers are those of the published files."
        return Opened(memory, publish=False, warnings=[warning])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other process creates, rebuilds or migrates this directory meanwhile."""
        from filelock import FileLock  # noqa: PLC0415 - only when something is out of order

        with durable_files.writing(self.directory), FileLock(self.directory / _LOCK, mode=0o600):
            yield

    def _start_again(self, damage: Damage | None, unusable: Database | None) -> Opened:
        """Create, rebuild or migrate. Nobody else does so meanwhile (`alone`)."""
        found, reopened = examine_database(self.directory / DATABASE)
        for database in (unusable, reopened):
            if database is not None:
                if damage is not None and database.inode == damage.inode:
                    found = DatabaseFound(kind="damaged", reason=damage.reason)
                database.close()
        files = self._look_at_files()
        if self.legacy and {found.kind, *(file.kind for file in files)} == {"absent"}:
            files = (examine_file(self.legacy / HISTORY), examine_file(self.legacy / AGGREGATE))
        plan = decide(found, *files)
        now_ms = self.clock()
        self._set_aside(plan, iso_utc(now_ms))
        # Without its database a leftover WAL must never be replayed into a new one.
        companions = {DATABASE + suffix: "corrupt" for suffix in ("-wal", "-shm")}
        self._set_aside(Plan(action="create", set_aside=companions), iso_utc(now_ms))
        database = Database(self.directory / DATABASE)
        try:
            with database.transaction() as connection:
                upgrade(connection)
                told = self._fill(connection, plan, (found, *files), now_ms)
            durable_files.sync_directory(self.directory)
        except BaseException:
            database.close()
            raise
        return Opened(database, plan.publish, [*plan.warnings, *told])

    def _set_aside(self, plan: Plan, stamp: str) -> None:
        for name, reason in plan.set_aside.items():
            if (self.directory / name).exists():
                durable_files.set_aside(self.directory / name, reason, stamp)

    def _fill(
        self,
        connection: sqlite3.Connection,
        plan: Plan,
        found: tuple[DatabaseFound, FileFound, FileFound],
        now_ms: int,
    ) -> list[str]:
        _, history, aggregate = found
        hours = LocalHours(offset_of(self.settings.zone))
        if plan.action == "rebuild":
            rebuild(connection, history, aggregate, hours, now_ms)
            return []
        state = fresh_state(os.urandom(16).hex(), now_ms, self.settings)
        write_state(connection, state)
        if plan.action != "migrate":
            return []
        return self._migrate(connection, state, (history, aggregate), hours, now_ms)

    def _migrate(
        self,
        connection: sqlite3.Connection,
        state: State,
        files: tuple[FileFound, FileFound],
        hours: LocalHours,
        now_ms: int,
    ) -> list[str]:
        from proxypal.records.legacy import read_old_pair  # noqa: PLC0415 - once in a lifetime

        history, aggregate = (file if file.kind == "foreign" else None for file in files)
        mtimes = [file.mtime_ms for file in (history, aggregate) if file is not None]
        old = read_old_pair(
            None if history is None else history.data,
            None if aggregate is None else aggregate.data,
            hours,
            mtime_ms=max(mtimes),
        )
        warnings = [f"Not migrated: {reason}" for reason in old.unreadable]
        originals = {file.name: file.data for file in (history, aggregate) if file is not None}
        if old.facts is None:
            return warnings
        digest = hashlib.sha256(b"\0".join(originals.values())).hexdigest()
        parts = [hashlib.sha256(data).hexdigest() for data in originals.values()]
        backup = import_facts(
            Change(connection, self.directory, state, SeriesIndex(), now_ms),
            Import(old.facts, "migration", digest, "files of an earlier version", originals, parts),
        )
        assert backup is not None  # noqa: S101 - a fresh database knows no fingerprint
        migrated = (
            f"Migrated {' and '.join(originals)}: {backup.requests} requests in all. The original "
            f"files are in backups/{backup.name}; undo with `proxypal restore {backup.name}`."
        )
        return [migrated, *old.facts.notes, *warnings]


def examine_file(path: Path) -> FileFound:
    """Look at one of the two JSON files.

    Raises:
        CannotWrite: it exists and cannot be read.
    """
    try:
        with durable_files.writing(path):
            data = path.read_bytes()
            mtime_ms = path.stat().st_mtime_ns // 1_000_000
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return FileFound(name=path.name, kind="absent")
        raise
    published = read_published(data)
    if published is not None:
        return FileFound(
            name=path.name, kind="ours", data=data, published=published, mtime_ms=mtime_ms
        )
    try:
        tree = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return FileFound(name=path.name, kind="unreadable", data=data, mtime_ms=mtime_ms)
    return FileFound(
        name=path.name,
        kind="foreign" if isinstance(tree, dict) else "unreadable",
        data=data,
        mtime_ms=mtime_ms,
    )


def examine_database(
    path: Path, *, read_only: bool = False
) -> tuple[DatabaseFound, Database | None]:
    """Look at the database; it comes back open if it is sound.

    Raises:
        NewerDatabase: made by a later proxypal.
        CannotWrite, StoreBusy: it could not be looked at.
    """
    if not path.exists() or path.stat().st_size == 0:
        # An empty file is what a crash before the first commit leaves.
        return DatabaseFound(kind="absent"), None
    if not path.with_name(path.name + "-wal").exists() and looks_truncated(path):
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
        if version < VERSION:
            with database.transaction() as connection:
                upgrade(connection)
        state = read_state(database.connection)
        migrated = execute("SELECT 1 FROM undo_log WHERE kind = 'migration'").fetchone()
    if state is None:
        raise DamagedDatabase(database.path, "it holds no state")
    return DatabaseFound(kind="sound", state=state, migrated=migrated is not None), database
