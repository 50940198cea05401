"""Sums of one local hour and series: the bounded answer to every question about a range.

Recent cells are rows that a request can add to. The rows of an older day, and rows that become
many, are sealed: packed into one part of their day, a tenth of the size, with rollups beside it
(`rollups.py`) so that most questions need not read it. Whatever comes to a sealed hour, or is
taken off it, is a row again; rows and parts add up. A part is never changed, only replaced
together with others by their sum, so what was read of one holds as long as its number is there.
Must not enter: what the sums mean.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.store.cell_tables import (
    KEYS,
    NAMES,
    Table,
    decode_table,
    encode_table,
    summed,
    table_of,
)
from proxypal.store.rollups import drop_parts, write_part
from proxypal.store.totals import ADD_UP, counter_values, counters_from, signed_values

Cells = dict[tuple[int, int], Counters]
"""Counters by local hour and series number."""

DAYS_OPEN = 2

OPEN_AT_MOST = 2048
"""Rows beyond which they are sealed, of whatever day: a question must read them all."""

_MERGED_AT_ONCE = 4
"""Parts of about one size, of a day that is not over, that are made one."""

_NAMES = ", ".join(COUNTER_FIELDS)
_ADD = (
    f"INSERT INTO cells (hour, series, {_NAMES}) "
    f"VALUES (?, ?, {', '.join('?' * len(COUNTER_FIELDS))}) "
    f"ON CONFLICT (hour, series) DO UPDATE SET {ADD_UP}"
)
_SELECT = f"SELECT hour, series, {_NAMES} FROM cells"


def add_cells(connection: sqlite3.Connection, cells: Cells, sign: int = 1) -> None:
    """Add to the cells, or take off with `sign` -1."""
    connection.executemany(
        _ADD,
        [
            (hour, series, *signed_values(counters, sign))
            for (hour, series), counters in cells.items()
        ],
    )


def read_cells(
    connection: sqlite3.Connection, since_hour: int = 0, until_hour: int | None = None
) -> Iterator[tuple[int, int, Counters]]:
    """(hour, series, counters) from `since_hour` up to before `until_hour`, in no order.

    A cell may come in several parts: sealed ones, and a row that was added since.
    """
    end = 2**40 if until_hour is None else until_hour
    sealed = connection.execute(
        "SELECT day, body FROM sealed_cells WHERE day BETWEEN ? AND ?",
        (since_hour // 24, end // 24),
    )
    for day, body in sealed:
        table = decode_table(body)
        hours, series = table.column("hour"), table.series()
        for row, counters in table.rows():
            if since_hour <= day * 24 + hours[row] < end:
                yield day * 24 + hours[row], series[row], counters
    for hour, number, *values in connection.execute(
        f"{_SELECT} WHERE hour >= ? AND hour < ?", (since_hour, end)
    ):
        yield hour, number, counters_from(values)


def open_table(connection: sqlite3.Connection, since_hour: int, until_hour: int) -> Table:
    """The rows that are not sealed, by local hour since 1970."""
    return table_of(
        connection.execute(
            f"{_SELECT} WHERE hour >= ? AND hour < ?", (since_hour, until_hour)
        ).fetchall()
    )


def seal(connection: sqlite3.Connection, newest_hour: int) -> None:
    """Make one part of each day but the last ones before `newest_hour`."""
    end = newest_hour // 24 - DAYS_OPEN
    days = _open_days(connection, end)
    rows = connection.execute(
        "SELECT day FROM sealed_cells WHERE day < ? GROUP BY day HAVING count(*) > 1", (end,)
    )
    days.update(day for (day,) in rows)
    for day in sorted(days):
        parts = _parts_of(connection, day)
        _replace(connection, day, [part for part, _ in parts], [_taken(connection, day)])


def fold(connection: sqlite3.Connection) -> None:
    """Seal all rows where they have become many."""
    (count,) = connection.execute("SELECT count(*) FROM cells").fetchone()
    if count <= OPEN_AT_MOST:
        return
    for day in sorted(_open_days(connection, 2**40)):
        _replace(connection, day, [], [_taken(connection, day)])
        alike = _of_one_size(_parts_of(connection, day))
        if len(alike) >= _MERGED_AT_ONCE:
            _replace(connection, day, alike, [])


def _open_days(connection: sqlite3.Connection, end: int) -> set[int]:
    """Days before this one that have rows."""
    rows = connection.execute("SELECT DISTINCT hour FROM cells WHERE hour < ?", (end * 24,))
    return {hour // 24 for (hour,) in rows}


def _of_one_size(parts: Iterable[tuple[int, int]]) -> list[int]:
    """The smallest parts of a day, up to one that is larger than all before it together."""
    alike: list[int] = []
    together = 0
    for part, size in sorted(parts, key=lambda found: found[1]):
        if alike and size > 2 * together:
            break
        alike.append(part)
        together += size
    return alike


def _parts_of(connection: sqlite3.Connection, day: int) -> list[tuple[int, int]]:
    """(number, size) of each part of a day."""
    return connection.execute(
        "SELECT part, size FROM sealed_cells WHERE day = ?", (day,)
    ).fetchall()


def _taken(connection: sqlite3.Connection, day: int) -> Table:
    """The rows of a day, which are there no more."""
    table = _open_of(connection, day)
    connection.execute("DELETE FROM cells WHERE hour >= ? AND hour < ?", (day * 24, day * 24 + 24))
    return table


def _open_of(connection: sqlite3.Connection, day: int) -> Table:
    """The rows of a day, by the hour of it."""
    first = day * 24
    return table_of(
        connection.execute(
            f"SELECT hour - ?, series, {_NAMES} FROM cells WHERE hour >= ? AND hour < ?",
            (first, first, first + 24),
        ).fetchall()
    )


def _replace(
    connection: sqlite3.Connection, day: int, parts: Sequence[int], tables: Sequence[Table]
) -> None:
    """Make one part of some of a day and of tables; what was brought back to nothing goes."""
    bodies = [_body(connection, part) for part in parts]
    whole = summed([*map(decode_table, bodies), *tables], KEYS)
    drop_parts(connection, parts)
    if whole.size:
        write_part(connection, day, whole)


def _body(connection: sqlite3.Connection, part: int) -> bytes:
    row = connection.execute("SELECT body FROM sealed_cells WHERE part = ?", (part,)).fetchone()
    return bytes(row[0])


def delete_cells(connection: sqlite3.Connection) -> None:
    """Delete every cell."""
    for table in ("cells", "sealed_cells", "rollups"):
        connection.execute(f"DELETE FROM {table}")


def delete_days(connection: sqlite3.Connection, days: range) -> None:
    """Delete every cell of these days."""
    connection.execute(
        "DELETE FROM cells WHERE hour >= ? AND hour < ?", (days.start * 24, days.stop * 24)
    )
    parts = connection.execute(
        "SELECT part FROM sealed_cells WHERE day >= ? AND day < ?", (days.start, days.stop)
    )
    drop_parts(connection, [part for (part,) in parts.fetchall()])


def cell_days(connection: sqlite3.Connection, days: range) -> set[int]:
    """Those of these days that have cells."""
    rows = connection.execute(
        "SELECT day FROM sealed_cells WHERE day >= ? AND day < ? "
        "UNION SELECT hour / 24 FROM cells WHERE hour >= ? AND hour < ?",
        (days.start, days.stop, days.start * 24, days.stop * 24),
    )
    return {day for (day,) in rows}


def day_body(connection: sqlite3.Connection, day: int) -> bytes:
    """All cells of a day as one part has them; empty for none."""
    rows, parts = _open_of(connection, day), _parts_of(connection, day)
    if len(parts) == 1 and not rows.size:
        return _body(connection, parts[0][0])
    whole = summed([*(decode_table(_body(connection, part)) for part, _ in parts), rows], KEYS)
    return encode_table(whole) if whole.size else b""


def pack_cells(cells: Cells) -> bytes:
    """The cells of one day (hours from 0 to 23) as a part has them; empty for none."""
    rows = [(*place, *counter_values(counters)) for place, counters in cells.items() if counters]
    return encode_table(summed([table_of(rows)], KEYS)) if rows else b""


def unpack_cells(body: bytes) -> Cells:
    """The reverse of `pack_cells`."""
    if not body:
        return {}
    table = decode_table(body)
    places = zip(table.column("hour"), table.series(), strict=True)
    return dict(zip(places, (counters for _, counters in table.rows()), strict=True))


def names_and_requests(body: bytes) -> tuple[tuple[frozenset[int], ...], int]:
    """Which numbers each kind of name has in a day's cells, and how many requests."""
    table = decode_table(body) if body else Table(0, {}, {})
    numbers = tuple(frozenset(table.column(name)) for name in NAMES)
    return numbers, sum(table.sums.get("requests", ()))


def put_day_body(connection: sqlite3.Connection, day: int, body: bytes) -> None:
    """Put all cells of a day there, where there are none of it yet."""
    if body:
        write_part(connection, day, decode_table(body))
