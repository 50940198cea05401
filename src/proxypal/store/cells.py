"""Sums of one local hour and series: the bounded answer to every question about a range.

A recent day's cells are rows that a request can add to; an older day is sealed into one
compressed row, a tenth of the size. Both add up: a late request for a sealed day makes a row,
which the next sealing folds in. Must not enter: what the sums mean.
"""

import sqlite3
import zlib
from collections.abc import Iterator

import msgspec

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.store.totals import ADD_UP, counter_values, counters_from, signed_values

Cells = dict[tuple[int, int], Counters]
"""Counters by local hour and series number."""

SERIES_BITS = 22
"""A cell's key is its hour shifted by so many bits, plus its series: one small integer."""

DAYS_OPEN = 2

_NAMES = ", ".join(COUNTER_FIELDS)
_ADD = (
    f"INSERT INTO cells (place, {_NAMES}) VALUES (?, {', '.join('?' * len(COUNTER_FIELDS))}) "
    f"ON CONFLICT (place) DO UPDATE SET {ADD_UP}"
)
_SELECT = f"SELECT place, {_NAMES} FROM cells"
_SealedRow = list[int | str]


def add_cells(connection: sqlite3.Connection, cells: Cells, sign: int = 1) -> None:
    """Add to the cells, or take off with `sign` -1."""
    connection.executemany(
        _ADD,
        [
            (hour << SERIES_BITS | series, *signed_values(counters, sign))
            for (hour, series), counters in cells.items()
        ],
    )


def read_cells(
    connection: sqlite3.Connection, since_hour: int = 0, until_hour: int | None = None
) -> Iterator[tuple[int, int, Counters]]:
    """(hour, series, counters) from `since_hour` up to before `until_hour`, in no order.

    A cell may come in two parts: a sealed one and a row that was added since.
    """
    end = 2**40 if until_hour is None else until_hour
    sealed = connection.execute(
        "SELECT day, body FROM sealed_cells WHERE day BETWEEN ? AND ?",
        (since_hour // 24, end // 24),
    )
    for day, body in sealed:
        for hour, series, *values in _unpack(body):
            if since_hour <= day * 24 + int(hour) < end:
                yield day * 24 + int(hour), int(series), counters_from(values)
    rows = connection.execute(
        f"{_SELECT} WHERE place >= ? AND place < ?",
        (since_hour << SERIES_BITS, end << SERIES_BITS),
    )
    for place, *values in rows:
        yield place >> SERIES_BITS, place & ((1 << SERIES_BITS) - 1), counters_from(values)


def seal(connection: sqlite3.Connection, newest_hour: int) -> None:
    """Fold the rows of all but the last days before `newest_hour` into sealed days."""
    end = (newest_hour // 24 - DAYS_OPEN) * 24 << SERIES_BITS
    rows = connection.execute(f"{_SELECT} WHERE place < ?", (end,)).fetchall()
    days: dict[int, Cells] = {}
    for place, *values in rows:
        hour, series = place >> SERIES_BITS, place & ((1 << SERIES_BITS) - 1)
        days.setdefault(hour // 24, {})[hour % 24, series] = counters_from(values)
    for day, cells in days.items():
        _seal_day(connection, day, cells)
    if rows:
        connection.execute("DELETE FROM cells WHERE place < ?", (end,))


def _seal_day(connection: sqlite3.Connection, day: int, cells: Cells) -> None:
    row = connection.execute("SELECT body FROM sealed_cells WHERE day = ?", (day,)).fetchone()
    for hour, series, *values in _unpack(row[0]) if row is not None else ():
        key = (int(hour), int(series))
        cells.setdefault(key, Counters()).add(counters_from(values))
    # What an undo brought back to nothing goes here.
    packed = [
        [*key, *counter_values(counters)] for key, counters in sorted(cells.items()) if counters
    ]
    connection.execute(
        "INSERT OR REPLACE INTO sealed_cells (day, body) VALUES (?, ?)",
        (day, zlib.compress(msgspec.msgpack.encode(packed))),
    )


def _unpack(body: bytes) -> list[_SealedRow]:
    return msgspec.msgpack.decode(zlib.decompress(body), type=list[_SealedRow])


def delete_cells(connection: sqlite3.Connection) -> None:
    """Delete every cell."""
    connection.execute("DELETE FROM cells")
    connection.execute("DELETE FROM sealed_cells")
