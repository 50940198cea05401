"""Where the join window ends: by age, by the number of requests it holds, by what a loss left.

Numbers of arrival say nothing of it: a rebuilt database skips some, and a log read from long ago
takes others. Must not enter: what is remembered of a request (`joining.py`).
"""

import sqlite3

from proxypal.store.values import StoreSettings

COUNTED_EVERY = 512
"""Requests between two counts: each reads the keys of the whole window."""

_LOOKED_AT_ONCE = 200
_CUT = "join window cut until"


def let_old_go(connection: sqlite3.Connection, now_ms: int, settings: StoreSettings) -> None:
    """Drop what is too old, a little at a time."""
    connection.execute(
        "DELETE FROM join_window WHERE first <= (SELECT max(first) FROM (SELECT first, arrived_at "
        "FROM join_window ORDER BY first LIMIT ?) WHERE arrived_at < ?)",
        (_LOOKED_AT_ONCE, now_ms - settings.join_window_ms),
    )


def let_excess_go(connection: sqlite3.Connection, coming: int, settings: StoreSettings) -> None:
    """Drop the oldest beyond the window's size, to make room for `coming` requests."""
    (held,) = connection.execute("SELECT sum(last - first + 1) FROM join_window").fetchone()
    excess = (held or 0) + coming - settings.join_window_requests
    gone, arrived_at = 0, 0
    batches = connection.execute("SELECT first, last, arrived_at FROM join_window ORDER BY first")
    for first, last, moment_ms in batches:
        excess -= last - first + 1
        if excess < 0:
            break
        gone, arrived_at = first, max(arrived_at, moment_ms)
    batches.close()
    if gone:
        connection.execute("DELETE FROM join_window WHERE first <= ?", (gone,))
        note_cut(connection, arrived_at + settings.join_window_ms)


def note_cut(connection: sqlite3.Connection, until_ms: int) -> None:
    """The window lacks requests that age would have left in it until this moment."""
    until_ms = max(until_ms, _cut_until_ms(connection))
    connection.execute("INSERT OR REPLACE INTO caches VALUES (?, ?)", (_CUT, str(until_ms)))


def is_cut(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Whether requests may be missing from the window that are not too old for it."""
    return now_ms <= _cut_until_ms(connection)


def _cut_until_ms(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT body FROM caches WHERE name = ?", (_CUT,)).fetchone()
    return 0 if row is None else int(row[0])
