"""Scrubbed payloads of the usage queue: beside the recent requests, and those nobody understands.

Must not enter: reading a payload.
"""

import sqlite3
from collections.abc import Iterable, Sequence

UNREAD_KEPT = 1_000
"""The newest payloads that were not understood; how many there were in all is counted."""

_AT_MOST_BYTES = 64 * 1024
"""Of one request: a socket or a retry storm must not grow a row without bound."""


def keep_payloads(connection: sqlite3.Connection, payloads: Iterable[tuple[int, bytes]]) -> None:
    """Add payloads, each with the arrival of its request, to those that are kept."""
    connection.executemany(
        # Of two blobs || makes a text.
        "INSERT INTO payloads (arrival, body) VALUES (?, ?) ON CONFLICT (arrival) DO UPDATE "
        "SET body = CAST(body || x'0a' || excluded.body AS BLOB) "
        f"WHERE length(body) < {_AT_MOST_BYTES}",
        [(arrival, payload) for arrival, payload in payloads if payload],
    )


def let_payloads_go(connection: sqlite3.Connection) -> None:
    """Delete the payloads of requests that are no longer in history."""
    connection.execute("DELETE FROM payloads WHERE arrival NOT IN (SELECT arrival FROM requests)")


def read_payloads(connection: sqlite3.Connection, arrival: int) -> list[bytes]:
    """What the queue told of a request, in the order it was told."""
    row = connection.execute("SELECT body FROM payloads WHERE arrival = ?", (arrival,)).fetchone()
    return [] if row is None else bytes(row[0]).split(b"\n")


def keep_unread(
    connection: sqlite3.Connection, source: str, payloads: Sequence[bytes], now_ms: int
) -> None:
    """Keep payloads for a version that understands them; the oldest make room."""
    if not payloads:
        return
    connection.executemany(
        "INSERT INTO unread_payloads (source, received_at, body) VALUES (?, ?, ?)",
        [(source, now_ms, payload) for payload in payloads[-UNREAD_KEPT:]],
    )
    connection.execute(
        "DELETE FROM unread_payloads WHERE id <= (SELECT max(id) FROM unread_payloads) - ?",
        (UNREAD_KEPT,),
    )


def forget_payloads(connection: sqlite3.Connection) -> None:
    """Delete all of them."""
    connection.execute("DELETE FROM payloads")
    connection.execute("DELETE FROM unread_payloads")
