"""What queries are answered from, read out of the database: the answer itself is pure.

Everything here runs inside the caller's snapshot. Must not enter: the answer itself
(`records.usage_answer`), how cells are found (`usage_cells.py`).
"""

import sqlite3
from collections.abc import Iterator, Sequence

from proxypal.records.counters import Counters
from proxypal.records.labels import LocalHours, day_label, hour_of_label
from proxypal.records.local_range import LocalRange
from proxypal.records.usage_answer import UsageFacts
from proxypal.records.usage_axes import UNDATED
from proxypal.records.usage_gathering import DayCell
from proxypal.records.usage_notes import Coverage
from proxypal.records.usage_query import Query
from proxypal.store import months
from proxypal.store.day_cells import read_day_cells
from proxypal.store.import_ledger import NAMELESS
from proxypal.store.remembered import Remembered
from proxypal.store.series import SeriesNames, all_series
from proxypal.store.state import Change
from proxypal.store.totals import SELECT_SUMS, counters_from
from proxypal.store.usage_cells import CellReading, CellSnapshot
from proxypal.store.usage_places import END_OF_DAYS, days_of, is_day, time_of
from proxypal.store.usage_sketches import read_sketches_for


class UsageReader:
    """Reads for queries about one database; remembers what only its changes make untrue.

    Not thread-safe. A database that takes the place of another needs another reader.
    """

    def __init__(self, hours: LocalHours) -> None:
        self._hours = hours
        self._remembered = Remembered()
        self._names: SeriesNames | None = None
        self._labels = -1

    def facts(self, change: Change, queries: Sequence[Query]) -> list[UsageFacts]:
        """What each of the queries is answered from, all of one snapshot."""
        names = self._names_in(change.connection)
        snapshot = CellSnapshot(change.connection, names, self._remembered)
        coverage = self._coverage(change)
        return [self._facts(change, query, names, snapshot, coverage) for query in queries]

    def _facts(
        self,
        change: Change,
        query: Query,
        names: SeriesNames,
        snapshot: CellSnapshot,
        coverage: Coverage,
    ) -> UsageFacts:
        placed = CellReading(snapshot, query).placed()
        by_day = [(time_of(at), known, sums) for at, known, sums in placed if is_day(at)]
        sketches = []
        if query.needs_sketches:
            sketches = read_sketches_for(change.connection, query, self._remembered)
        return UsageFacts(
            cells=[(time_of(at), known, sums) for at, known, sums in placed if not is_day(at)],
            days=[*by_day, *self._days(change, query, names, snapshot)],
            sketches=sketches,
            coverage=coverage,
        )

    def _names_in(self, connection: sqlite3.Connection) -> SeriesNames:
        # Names are never deleted or numbered anew.
        (count,) = connection.execute("SELECT count(*) FROM labels").fetchone()
        if self._names is None or count != self._labels:
            self._names, self._labels = all_series(connection), count
        return self._names

    def _coverage(self, change: Change) -> Coverage:
        state = change.state
        # Totals without a day come from old files, which had nothing later than the watermark.
        old_until = self._hours(state.watermark_ms) + 1 if state.watermark_ms else 0
        return Coverage(
            tracked_since_hour=self._hours(state.created_at),
            cells_since_hour=state.cells_since,
            undated_until_hour=max(state.cells_since, old_until),
            dropped_months=months.dropped_months(change.connection),
        )

    def _days(
        self, change: Change, query: Query, names: SeriesNames, snapshot: CellSnapshot
    ) -> Iterator[DayCell]:
        """The sums of days whose hours are unknown, and of those whose names are, too."""
        connection = change.connection
        first, end = days_of(query.range)
        for day, series, counters in read_day_cells(connection, first, end):
            known = names[series]
            yield day, None if known == NAMELESS else known, counters
        for day, counters in self._without_cells(change, first, end, snapshot).items():
            yield day, None, counters
        row = connection.execute(f"{SELECT_SUMS} WHERE scope = 'undated'").fetchone()
        if row is not None:
            yield UNDATED, None, counters_from(row[2:])

    def _without_cells(
        self, change: Change, first: int, end: int, snapshot: CellSnapshot
    ) -> dict[int, Counters]:
        """What is counted of each day and in no cell: dropped, or from before there were any."""
        connection, complete_from = change.connection, -(-change.state.cells_since // 24)
        left = _sums_of_days(connection, first, end, complete_from)
        if not left:
            return left
        days = LocalRange(since_hour=min(left) * 24, until_hour=(max(left) + 1) * 24)
        whole = Query(range=days, by=("day",))
        for place, _, counters in CellReading(snapshot, whole).placed():
            if time_of(place) in left:
                left[time_of(place)].add(counters, sign=-1)
        for day, _, counters in read_day_cells(connection, min(left), max(left) + 1):
            if day in left:
                left[day].add(counters, sign=-1)
        return {day: counters for day, counters in left.items() if counters}


def _sums_of_days(
    connection: sqlite3.Connection, first: int, end: int, complete_from: int
) -> dict[int, Counters]:
    """What is counted of those days that may have less in their cells."""
    dropped = [months.days_of(month) for month in months.dropped_months(connection)]
    found: dict[int, Counters] = {}
    for days in (range(-END_OF_DAYS, complete_from), *dropped):
        since, until = max(first, days.start), min(end, days.stop)
        if since < until:
            rows = connection.execute(
                f"{SELECT_SUMS} WHERE scope = 'day' AND label >= ? AND label < ?",
                (_label(since), _label(until)),
            )
            found.update((hour_of_label(row[1]) // 24, counters_from(row[2:])) for row in rows)
    return found


def _label(day: int) -> str:
    """A day's label; beyond the calendar, what sorts before or behind all."""
    if abs(day) >= END_OF_DAYS:
        return "" if day < 0 else "\U0010ffff"
    return day_label(day * 24)
