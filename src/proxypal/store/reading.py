"""Answers out of the database. Everything here runs inside the caller's snapshot."""

import sqlite3

from proxypal.records.aggregate import RequestHistory
from proxypal.records.counters import Counters
from proxypal.records.labels import day_label, hour_label
from proxypal.records.request import decode_request
from proxypal.store.cells import read_cells
from proxypal.store.protocol import Gap, GroupBy, Positions, StoredPosition, UsageRow
from proxypal.store.publication import Moment, UndoEntry
from proxypal.store.state import State
from proxypal.store.totals import SELECT_SUMS, counters_from, read_sums


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
    )


def read_usage(
    connection: sqlite3.Connection, group: GroupBy, since_hour: int | None, until_hour: int | None
) -> list[UsageRow]:
    """Sums by label, over whole local hours from `since_hour` up to before `until_hour`."""
    if group in {"day", "hour"} or (since_hour is None and until_hour is None):
        label = day_label if group == "day" else hour_label
        first = "" if since_hour is None else label(since_hour)
        last = "~" if until_hour is None else label(until_hour)
        bounds = (group, first, last) if group in {"day", "hour"} else (group, "", "\U0010ffff")
        rows = connection.execute(
            f"{SELECT_SUMS} WHERE scope = ? AND label >= ? AND label < ? ORDER BY label", bounds
        )
        return [UsageRow(label=row[1], sums=counters_from(row[2:])) for row in rows]
    return _usage_from_cells(connection, group, since_hour, until_hour)


def _usage_from_cells(
    connection: sqlite3.Connection, group: GroupBy, since_hour: int | None, until_hour: int | None
) -> list[UsageRow]:
    names = dict(connection.execute(f"SELECT id, {group} FROM series"))
    sums: dict[str, UsageRow] = {}
    for _, series, counters in read_cells(connection, since_hour or 0, until_hour):
        row = sums.setdefault(names[series], UsageRow(label=names[series], sums=Counters()))
        row.sums.add(counters)
    return sorted(sums.values(), key=lambda row: row.label)
