"""Four bytes that recognise an attempt or a request for ever, gathered by day.

A row holds the keys of one batch; when a day has many rows they are folded into one. Equal keys
of a day are as many as were counted: two attempts within one millisecond stay two. Must not
enter: what a key is made of (`records.natural_key`).
"""

import sqlite3
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable

from proxypal.records.natural_key import KeyKind as Kind

LIVE = ""
"""The origin of what was captured, not imported."""

DAY_MS = 86_400_000
_ROWS_A_DAY = 64


def add_keys(
    connection: sqlite3.Connection,
    kind: Kind,
    keys: Iterable[tuple[int, int]],
    origin: str = LIVE,
) -> None:
    """Remember keys, each with the Unix milliseconds it belongs to: (ms, key of 32 bits)."""
    days: dict[int, list[int]] = defaultdict(list)
    for moment_ms, key in keys:
        days[moment_ms // DAY_MS].append(key)
    for day, found in days.items():
        connection.execute(
            "INSERT INTO day_keys (kind, day, origin, body) VALUES (?, ?, ?, ?)",
            (kind, day, origin, _pack(found)),
        )
        (rows,) = connection.execute(
            "SELECT count(*) FROM day_keys WHERE kind = ? AND day = ? AND origin = ?",
            (kind, day, origin),
        ).fetchone()
        if rows > _ROWS_A_DAY:
            _fold(connection, kind, day, origin)


def _fold(connection: sqlite3.Connection, kind: Kind, day: int, origin: str) -> None:
    where = "WHERE kind = ? AND day = ? AND origin = ?"
    bodies = connection.execute(f"SELECT body FROM day_keys {where}", (kind, day, origin))
    folded = b"".join(body for (body,) in bodies)
    connection.execute(f"DELETE FROM day_keys {where}", (kind, day, origin))
    connection.execute(
        "INSERT INTO day_keys (kind, day, origin, body) VALUES (?, ?, ?, ?)",
        (kind, day, origin, folded),
    )


def days_between(connection: sqlite3.Connection, kind: Kind, first: int, last: int) -> list[int]:
    """Of these days, both included, the ones with keys: a log may claim a request of centuries."""
    rows = connection.execute(
        "SELECT DISTINCT day FROM day_keys WHERE kind = ? AND day BETWEEN ? AND ?",
        (kind, first, last),
    )
    return [day for (day,) in rows]


def keys_of_day(connection: sqlite3.Connection, kind: Kind, day: int) -> Counter[int]:
    """How often each key of a day (days since 1970 in UTC) was counted, whatever brought it."""
    found: Counter[int] = Counter()
    for (body,) in connection.execute(
        "SELECT body FROM day_keys WHERE kind = ? AND day = ?", (kind, day)
    ):
        found.update(_unpack(body))
    return found


def imported_keys(connection: sqlite3.Connection, kind: Kind, day: int) -> Counter[int]:
    """As `keys_of_day`, of what imports brought only."""
    found: Counter[int] = Counter()
    for (body,) in connection.execute(
        "SELECT body FROM day_keys WHERE kind = ? AND day = ? AND origin != ?", (kind, day, LIVE)
    ):
        found.update(_unpack(body))
    return found


def live_keys(connection: sqlite3.Connection, kind: Kind, since_day: int) -> dict[int, bytes]:
    """The keys of what was captured, by day, for `count_keys`."""
    rows = connection.execute(
        "SELECT day, body FROM day_keys WHERE kind = ? AND day >= ? AND origin = ?",
        (kind, since_day, LIVE),
    )
    found: dict[int, bytes] = defaultdict(bytes)
    for day, body in rows:
        found[day] += body
    return dict(found)


def count_keys(body: bytes) -> Counter[int]:
    """How often each of these keys is there."""
    return Counter(_unpack(body))


def days_of_origin(connection: sqlite3.Connection, origin: str) -> list[int]:
    """The days of which an import brought keys."""
    rows = connection.execute("SELECT DISTINCT day FROM day_keys WHERE origin = ?", (origin,))
    return [day for (day,) in rows]


def forget_origin(connection: sqlite3.Connection, origin: str) -> None:
    """Drop the keys that an import brought."""
    connection.execute("DELETE FROM day_keys WHERE origin = ?", (origin,))


def _pack(keys: list[int]) -> bytes:
    packed = array("I", keys)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(body: bytes) -> "array[int]":
    keys = array("I")
    keys.frombytes(body)
    if sys.byteorder == "big":
        keys.byteswap()
    return keys
