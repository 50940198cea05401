"""The cells of a query, read from the smallest tables that tell them, and summed up.

Of each sealed part of a day the smallest rollup is read that has all names and hours asked for;
rows that are not sealed are few. What was summed up of sealed parts is remembered by their
numbers, which never come again, so asking once more costs what has changed since. Several queries
of one snapshot read what they have in common once. Everything here runs inside the caller's
snapshot. Must not enter: facts that are no cells, the answer.
"""

import sqlite3
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import chain, repeat
from typing import NamedTuple

from proxypal.records.counters import Counters, total_of
from proxypal.records.imported import Names
from proxypal.records.usage_axes import NAMES
from proxypal.records.usage_query import Query
from proxypal.store.cell_tables import Summing, Table, summed
from proxypal.store.cells import open_table
from proxypal.store.remembered import Remembered
from proxypal.store.rollups import ROLLUPS, kind_for, read_table
from proxypal.store.series import SeriesNames
from proxypal.store.usage_places import Places, days_of

Placed = list[tuple[int, Names, Counters]]
"""Sums by place (see `usage_places`) and names."""


_OF_MOST = frozenset(ROLLUPS["hour-model"])
"""The keys that most questions of a page need: many times fewer rows than with keys, accounts."""


class _Part(NamedTuple):
    part: int
    day: int
    kinds: str


_Marks = tuple[int, int, int]
"""How many parts there are, and the sums of both halves of their numbers.

The numbers are drawn from 2^63, so two sets of parts have the same sums about as often as two
parts have the same number, and this is read in a hundredth of the time of ten years of numbers.
"""


class CellSnapshot:
    """All cells, as one snapshot has them."""

    def __init__(
        self, connection: sqlite3.Connection, names: SeriesNames, remembered: Remembered
    ) -> None:
        self.connection = connection
        self.labels = dict(zip(NAMES, names.labels, strict=True))
        self.remembered = remembered
        self._rows: dict[tuple[int, int], Table] = {}
        self._few: dict[tuple[int, int], Table] = {}

    def rows(self, first_hour: int, end_hour: int, needed: AbstractSet[str]) -> Table:
        """Those that are not sealed, with their hours and at least the names needed.

        They are read once, and summed up for what most questions need when that is asked again.
        """
        hours = first_hour, end_hour
        if hours not in self._rows:
            found = self._rows[hours] = open_table(self.connection, *hours)
            return found
        if not needed <= _OF_MOST:
            return self._rows[hours]
        if hours not in self._few:
            self._few[hours] = summed([self._rows[hours]], tuple(_OF_MOST))
        return self._few[hours]

    def newest_day(self, first: int, end: int) -> int | None:
        """The last of these days that has a sealed part."""
        row = self.connection.execute(
            "SELECT max(day) FROM sealed_cells WHERE day >= ? AND day < ?", (first, end)
        ).fetchone()
        found: int | None = row[0]
        return found

    def marks(self, first: int, end: int) -> _Marks:
        """What is another one when any part of these days is."""
        row = self.connection.execute(
            "SELECT count(*), sum(part & 0xffffffff), sum(part >> 32) FROM sealed_cells "
            "WHERE day >= ? AND day < ?",
            (first, end),
        ).fetchone()
        return row[0], row[1] or 0, row[2] or 0

    def parts(self, first: int, end: int) -> list[_Part]:
        """The sealed parts of these days."""
        rows = self.connection.execute(
            "SELECT part, day, kinds FROM sealed_cells WHERE day >= ? AND day < ? "
            "ORDER BY day, size, part",
            (first, end),
        )
        return [_Part(*row) for row in rows]


class CellReading:
    """The cells that one query asks for."""

    def __init__(self, snapshot: CellSnapshot, query: Query) -> None:
        self._snapshot = snapshot
        self._query = query
        self._labels = snapshot.labels
        self._places = Places(query)
        self._first, self._end = days_of(query.range)
        self._kept = [name for name in NAMES if name in query.by]
        self._admitted = {name: self._admitted_of(name) for name in query.filtered_names}
        self._asked = (
            "cells",
            query.where,
            query.by,
            query.range.since_hour,
            query.range.until_hour,
        )

    def _admitted_of(self, name: str) -> set[int]:
        wanted = [condition for condition in self._query.where if condition.field == name]
        return {
            number
            for number, label in self._labels[name].items()
            if all(condition.admits(label) for condition in wanted)
        }

    def placed(self) -> Placed:
        """What the query asks for of all cells, summed up as far as it allows."""
        newest = self._snapshot.newest_day(self._first, self._end)
        if newest is None:
            return self._of_rows()
        # A day that is not over gets new parts: the days before are remembered by themselves.
        spans = (self._first, newest), (newest, newest + 1)
        marks = [self._snapshot.marks(*span) for span in spans]

        def sum_up() -> Placed:
            return _together(*map(self._of_days, spans, marks))

        sealed = self._snapshot.remembered.get((*self._asked, "all", newest, *marks), sum_up)
        return [*sealed, *self._of_rows()]

    def _of_days(self, span: tuple[int, int], marks: _Marks) -> Placed:
        def sum_up() -> Placed:
            gathered = Summing()
            for part in self._snapshot.parts(*span):
                self._add_part(gathered, part)
            return self._named(gathered)

        return self._snapshot.remembered.get((*self._asked, span, marks), sum_up)

    def _add_part(self, gathered: Summing, part: _Part) -> None:
        needed = {*self._kept, *self._admitted}
        by_hour = self._places.needs_hours or not self._places.is_whole(part.day)
        kind = kind_for(part.kinds.split(","), needed | {"hour"} if by_hour else needed)
        table = read_table(self._snapshot.connection, kind, part.day, part.part)
        if not by_hour:
            table = self._chosen(table)
            self._add(gathered, table, repeat(self._places.of_day(part.day), table.size))
            return
        places = self._places.of_hours(part.day)
        if len(places) < 24:
            table = table.chosen([hour in places for hour in table.column("hour")])
        table = self._chosen(table)
        self._add(gathered, table, [places[hour] for hour in table.column("hour")])

    def _of_rows(self) -> Placed:
        asked = self._query.range
        first = self._first * 24 if asked.since_hour is None else asked.since_hour
        end = self._end * 24 if asked.until_hour is None else asked.until_hour
        needed = {*self._kept, *self._admitted}
        table = self._chosen(self._snapshot.rows(first, end, needed))
        hours = table.column("hour")
        places = {}
        for hour in set(hours):
            day = hour // 24
            if self._places.needs_hours or not self._places.is_whole(day):
                places[hour] = self._places.of_hours(day)[hour % 24]
            else:
                places[hour] = self._places.of_day(day)
        gathered = Summing()
        self._add(gathered, table, [places[hour] for hour in hours])
        return self._named(gathered)

    def _chosen(self, table: Table) -> Table:
        """Only the rows with admitted names."""
        for name, admitted in self._admitted.items():
            table = table.chosen([number in admitted for number in table.column(name)])
        return table

    def _add(self, gathered: Summing, table: Table, places: Iterable[int]) -> None:
        columns = (table.column(name) for name in self._kept)
        gathered.add(zip(places, *columns, strict=True), table)

    def _named(self, gathered: Summing) -> Placed:
        """With names for numbers; one that is only a condition is any of those admitted."""
        any_of = {
            name: self._labels[name][min(admitted)]
            for name, admitted in self._admitted.items()
            if admitted
        }
        known = [any_of.get(name, "") for name in NAMES]
        kept = [(NAMES.index(name), self._labels[name]) for name in self._kept]
        found: Placed = []
        named: dict[tuple[int, ...], Names] = {}
        for key, counters in zip(gathered.places, gathered.counters(), strict=True):
            numbers = key[1:]
            names = named.get(numbers)
            if names is None:
                for (at, labels), number in zip(kept, numbers, strict=True):
                    known[at] = labels[number]
                names = named[numbers] = (known[0], known[1], known[2], known[3], known[4])
            found.append((key[0], names, counters))
        return found


def _together(*parts: Placed) -> Placed:
    found: dict[tuple[int, Names], list[Counters]] = {}
    for place, names, counters in chain.from_iterable(parts):
        found.setdefault((place, names), []).append(counters)
    return [(place, names, total_of(sums)) for (place, names), sums in found.items()]
