"""Attempts that a usage queue told of before a database was lost: told again, they are known.

What recognises them otherwise is lost with it, but not the keys of four bytes of attempts and
request ids (`day_keys.py`). Must not enter: what imports brought.
"""

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from proxypal.store.day_keys import DAY_MS, count_keys, live_keys

if TYPE_CHECKING:
    from collections import Counter

_NAME = "told before the database was lost"


class _Told(msgspec.Struct, array_like=True, frozen=True):
    """Keys of attempts by day, and of request ids. Asked about what began before `lost_at_ms`.

    Requests that were told of then have numbers of arrival up to `last_arrival`.
    """

    lost_at_ms: int
    until_ms: int
    attempts: dict[int, bytes]
    ids: bytes
    last_arrival: int = 2**62


def remember_told(
    connection: sqlite3.Connection, now_ms: int, window_ms: int, last_arrival: int
) -> None:
    """Keep apart, in a rebuilt database, which attempts of the last days it was told of."""
    since_day = now_ms // DAY_MS - 1
    attempts = live_keys(connection, "attempt", since_day)
    if attempts:
        ids = b"".join(live_keys(connection, "request", since_day).values())
        told = _Told(now_ms, now_ms + window_ms, attempts, ids, last_arrival)
        body = msgspec.msgpack.encode(told)
        connection.execute("INSERT OR REPLACE INTO caches VALUES (?, ?)", (_NAME, body))


class ToldBefore:
    """What one transaction knows of them."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        row = connection.execute("SELECT body FROM caches WHERE name = ?", (_NAME,)).fetchone()
        told = None if row is None else msgspec.msgpack.decode(row[0], type=_Told)
        if told is not None and told.until_ms < now_ms:
            connection.execute("DELETE FROM caches WHERE name = ?", (_NAME,))
            told = None
        self._told = told
        self._left: dict[int, Counter[int]] = {}
        self._ids: Counter[int] | None = None

    @property
    def last_arrival(self) -> int:
        """The last request that a lost database had; 0 if none was lost."""
        return 0 if self._told is None else self._told.last_arrival

    def takes(self, started_ms: int, key: int, request: int | None, *, is_request: bool) -> bool:
        """Whether an attempt is one of them, which is then not asked about again.

        Args:
            started_ms: when it began, Unix milliseconds.
            key: of the attempt.
            request: the key of its request's id, None without one: two requests may well begin
                in one millisecond.
            is_request: whether the queue is known to have told of its request in another way
                before the loss.
        """
        if self._told is None or started_ms > self._told.lost_at_ms:
            return False
        day = started_ms // DAY_MS
        if day not in self._left:
            self._left[day] = count_keys(self._told.attempts.get(day, b""))
        left = self._left[day]
        if left[key] < 1 or not (is_request or request is None or self._has_id(request)):
            return False
        left[key] -= 1
        return True

    def _has_id(self, request: int) -> bool:
        if self._ids is None:
            self._ids = count_keys(b"" if self._told is None else self._told.ids)
        return request in self._ids
