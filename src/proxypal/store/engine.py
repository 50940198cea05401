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
from proxypal.store.breakdown_publishing import BreakdownPublisher
from proxypal.store.database import Database
from proxypal.store.publishing import Publisher
from proxypal.store.recording import Recording
from proxypal.store.recovery import Damage, Opener
from proxypal.store.state import Change, State, sound_state
from proxypal.store.succession import HasLeft, staying, take_over

PUBLISH_AFTER_S = 0.7
"""Well inside the promised second; the rest is for the writing itself."""

PUBLISH_SHARE = 0.05

T = TypeVar("T")


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
        self._publisher = Publisher(opener.directory, on_warning)
        self.breakdown = BreakdownPublisher(self, on_warning)
        self._publish_cost_s = 0.0
        self._published_at_s = 0.0
        self._told = ""
        self._process = os.getpid()
        self.database: Database | None = None
        self.use_zone(None)
        self._attach()

    def use_zone(self, zone: str | None) -> None:
        """Give labels in this zone from now on."""
        with self.lock:
            self._zone = zone
            self.recording = Recording(LocalHours(offset_of(zone)))

    # -- opening, replacement, damage

    def _attach(self, damage: Damage | None = None) -> None:
        opened = self._opener.open_for_reading() if self.read_only else self._opener.open(damage)
        self.database = opened.database
        for warning in opened.warnings:
            self._warn(warning)
        with opened.database.snapshot() as connection:
            state = sound_state(connection, opened.database.path)
        self.use_zone(state.settings.zone)
        if opened.publish and not self.read_only:
            try:
                self.publish()
            except (StorageFull, CannotWrite) as error:
                if self.database is None:
                    raise
                self._warn(str(error))
                self.publish_soon()
        if not self.read_only:
            self.breakdown.look()

    def _current(self) -> Database:
        """The database, after making sure that it still is the file at its path."""
        if self._closed:
            raise StoreClosed
        if self._process != os.getpid():
            # A connection must not cross a fork: SQLite would believe the child to hold locks
            # that only the parent has. Closing the inherited one makes it take its own.
            inherited, self.database = self.database, None
            self._process, self._timer = os.getpid(), None
            if inherited is not None:
                with contextlib.suppress(StoreError):
                    inherited.close()
        if self.database is None:
            self._attach()
        elif not self.database.is_current():
            self._reattach(self.database)
        if self.database is None:
            raise StoreClosed
        return self.database

    def _reattach(self, lost: Database) -> bool:
        """The file at our path is not ours any more: go on with its successor, or make it.

        Returns:
            Whether everything that was committed to the lost file is in it.
        """
        is_whole = True
        if not self.read_only:
            durable_files.make_private_directory(self.directory)
            with self._opener.alone():
                is_whole, warning = take_over(lost, iso_utc(self.clock()))
            if warning:
                self._warn(warning)
        with contextlib.suppress(StoreError):
            lost.close()
        self.database = None
        self._attach()
        return is_whole

    def _recover(self, error: DamagedDatabase) -> None:
        damaged, self.database = self.database, None
        if damaged is not None:
            with contextlib.suppress(StoreError):
                damaged.close()
        inode = None if damaged is None else damaged.inode
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
            state = sound_state(connection, database.path)
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
            if self._closed:
                raise StoreClosed
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

    @property
    def is_sealed(self) -> bool:
        """Whether it was opened never to write."""
        return self.read_only and self.trouble is None

    def _become_writable(self) -> None:
        if self.is_sealed:
            raise CannotWrite(self.directory, "the store was opened for reading only")
        before, self.database, self.read_only = self.database, None, False
        if before is not None and not before.in_memory:
            before.close()  # SQLite would share its read-only index with the new connection
        try:
            self._attach()
        except BaseException:
            self.read_only = True
            if before is not None and before.in_memory:
                self.database = before
            raise
        self.trouble = None

    def _write_once(self, act: Callable[[Change], T]) -> T:
        database = self._current()
        try:
            with database.transaction() as connection:
                state = staying(sound_state(connection, database.path))
                result = act(self._change(connection, state))
        except HasLeft:
            self._reattach(database)
            return self._write_once(act)
        except BaseException:
            self.recording.forget()
            raise
        if not database.is_current() and not self._reattach(database):
            return self._write_once(act)
        return result

    def _change(self, connection: sqlite3.Connection, state: State) -> Change:
        if state.settings.zone != self._zone:
            self.use_zone(state.settings.zone)  # another process has changed the setting
        return Change(connection, self.directory, state, self.recording.series, self.clock())

    # -- publishing

    def publish_soon(self) -> None:
        """Make sure that the files follow within a second."""
        self._dirty = True
        # A busy store rests after each publication, by its cost; an idle one has rested already.
        rested_at_s = self._published_at_s + self._publish_cost_s * (1 / PUBLISH_SHARE - 1)
        self.wake_in(max(PUBLISH_AFTER_S, rested_at_s - time.perf_counter()))

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
                    if str(error) != self._told:  # every two seconds would be too often
                        self._warn(str(error))
                    self._told = str(error)
                    waiting = True
                else:
                    self._told = ""
            if waiting:
                self.wake_in(2.0)

    def publish(self) -> None:
        """Write both files from one snapshot.

        Raises:
            StorageFull, CannotWrite, StoreBusy: the files are what they were.
        """
        with self.lock:
            try:
                self._publish_once()
            except DamagedDatabase as error:
                # Publishing reads everything, so it is often what meets a damage first. Each
                # second the rebuilding waits would be one more whose requests are lost.
                self._recover(error)
                self._publish_once()

    def _publish_once(self) -> None:
        started = time.perf_counter()
        self._write_once(self._publisher.put_out)
        self._dirty = False
        self._published_at_s = time.perf_counter()
        self._publish_cost_s = self._published_at_s - started
        self.breakdown.soon()

    def put_pair_out(self, change: Change) -> None:
        """Write both files from within a write transaction.

        Raises:
            StorageFull, CannotWrite: the caller must roll back.
        """
        self._publisher.put_out(change)

    def close(self) -> None:
        """Publish what is unpublished and release everything. Idempotent."""
        with self.lock:
            if self._closed:
                return
            try:
                if self._dirty:
                    self.publish()
                self.breakdown.close()
            except StoreError as error:
                self._warn(f"{error} The files will be published when the store is next opened.")
            finally:
                self._closed = True
                if self._timer is not None:
                    self._timer.cancel()
                if self.database is not None and self._process == os.getpid():
                    self.database.close()
                self.database = None
