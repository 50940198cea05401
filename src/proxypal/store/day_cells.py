"""Sums of a local day and series whose hours nobody knows: totals that were imported.

Must not enter: cells with an hour (`cells.py`), what a total is made of.
"""

import sqlite3
from collections.abc import Iterator

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.store.totals import ADD_UP, counters_from, signed_values

DayCells = dict[tuple[int, int], Counters]
"""Counters by day (since 1970-01-01) and series number."""

_NAMES = ", ".join(COUNTER_FIELDS)
_ADD = (
    f"INSERT INTO day_cells (day, series, {_NAMES}) "
    f"VALUES (?, ?, {', '.join('?' * len(COUNTER_FIELDS))}) "
    f"ON CONFLICT (day, series) DO UPDATE SET {ADD_UP}"
)


def add_day_cells(connection: sqlite3.Connection, cells: DayCells, sign: int = 1) -> None:
    """Add to the sums of days, or take off with `sign` -1; what comes to nothing goes."""
    connection.executemany(
        _ADD, [(*place, *signed_values(counters, sign)) for place, counters in cells.items()]
    )
    if sign < 0:
        found = read_day_cells(connection)
        empty = [(day, series) for day, series, counters in found if not counters]
        connection.executemany("DELETE FROM day_cells WHERE day = ? AND series = ?", empty)


def read_day_cells(
    connection: sqlite3.Connection, first_day: int = -(2**40), end_day: int = 2**40
) -> Iterator[tuple[int, int, Counters]]:
    """(day, series, counters) of some days."""
    rows = connection.execute(
        f"SELECT day, series, {_NAMES} FROM day_cells WHERE day >= ? AND day < ?",
        (first_day, end_day),
    )
    for day, series, *values in rows:
        yield day, series, counters_from(values)
