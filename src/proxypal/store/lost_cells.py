"""Cells that a store does not have any more: dropped, or lost with a database that was rebuilt.

Whatever was added to such a cell can still be taken off the totals, but not off the cell: none
ever falls below zero. Must not enter: dropping, and rebuilding.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.store.cells import Cells, read_cells
from proxypal.store.day_cells import DayCells, read_day_cells
from proxypal.store.months import month_of, read_drops
from proxypal.store.state import State


class LostCells:
    """What may be missing of what an import or re-pricing added; None for what is recent."""

    def __init__(
        self, connection: sqlite3.Connection, state: State, name: str | None = None
    ) -> None:
        self._connection = connection
        self._complete_from = state.cells_since
        self._dropped = set() if name is None else set(_dropped_with(connection, name))

    def is_dropped(self, day: int) -> bool:
        """Whether what was added to a day then was dropped since."""
        return bool(self._dropped) and month_of(day) in self._dropped

    def of_hours(self, moved: Cells, sign: int = 1) -> Cells:
        """Of changes to cells (added, or taken off with `sign` -1) those that can be made."""
        doubtful = {hour for hour, _ in moved if hour < self._complete_from}
        there: Cells = {}
        for day in {hour // 24 for hour in doubtful}:
            found = read_cells(self._connection, day * 24, day * 24 + 24)
            _gather(there, found, moved)
        return {
            place: sums
            for place, sums in moved.items()
            if not self.is_dropped(place[0] // 24)
            and (place[0] not in doubtful or _holds(there.get(place), sums, sign))
        }

    def of_days(self, moved: DayCells, sign: int = 1) -> DayCells:
        """As `of_hours`, for the sums of days whose hours are unknown."""
        doubtful = {day for day, _ in moved if day * 24 < self._complete_from}
        there: DayCells = {}
        for day in doubtful:
            _gather(there, read_day_cells(self._connection, day, day + 1), moved)
        return {
            place: sums
            for place, sums in moved.items()
            if not self.is_dropped(place[0])
            and (place[0] not in doubtful or _holds(there.get(place), sums, sign))
        }


def _dropped_with(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    """Months that were dropped while what this backup stands for was in their cells."""
    for month, _, held in read_drops(connection):
        if name in held:
            yield month


def _gather(into: Cells, found: Iterable[tuple[int, int, Counters]], wanted: Cells) -> None:
    for time, series, counters in found:
        if (time, series) in wanted:
            into.setdefault((time, series), Counters()).add(counters)


def _holds(there: Counters | None, change: Counters, sign: int) -> bool:
    """Whether a cell has what a change takes off it."""
    if there is None:
        return sign * change.requests > 0
    after = Counters()
    after.add(there)
    after.add(change, sign)
    return after.success >= 0 and all(getattr(after, name) >= 0 for name in COUNTER_FIELDS)
