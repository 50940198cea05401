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
from proxypal.errors import CannotWrite
from proxypal.records.labels import LocalHours
from proxypal.store import backups, breakdown_files, durable_files, succession
from proxypal.store.actions import Import, import_facts
from proxypal.store.database import Database
from proxypal.store.examining import AGGREGATE, HISTORY, examine_database, examine_file
from proxypal.store.opening import DATABASE, DatabaseFound, FileFound, Plan, decide
from proxypal.store.rebuilding import rebuild
from proxypal.store.schema import upgrade
from proxypal.store.series import SeriesIndex
from proxypal.store.state import LEFT, Change, State, fresh_state, read_state, write_state
from proxypal.store.values import StoreSettings

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
        database: Database | None = None
        opened: Opened | None = None
        # Another process may be putting the database in order at this very moment: once we are
        # alone, the trouble is over or it is real.
        with contextlib.suppress(CannotWrite):
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
                if state is not None and state.has_left:
                    if not database.is_current():
                        return database, None
                    # Its successor is gone and it is back in its place.
                    state.store_id = state.store_id.removeprefix(LEFT)
                    write_state(connection, state)
                found = msgspec.structs.replace(found, state=state)
                plan = decide(found, *self._look_at_files())
                if plan.action != "use" or (plan.set_aside and not mend):
                    return database, None
                self._set_aside(plan, iso_utc(self.clock()))
                self._remove_temporaries()
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
        trouble = CannotWrite(self.directory, "it holds no store, and none can be made there")
        try:
            found, database = examine_database(self.directory / DATABASE, read_only=True)
        except CannotWrite as error:
            # Left by a crash, where SQLite may not make what it needs to read on.
            found, database = DatabaseFound(kind="damaged", reason=str(error)), None
            trouble = error
        history, aggregate = self._look_at_files()
        plan = decide(found, history, aggregate)
        if plan.action == "use" and database is not None:
            return Opened(database, publish=False, warnings=[])
        if database is not None:
            database.close()
        if plan.action != "rebuild":
            raise trouble
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
        durable_files.remove_temporaries(self.directory, f"{DATABASE}.*")
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
            told += breakdown_files.set_unknown_aside(self.directory, database, iso_utc(now_ms))
        except BaseException:
            database.close()
            raise
        return Opened(database, plan.publish, [*plan.warnings, *told])

    def _remove_temporaries(self) -> None:
        """Files and backups are written inside write transactions: in ours, nobody is at it."""
        durable_files.remove_temporaries(self.directory, f"{HISTORY}.*")
        durable_files.remove_temporaries(self.directory, f"{AGGREGATE}.*")
        durable_files.remove_temporaries(self.directory / backups.DIRECTORY)
        breakdown_files.remove_leftovers(self.directory)
        succession.remove_leftovers(self.directory)

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
            return rebuild(connection, self.directory, history, aggregate, now_ms)
        state = fresh_state(os.urandom(16).hex(), now_ms, self.settings)
        write_state(connection, state)
        if plan.action != "migrate":
            return self._left_behind()
        return self._migrate(connection, state, (history, aggregate), hours, now_ms)

    def _left_behind(self) -> list[str]:
        kept = len(backups.list_manifests(self.directory))
        if not kept:
            return []
        # Not restored by itself: the proxy's logs may count the same requests anew.
        warning = (
            f"{self.directory / backups.DIRECTORY} still holds {kept} of the backups of a store "
            "that is gone. This new one cannot restore them; original files that a migration "
            "kept there can be imported (`proxypal import`)."
        )
        return [warning]

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
