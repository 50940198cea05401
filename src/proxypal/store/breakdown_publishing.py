"""When the months' breakdown files are written: at most once a minute each, beside everything else.

A month is read over a connection of its own and rendered without any lock of the store, so that
recording and the pair of files need not wait; only putting the finished files in their places
happens in a write transaction. Must not enter: how a file is written (`breakdown_writing.py`).
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from proxypal.errors import StoreClosed, StoreError
from proxypal.store import breakdown_files
from proxypal.store.breakdown_writing import MonthWriter, Staged
from proxypal.store.state import Change
from proxypal.store.values import Backup

EVERY_S = 60.0
"""A month's file is written again at the earliest so long after the last writing."""

FIRST_S = 2.0
SHARE = 0.05
"""How much of the time may go to it: a large month rests longer than a minute."""

_STOPPING_S = 0.05

T = TypeVar("T")


class Host(Protocol):
    """The open store whose files are written, see `Engine`."""

    directory: Path

    @property
    def lock(self) -> "threading.RLock":
        """Held by the thread that uses the store."""
        ...

    def read(self, answer: Callable[[Change], T]) -> T:
        """Ask within one snapshot."""
        ...

    def write(self, act: Callable[[Change], T], *, changes_facts: bool = True) -> T:
        """Act within one write transaction."""
        ...

    def put_pair_out(self, change: Change) -> None:
        """Write `history.json` and `aggregate.json` within a write transaction."""
        ...


class _Stopped(Exception):
    """The store is being closed; it writes what is missing itself."""


class BreakdownPublisher:
    """See the module's docstring. Every method may be called from any thread."""

    def __init__(self, host: Host, on_warning: Callable[[str], None]) -> None:
        self._host = host
        self._warn = on_warning
        self._told = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget threads and locks, which a forked child does not have."""
        self._writer = MonthWriter(self._host.directory, self._host.put_pair_out, self._warn)
        self._timing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._stopped = False
        self._ran_at_s = -EVERY_S
        self._cost_s = 0.0
        self._is_wanted = False

    @property
    def reading(self) -> threading.Lock:
        """Held while the database is read; a fork must wait for it."""
        return self._writer.reading

    # -- when

    def soon(self) -> None:
        """Something was published that may have changed a month: its file follows."""
        self._is_wanted = True
        with self._timing:
            if self._timer is not None or self._stopped:
                return
            rest_s = max(EVERY_S, self._cost_s * (1 / SHARE - 1))
            delay_s = max(FIRST_S, self._ran_at_s + rest_s - time.perf_counter())
            self._timer = threading.Timer(delay_s, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._timing:
            self._timer = None
            if self._stopped:
                return
            self._idle.clear()
        try:
            self.now(is_background=True)
        finally:
            self._idle.set()
        if self._is_wanted:
            self.soon()

    def now(self, *, is_background: bool = False) -> None:
        """Write every month that is due; trouble is told once and tried again later."""
        self._ran_at_s = started_s = time.perf_counter()
        self._is_wanted = False
        try:
            self._let_old_months_go(is_background)
            due = self._in_turn(lambda: self._host.read(self._writer.due), is_background)
            self._write(due, is_background)
            self._told = ""
        except (_Stopped, StoreClosed):
            self._is_wanted = True
        except StoreError as error:
            self._is_wanted = True
            if str(error) != self._told:
                self._warn(str(error))
            self._told = str(error)
        self._ran_at_s = time.perf_counter()
        self._cost_s = self._ran_at_s - started_s

    def _let_old_months_go(self, is_background: bool) -> None:
        """Drop what the setting keeps no longer, and say so."""

        def act(change: Change) -> Backup | None:
            from proxypal.store.dropping import let_old_months_go  # noqa: PLC0415 - if it is set

            return let_old_months_go(change)

        keep = self._in_turn(
            lambda: self._host.read(lambda change: change.state.settings.breakdown_months),
            is_background,
        )
        if keep is None:
            return
        dropped = self._in_turn(lambda: self._host.write(act), is_background)
        if dropped is not None:
            self._warn(
                f"The breakdown of {dropped.note} was dropped, as the settings say; totals stay. "
                f"This brings it back: proxypal restore {dropped.name}"
            )

    def look(self) -> None:
        """After opening: mend files that were lost or changed, and let others follow."""
        if self._host.read(lambda c: breakdown_files.touched_months(c.connection, c.directory)):
            self.now()
        if self._is_wanted or self._host.read(lambda change: bool(change.state.month_changes)):
            self.soon()

    def close(self) -> None:
        """Write what is due, and stop. The caller may hold the store's lock."""
        with self._timing:
            self._stopped = True
            if self._timer is not None:
                self._timer.cancel()
        self._idle.wait()
        if self._is_wanted:
            self.now()

    def _write(self, months: Sequence[str], is_background: bool) -> None:
        staged: list[Staged] = []

        def place(change: Change) -> None:
            self._writer.place(change, staged)

        try:
            try:
                for month in months:
                    staged.append(self._writer.stage(month))  # noqa: PERF401 - kept if a later one fails
            finally:
                if staged:
                    self._in_turn(
                        lambda: self._host.write(place, changes_facts=False), is_background
                    )
        finally:
            self._writer.discard(staged)

    def _in_turn(self, act: Callable[[], T], is_background: bool) -> T:
        """Act while no other thread uses the store; give way to its closing."""
        lock = self._host.lock
        while not lock.acquire(timeout=_STOPPING_S):
            if self._stopped and is_background:
                raise _Stopped
        try:
            return act()
        finally:
            lock.release()
