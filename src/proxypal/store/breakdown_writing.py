"""One month's breakdown file, from the database to its place: read, staged, put there.

Must not enter: when that is due (`breakdown_publishing.py`), what a file holds.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from proxypal.clock import iso_utc
from proxypal.errors import StorageFull
from proxypal.store import breakdown_files, durable_files
from proxypal.store.breakdown_contents import DaysSeen, read_contents
from proxypal.store.breakdown_file import Written, render_month
from proxypal.store.breakdown_files import KnownFile, known_files, path_of, remember_file
from proxypal.store.database import Database
from proxypal.store.months import changes_of, forget_changes, keep_changes
from proxypal.store.opening import DATABASE
from proxypal.store.state import Change, State, sound_state


class Staged(NamedTuple):
    """A month's file, written beside its place; without `path` there is nothing to be kept."""

    month: str
    written: Written
    path: Path | None


class MonthWriter:
    """Writes files of one directory; `put_pair_out` publishes the pair in a write transaction."""

    def __init__(
        self,
        directory: Path,
        put_pair_out: Callable[[Change], None],
        on_warning: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._put_pair_out = put_pair_out
        self._warn = on_warning
        self._days = DaysSeen()
        self._marks = count()
        self.reading = threading.Lock()
        """Held while the database is read; a fork must wait for it."""

    def due(self, change: Change) -> list[str]:
        """Months whose file is missing, changed or behind, newest first."""
        files = known_files(change.connection)
        touched = breakdown_files.touched_months(change.connection, change.directory)
        behind = {
            month
            for month, number in changes_of(change.state).items()
            if month not in files or number > files[month].sequence
        }
        return sorted(touched.keys() | behind, reverse=True)

    def stage(self, month: str) -> Staged:
        """Read a month, over a connection of its own, and write it beside its place.

        Raises:
            StorageFull, CannotWrite: nothing was left behind.
        """
        with self._snapshot() as (connection, state):
            contents = read_contents(connection, state, month, self._days)
        path = path_of(self._directory, month)
        staged: Path | None = None
        if contents.days:
            data = render_month(contents)
            durable_files.make_private_directory(path.parent)
            _leave_room(path, len(data))
            staged = durable_files.stage_file(path, data, f"{os.getpid()}-{next(self._marks)}")
        return Staged(month, contents.published, staged)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[tuple[sqlite3.Connection, State]]:
        with self.reading:
            database = Database(self._directory / DATABASE, read_only=True)
            try:
                with database.snapshot() as connection:
                    yield connection, sound_state(connection, database.path)
            finally:
                database.close()

    def discard(self, staged: Iterable[Staged]) -> None:
        """Delete those that were not put in their places."""
        for one in staged:
            if one.path is not None and one.path.exists():
                with contextlib.suppress(OSError):
                    one.path.unlink()

    def place(self, change: Change, staged: Sequence[Staged]) -> None:
        """Put finished files in their places, except those that are not wanted any more.

        In a write transaction: there it is seen whether another process was faster. The pair that
        is published is never older than a month's file.
        """
        wanted = [one for one in staged if self._is_wanted_still(change, one)]
        if not wanted:
            return
        directory, numbers = change.directory, [one.written.sequence for one in wanted]
        if change.state.published_sequence < max(numbers):
            self._put_pair_out(change)
        durable_files.place_files(
            {path_of(directory, one.month): one.path for one in wanted if one.path is not None}
        )
        for one in wanted:
            if one.path is None:
                durable_files.remove_file(path_of(directory, one.month))
                breakdown_files.forget_file(change.connection, one.month)
            else:
                remember_file(change.connection, directory, one.month, one.written.sequence)
            forget_changes(change.state, one.month, one.written.sequence)
        keep_changes(change.connection, change.state)
        if any(one.path is None for one in wanted):
            self._put_pair_out(change)  # it says which files there are

    def _is_wanted_still(self, change: Change, staged: Staged) -> bool:
        state, written, month = change.state, staged.written, staged.month
        if (written.store_id, written.live_epochs) != (state.store_id, state.live_epochs):
            return False
        known = known_files(change.connection).get(month)
        if known is None:
            return not self._takes(change, month, None)
        if staged.path is None and not path_of(change.directory, month).exists():
            # Gone as it should be: we were cut off before it was noted.
            return known.sequence <= written.sequence
        if breakdown_files.is_as_left(change.directory, month, known):
            return known.sequence < written.sequence  # else another process was faster
        return known.sequence <= written.sequence and not self._takes(change, month, known)

    def _takes(self, change: Change, month: str, known: KnownFile | None) -> bool:
        """Whether the file that lies there is ours and holds everything, only touched."""
        stamp = iso_utc(change.now_ms)
        ours, warning = breakdown_files.set_foreign_aside(change, month, known, stamp)
        if warning:
            self._warn(warning)
        if ours is None or ours.published.sequence < changes_of(change.state).get(month, 0):
            return False
        # It may lie there because its rename was done and the sync after it failed.
        with durable_files.writing(change.directory):
            durable_files.sync_directory(path_of(change.directory, month).parent)
        number = ours.published.sequence
        remember_file(change.connection, change.directory, month, number)
        forget_changes(change.state, month, number)
        keep_changes(change.connection, change.state)
        return True


def _leave_room(path: Path, size: int) -> None:
    """A file that would fill the disk must not take the place that recording needs.

    Raises:
        StorageFull: there is too little space.
    """
    import shutil  # noqa: PLC0415 - only where a file is written

    if shutil.disk_usage(path.parent).free < 2 * size:
        raise StorageFull(path)
