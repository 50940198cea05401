"""Spans of time for which a source has told everything: `queue …`, `log …`, `import …`.

Must not enter: what follows from being covered.
"""

import sqlite3

from proxypal.store.values import Span

_PAUSE_MS = 86_400_000

TOUCHING_MS = 1_000
"""Spans so near to each other are one: nothing can have been missed in between."""


def add_span(connection: sqlite3.Connection, source: str, span: Span) -> None:
    """Remember that `source` covers a span; spans that touch become one."""
    touched = connection.execute(
        "SELECT from_ms, until_ms FROM covered WHERE source = ? AND from_ms <= ? AND until_ms >= ?",
        (source, span.until_ms + TOUCHING_MS, span.from_ms - TOUCHING_MS),
    ).fetchall()
    from_ms = min([span.from_ms, *(row[0] for row in touched)])
    until_ms = max([span.until_ms, *(row[1] for row in touched)])
    if touched == [(from_ms, until_ms)]:
        return
    connection.executemany(
        "DELETE FROM covered WHERE source = ? AND from_ms = ?",
        [(source, row[0]) for row in touched],
    )
    connection.execute("INSERT INTO covered VALUES (?, ?, ?)", (source, from_ms, until_ms))


def extend_span(
    connection: sqlite3.Connection, source: str, span: Span, *, is_continued: bool
) -> None:
    """As `add_span`, for what is read in order: a pause before it is covered as well.

    Of a log that was read from its beginning (`is_continued` false) that is known for a day only.
    """
    (last_ms,) = connection.execute(
        "SELECT max(until_ms) FROM covered WHERE source = ? AND until_ms <= ?",
        (source, span.from_ms),
    ).fetchone()
    if last_ms is not None and (is_continued or span.from_ms - last_ms <= _PAUSE_MS):
        span = Span(last_ms, span.until_ms)
    add_span(connection, source, span)


def is_covered(connection: sqlite3.Connection, prefix: str, from_ms: int, until_ms: int) -> bool:
    """Whether one source whose name begins with `prefix` covers a whole span.

    Give the same moment twice to ask about a moment.
    """
    row = connection.execute(
        "SELECT 1 FROM covered WHERE source >= ? AND source < ? AND from_ms <= ? "
        "AND until_ms >= ? LIMIT 1",
        (prefix, prefix + "\U0010ffff", from_ms, until_ms),
    ).fetchone()
    return row is not None


def newest_spans(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """(source, from, until) of the newest spans, a hundred at most: what a rebuilt store needs."""
    rows = connection.execute("SELECT * FROM covered ORDER BY until_ms DESC LIMIT 100")
    return sorted((row[0], row[1], row[2]) for row in rows)


def forget_source(connection: sqlite3.Connection, source: str) -> None:
    """Drop all spans of a source."""
    connection.execute("DELETE FROM covered WHERE source = ?", (source,))
