"""Answers out of the database. Everything here runs inside the caller's snapshot."""

import sqlite3
from typing import Any

from proxypal.records.aggregate import RequestHistory
from proxypal.records.counters import Counters
from proxypal.records.labels import day_label, hour_label, hour_of_label
from proxypal.records.request import UNKNOWN, decode_request
from proxypal.store.breakdown_files import wanted_numbers
from proxypal.store.cells import read_cells
from proxypal.store.covering import newest_spans
from proxypal.store.joining import decode_batch
from proxypal.store.months import read_drops
from proxypal.store.publication import Moment, UndoEntry
from proxypal.store.series import KINDS, all_series
from proxypal.store.state import State
from proxypal.store.totals import SELECT_SUMS, counters_from, read_sums
from proxypal.store.values import Gap, GroupBy, Positions, QueueState, StoredPosition, UsageRow

_END_OF_TIME = 2**26
"""A local hour in the year 9625: an open end."""

_GAPS_PUBLISHED = 100

_QUEUE_FIELDS = QueueState.__struct_fields__

_AFTER_ALL = "\U0010ffff"
"""Sorts behind every label."""


def read_rows(connection: sqlite3.Connection, limit: int) -> list[tuple[int, bytes]]:
    """(arrival, body) of the most recent requests, oldest first."""
    rows = connection.execute(
        "SELECT arrival, body FROM requests ORDER BY timestamp DESC, arrival DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return rows[::-1]


def read_history(connection: sqlite3.Connection, limit: int) -> RequestHistory:
    """The most recent requests, oldest first."""
    return RequestHistory(
        requests=[decode_request(body) for _, body in read_rows(connection, limit)]
    )


def read_span(connection: sqlite3.Connection, limit: int) -> tuple[int, int | None, int | None]:
    """How many requests history holds, and the first and last timestamp."""
    row = connection.execute(
        "SELECT count(*), min(timestamp), max(timestamp) FROM (SELECT timestamp FROM requests "
        "ORDER BY timestamp DESC, arrival DESC LIMIT ?)",
        (limit,),
    ).fetchone()
    return row[0], row[1], row[2]


def read_positions(connection: sqlite3.Connection, generation: int) -> Positions:
    """Every stored source position."""
    rows = connection.execute("SELECT id, source, version, state FROM positions ORDER BY id")
    return Positions(
        generation,
        [StoredPosition(id=r[0], source=r[1], version=r[2], state=bytes(r[3])) for r in rows],
    )


def read_gaps(connection: sqlite3.Connection) -> list[Gap]:
    """Spans known to be lost, oldest notice first."""
    rows = connection.execute("SELECT source, from_ms, until_ms, reason FROM gaps ORDER BY rowid")
    return [Gap(source=r[0], from_ms=r[1], until_ms=r[2], reason=r[3]) for r in rows]


def _newest_gaps(connection: sqlite3.Connection) -> list[tuple[str, Any, Any, str, int]]:
    """(source, from, until, reason, noticed at), oldest notice first."""
    rows = connection.execute(
        "SELECT source, from_ms, until_ms, reason, noticed_at FROM gaps "
        "ORDER BY rowid DESC LIMIT ?",
        (_GAPS_PUBLISHED,),
    ).fetchall()
    return rows[::-1]


def read_queues(connection: sqlite3.Connection) -> list[QueueState]:
    """What is known of each usage queue."""
    rows = connection.execute(
        "SELECT source, status, updated_at, records, repeated, extra, joined, unread FROM queues "
        "ORDER BY source"
    )
    return [QueueState(**dict(zip(_QUEUE_FIELDS, row, strict=True))) for row in rows]


def count_unjoined(connection: sqlite3.Connection, since_ms: int, until_ms: int) -> tuple[int, int]:
    """(joined, not joined): successful requests of the log that ended in a span."""
    joined = unjoined = 0
    since_ms = max(1, since_ms)  # 0 is the end of a request without a line
    rows = connection.execute("SELECT body FROM join_window WHERE arrived_at >= ?", (since_ms,))
    for facts in (facts for (body,) in rows for facts in decode_batch(body)):
        ended_ms, mark = facts.mark.line_ended_ms, facts.mark
        if since_ms <= ended_ms < until_ms and 100 <= facts.status < 400 and not mark.is_socket:
            joined += mark.attempts > 0
            unjoined += mark.attempts == 0
    return joined, unjoined


def read_cached(connection: sqlite3.Connection, name: str) -> bytes | None:
    """What is remembered under a name."""
    row = connection.execute("SELECT body FROM caches WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def read_undo_log(connection: sqlite3.Connection) -> list[UndoEntry]:
    """What is known of each backup."""
    rows = connection.execute("SELECT name, kind, epochs, undone_at, owed FROM undo_log")
    return [_undo_entry(row) for row in rows]


def find_undo_entry(connection: sqlite3.Connection, name: str) -> UndoEntry | None:
    """What is known of one backup."""
    row = connection.execute(
        "SELECT name, kind, epochs, undone_at, owed FROM undo_log WHERE name = ?", (name,)
    ).fetchone()
    return None if row is None else _undo_entry(row)


def _undo_entry(row: tuple[str, str, str, int | None, int]) -> UndoEntry:
    epochs = [int(epoch) for epoch in row[2].strip("[]").split(",") if epoch]
    return UndoEntry(name=row[0], kind=row[1], epochs=epochs, undone_at=row[3], owed=row[4])


def read_moment(connection: sqlite3.Connection, state: State) -> Moment:
    """Everything that is published."""
    return Moment(
        state=state,
        sums=read_sums(connection),
        rows=read_rows(connection, state.settings.history_limit),
        positions=read_positions(connection, state.generation).rows,
        fingerprints=connection.execute(
            "SELECT fingerprint, backup FROM fingerprints ORDER BY fingerprint"
        ).fetchall(),
        undo_log=read_undo_log(connection),
        queues=read_queues(connection),
        covered=newest_spans(connection),
        gaps=_newest_gaps(connection),
        breakdown=wanted_numbers(connection, state),
        dropped_months=read_drops(connection),
    )


def read_usage(
    connection: sqlite3.Connection, group: GroupBy, since_hour: int | None, until_hour: int | None
) -> list[UsageRow]:
    """Sums by label, over whole local hours from `since_hour` up to before `until_hour`.

    Days and hours come from the all-time sums, so that imported ones are there and a rebuilt
    database loses none. What no cell gives a model or provider for is `unknown`: every grouping
    of a span has the same total.
    """
    if since_hour is None and until_hour is None:
        return _rows(_sums_between(connection, group, "", _AFTER_ALL))
    since = since_hour or 0
    until = _END_OF_TIME if until_hour is None else until_hour
    if group == "hour":
        return _rows(_hours_between(connection, since, until))
    days = _days_between(connection, since, until)
    if group == "day":
        return _rows(days)
    names, part = all_series(connection), KINDS.index(group)
    named: dict[str, Counters] = {}
    rest = Counters()
    for counters in days.values():
        rest.add(counters)
    for _, series, counters in read_cells(connection, since, until):
        named.setdefault(names[series][part], Counters()).add(counters)
        rest.add(counters, sign=-1)
    if rest:
        named.setdefault(UNKNOWN, Counters()).add(rest)
    return _rows(named)


def _rows(sums: dict[str, Counters]) -> list[UsageRow]:
    # What was counted and taken off again is not listed.
    return [UsageRow(label=label, sums=sums[label]) for label in sorted(sums) if sums[label]]


def _sums_between(
    connection: sqlite3.Connection, scope: str, first: str, last: str
) -> dict[str, Counters]:
    rows = connection.execute(
        f"{SELECT_SUMS} WHERE scope = ? AND label >= ? AND label < ?", (scope, first, last)
    )
    return {row[1]: counters_from(row[2:]) for row in rows}


def _hours_between(connection: sqlite3.Connection, since: int, until: int) -> dict[str, Counters]:
    """Hour sums as far back as they are kept, cells before."""
    (oldest,) = connection.execute("SELECT min(label) FROM sums WHERE scope = 'hour'").fetchone()
    kept_from = until if oldest is None else min(max(since, hour_of_label(oldest)), until)
    last = _AFTER_ALL if until >= _END_OF_TIME else hour_label(until)
    hours = _sums_between(connection, "hour", hour_label(kept_from), last) if oldest else {}
    for hour, _, counters in read_cells(connection, since, kept_from):
        hours.setdefault(hour_label(hour), Counters()).add(counters)
    return hours


def _days_between(connection: sqlite3.Connection, since: int, until: int) -> dict[str, Counters]:
    """Day sums of the whole days, hours of a first or last day that is cut."""
    first, last = -(-since // 24) * 24, until // 24 * 24
    if first > last:
        first = last = until
    before = _AFTER_ALL if until >= _END_OF_TIME else day_label(last)
    days = _sums_between(connection, "day", day_label(first), before)
    for start, end in ((since, min(first, until)), (max(last, since), until)):
        if start < end < _END_OF_TIME:
            for label, counters in _hours_between(connection, start, end).items():
                days.setdefault(label[:10], Counters()).add(counters)
    return days
