"""The step from version 2 to 3: series get the numbers of their names, and days become parts.

Version 2 had a row for each series; here is all that is left of its form. Must not enter: what
later versions do.
"""

import sqlite3
import zlib

import msgspec

from proxypal.records.counters import COUNTER_FIELDS
from proxypal.records.labels import hour_of_label
from proxypal.store.cell_tables import KEYS, summed, table_of
from proxypal.store.rollups import write_part
from proxypal.store.series import MASKS, SeriesIndex

_SERIES_BITS = 22
_PLACE_OF_SERIES = 5
"""In a request of the join window."""

_NAMES = ", ".join(COUNTER_FIELDS)


def renumber(connection: sqlite3.Connection) -> None:
    """Bring over what the renamed tables of version 2 hold, and drop them."""
    rows = connection.execute(
        "SELECT id, provider, model, api_key, account, source FROM old_series"
    ).fetchall()
    keys = {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}
    admitted = SeriesIndex().admit(connection, keys.values(), min(MASKS))
    numbers = {old: admitted[key][0] for old, key in keys.items()}
    _cells(connection, numbers)
    _join_window(connection, numbers)
    for table in ("old_series", "old_cells", "old_sealed_cells"):
        connection.execute(f"DROP TABLE {table}")
    _mark_what_is_known(connection)


def _cells(connection: sqlite3.Connection, numbers: dict[int, int]) -> None:
    mask = (1 << _SERIES_BITS) - 1
    connection.executemany(
        f"INSERT INTO cells VALUES ({', '.join('?' * (2 + len(COUNTER_FIELDS)))})",
        [
            (place >> _SERIES_BITS, numbers[place & mask], *values)
            for place, *values in connection.execute(f"SELECT place, {_NAMES} FROM old_cells")
        ],
    )
    sealed = connection.execute("SELECT day, body FROM old_sealed_cells").fetchall()
    for day, body in sealed:
        packed = msgspec.msgpack.decode(zlib.decompress(body), type=list[list[int | str]])
        rows = [(hour, numbers[int(series)], *values) for hour, series, *values in packed]
        if rows:
            write_part(connection, day, summed([table_of(rows)], KEYS))


def _join_window(connection: sqlite3.Connection, numbers: dict[int, int]) -> None:
    batches = connection.execute("SELECT first, body FROM join_window").fetchall()
    for first, body in batches:
        batch = msgspec.msgpack.decode(body)
        for request in batch:
            request[_PLACE_OF_SERIES] = numbers[request[_PLACE_OF_SERIES]]
        values = (msgspec.msgpack.encode(batch), first)
        connection.execute("UPDATE join_window SET body = ? WHERE first = ?", values)


def _mark_what_is_known(connection: sqlite3.Connection) -> None:
    """No day so far has sketches; where files were imported, not every request has a cell."""
    (last,) = connection.execute("SELECT max(label) FROM sums WHERE scope = 'day'").fetchone()
    if last is None:
        return
    after = hour_of_label(last) + 24
    connection.execute("UPDATE state SET sketches_since = ?", (after // 24,))
    connection.execute(
        "UPDATE state SET cells_since = max(cells_since, ?) "
        "WHERE EXISTS (SELECT 1 FROM undo_log WHERE kind IN ('import', 'migration'))",
        (after,),
    )
