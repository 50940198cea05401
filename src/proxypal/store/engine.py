"""One open data directory: its lock, its transactions, and the duty to publish within a second.

The engine knows when and under which guard things happen; what happens is given to it as
functions. It notices when the database is replaced, deleted or damaged under it, and recovers.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from proxypal.clock import Clock, iso_utc, offset_of
from proxypal.errors import CannotWrite, DamagedDatabase, StorageFull, StoreClosed, StoreError
from proxypal.records.labels import LocalHours
from proxypal.store import durable_files
from proxypal.store.database import Database
from proxypal.store.publication import render_aggregate, render_history
from proxypal.store.reading import read_moment
from proxypal.store.recording import Recording
from proxypal.store.recovery import AGGREGATE, HISTORY, Damage, Opener, examine_file
from proxypal.store.state import Change, State, read_state

PUBLISH_AFTER_S = 0.7
"""Well inside the promised second; the rest is for the writing itself."""

PUBLISH_SHARE = 0.05

T = TypeVar("T")
Signature = tuple[int, int, int]


class Engine:
    """See the module's docstring. Every public method may be called from any thread."""

    def __init__(
        self,
        opener: Opener,
        clock: Clock,
        on_warning: Callable[[str], None],
        *,
        read_only: bool = False,
    ) -> None:
        self.read_only = read_only
        self.trouble: StoreError | None = None
        self.directory = opener.directory
        self.clock = clock
        self.lock = threading.RLock()
        self.on_tick: Callable[[], bool] = lambda: False
        self._opener = opener
        self._warn = on_warning
        self._timer: threading.Timer | None = None
        self._dirty = False
        self._closed = False
        self._published: dict[str, Signature] = {}
        self._publish_cost_s = 0.0
        self._process = os.getpid()
        self._abandoned: list[Database] = []
        self.database: Database | None = None
        self.recording = Recording(LocalHours(offset_of(None)))
        self._attach()

    def use_zone(self, zone: str | None) -> None:
        """Give labels in this zone from now on."""
        with self.lock:
            self.recording = Recording(LocalHours(offset_of(zone)))

    # -- opening, replacement, damage

    def _attach(self, damage: Damage | None = None) -> None:
        opened = self._opener.open_for_reading() if self.read_only else self._opener.open(damage)
        self.database = opened.database
        for warning in opened.warnings:
            self._warn(warning)
        with opened.database.snapshot() as connection:
            state = _state(read_state(connection), opened.database)
        self.recording = Recording(LocalHours(offset_of(state.settings.zone)))
        if opened.publish and not self.read_only:
            try:
                self.publish()
            except (StorageFull, CannotWrite) as error:
                self._warn(str(error))
                self.publish_soon()

    def _current(self) -> Database:
        """The database, after making sure that it still is the file at its path."""
        if self._closed:
            raise StoreClosed
        if self._process != os.getpid():
            # A connection must not cross fork(); the child opens its own, the parent's stays.
            if self.database is not None:
                self._abandoned.append(self.database)
            self.database, self._process, self._timer = None, os.getpid(), None
        if self.database is None:
            self._attach()
        elif not self.database.is_current() and not self.read_only:
            self._reattach(self.database)
        if self.database is None:
            raise StoreClosed
        return self.database

    def _reattach(self, lost: Database) -> None:
        """The file at our path is not ours any more: put it back, or join its successor."""
        durable_files.make_private_directory(self.directory)
        with self._opener.alone():
            if not lost.path.exists():
                temporary = lost.path.with_name(f".{lost.path.name}.{os.getpid()}.tmp")
                with contextlib.suppress(FileNotFoundError):
                    temporary.unlink()
                lost.copy_to(temporary)
                for suffix in ("-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        lost.path.with_name(lost.path.name + suffix).unlink()
                durable_files.move_into_place(temporary, lost.path)
                self._warn(f"{lost.path} was deleted while in use. It was written again, whole.")
        with contextlib.suppress(StoreError):
            lost.close()
        self.database = None
        self._attach()

    def _recover(self, error: DamagedDatabase) -> None:
        damaged = self.database
        self.database = None
        inode = None
        if damaged is not None:
            inode = damaged.inode
            with contextlib.suppress(StoreError):
                damaged.close()
        self._attach(Damage(inode, error.reason))

    # -- transactions

    def read(self, answer: Callable[[Change], T]) -> T:
        """Ask within one snapshot. A damaged database is rebuilt and asked again."""
        with self.lock:
            try:
                return self._read_once(answer)
            except DamagedDatabase as error:
                if self.read_only:
                    raise
                self._recover(error)
                return self._read_once(answer)

    def _read_once(self, answer: Callable[[Change], T]) -> T:
        database = self._current()
        with database.snapshot() as connection:
            state = _state(read_state(connection), database)
            return answer(self._change(connection, state))

    def write(self, act: Callable[[Change], T], *, changes_facts: bool = True) -> T:
        """Act within one write transaction, durable when this returns; publish soon after.

        Args:
            act: what to do; it may run twice, on a database put in place of a lost one.
            changes_facts: whether there will be anything new to publish.

        Raises:
            StoreBusy, StorageFull, CannotWrite: nothing happened.
        """
        with self.lock:
            if self.read_only:
                self._become_writable()
            try:
                result = self._write_once(act)
            except DamagedDatabase as error:
                self._recover(error)
                result = self._write_once(act)
            if changes_facts:
                self.publish_soon()
            return result

    def _become_writable(self) -> None:
        if self.trouble is None:
            raise CannotWrite(self.directory, "the store was opened for reading only")
        before, self.database, self.read_only = self.database, None, False
        try:
            self._attach()
        except BaseException:
            self.database, self.read_only = before, True
            raise
        self.trouble = None

    def _write_once(self, act: Callable[[Change], T]) -> T:
        database = self._current()
        try:
            with database.transaction() as connection:
                state = _state(read_state(connection), database)
                result = act(self._change(connection, state))
        except BaseException:
            self.recording.forget()
            raise
        if not database.is_current():
            replaced = database.path.exists()
            self._current()
            if replaced:
                # The commit went into a file that another one had taken the place of.
                return self._write_once(act)
        return result

    def _change(self, connection: sqlite3.Connection, state: State) -> Change:
        return Change(connection, self.directory, state, self.recording.series, self.clock())

    # -- publishing

    def publish_soon(self) -> None:
        """Make sure that the files follow within a second."""
        self._dirty = True
        self.wake_in(max(PUBLISH_AFTER_S, self._publish_cost_s * (1 / PUBLISH_SHARE - 1)))

    def wake_in(self, delay_s: float) -> None:
        """Run the due work in the background after at most `delay_s`."""
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(delay_s, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self.lock:
            self._timer = None
            if self._closed:
                return
            waiting = self.on_tick()
            if self._dirty:
                try:
                    self.publish()
                except StoreError as error:
                    self._warn(str(error))
                    waiting = True
            if waiting:
                self.wake_in(2.0)

    def publish(self) -> None:
        """Write both files from one snapshot.

        The write lock is held meanwhile, so that publications of several processes come in
        order and `published_sequence` never lies.

        Raises:
            StorageFull, CannotWrite, StoreBusy: the files are what they were.
        """
        with self.lock:
            started = time.perf_counter()
            database = self._current()
            with database.transaction() as connection:
                state = _state(read_state(connection), database)
                moment = read_moment(connection, state)
                # The aggregate goes first: rows newer than it can be added to it, not the reverse.
                for name, render in ((AGGREGATE, render_aggregate), (HISTORY, render_history)):
                    self._keep_foreign(name, state)
                    durable_files.write_file(self.directory / name, render(moment))
                    self._published[name] = self._signature(name)
                connection.execute(
                    "UPDATE state SET published_sequence = ? WHERE one = 1", (state.sequence,)
                )
            self._dirty = False
            self._publish_cost_s = time.perf_counter() - started

    def _signature(self, name: str) -> Signature:
        found = (self.directory / name).stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _keep_foreign(self, name: str, state: State) -> None:
        """Set a file aside that another program wrote since our last publication."""
        try:
            if self._signature(name) == self._published.get(name):
                return
        except FileNotFoundError:
            return
        found = examine_file(self.directory / name)
        ours = found.published is not None and found.published.store_id == state.store_id
        if ours or found.kind == "absent" or (not state.published_sequence and not self._published):
            return
        aside = durable_files.set_aside(
            self.directory / name,
            "foreign" if found.kind == "foreign" else "corrupt",
            iso_utc(self.clock()),
        )
        self._warn(
            f"{name} was changed by another program. That file is now {aside.name}; ours was "
            "published again, no number changed."
        )

    def close(self) -> None:
        """Publish what is unpublished and release everything. Idempotent."""
        with self.lock:
            if self._closed:
                return
            try:
                if self._dirty:
                    self.publish()
            except (StorageFull, CannotWrite) as error:
                self._warn(f"{error} The files will be published when the store is next opened.")
            finally:
                self._closed = True
                if self._timer is not None:
                    self._timer.cancel()
                if self.database is not None and self._process == os.getpid():
                    self.database.close()
                self.database = None


def _state(state: State | None, database: Database) -> State:
    if state is None:
        raise DamagedDatabase(database.path, "it holds no state")
    return state
