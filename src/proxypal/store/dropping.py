"""Dropping months of the breakdown, by hand or by the setting; all-time totals stay.

What is dropped is put aside first, and an undo brings it back. Runs inside the caller's
transaction. Must not enter: totals, and the months' files (they follow, `breakdown_publishing.py`).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import msgspec

from proxypal.clock import offset_of
from proxypal.errors import WrongUsage
from proxypal.records.counters import COUNTER_FIELDS
from proxypal.records.labels import LocalHours
from proxypal.store import backups, durations
from proxypal.store.actions import backup_name, log_action
from proxypal.store.breakdown_files import known_files
from proxypal.store.cells import delete_days, read_cells
from proxypal.store.day_cells import read_day_cells
from proxypal.store.import_ledger import (
    Breakdown,
    move_breakdown,
    stored_breakdown,
    take_breakdown_off,
)
from proxypal.store.joining import decode_batch
from proxypal.store.months import days_of, month_of, note_months, read_drops
from proxypal.store.publication import UndoEntry
from proxypal.store.reading import read_undo_log
from proxypal.store.series import all_series
from proxypal.store.sourcing import prune_backups
from proxypal.store.state import Change, write_state
from proxypal.store.totals import counter_values
from proxypal.store.values import Backup, BreakdownMonth

_MARKS = ", ".join("?" * (6 + len(COUNTER_FIELDS)))
_LAST_LOOK = "breakdown months looked at"
_MONTHS_A_YEAR = 12


def list_months(change: Change) -> list[BreakdownMonth]:
    """Every month that has requests, oldest first."""
    connection = change.connection
    rows = connection.execute(
        "SELECT substr(label, 1, 7), sum(requests) FROM sums WHERE scope = 'day' GROUP BY 1"
    )
    counted = dict(rows.fetchall())
    dropped = dict(
        connection.execute("SELECT month, max(dropped_at) FROM dropped_months GROUP BY month")
    )
    files = known_files(connection)
    months = counted.keys() | dropped.keys() | _months_with_cells(connection)
    return [
        BreakdownMonth(
            month=month,
            requests=counted.get(month, 0),
            placed=_placed(connection, month),
            size_bytes=files[month].size if month in files else 0,
            dropped_at=dropped.get(month),
        )
        for month in sorted(months)
    ]


def _months_with_cells(connection: sqlite3.Connection) -> set[str]:
    days = connection.execute(
        "SELECT day FROM sealed_cells UNION SELECT hour / 24 FROM cells UNION "
        "SELECT day FROM day_cells UNION SELECT day FROM sketches"
    )
    return {month_of(day) for (day,) in days}


def _placed(connection: sqlite3.Connection, month: str) -> int:
    """How many requests of a month are in its cells."""
    days = days_of(month)
    cells = read_cells(connection, days.start * 24, days.stop * 24)
    by_day = read_day_cells(connection, days.start, days.stop)
    return sum(sums.requests for found in (cells, by_day) for _, _, sums in found)


def drop_months(change: Change, months: Sequence[str], note: str = "") -> Backup:
    """Put the breakdown of these months aside and delete it.

    Raises:
        WrongUsage: one of them is no month, has no breakdown or can still change.
        StorageFull, CannotWrite: no backup could be made; nothing was changed.
    """
    connection, data_directory, state, _, now_ms = change
    _refuse(change, months)
    held_before = {month: _held(connection, month) for month in months}
    dropped_at = _free_moment(held_before.values(), now_ms)
    backup = Backup(
        name=backup_name(data_directory, "breakdown", now_ms),
        kind="breakdown",
        created_at=dropped_at,
        requests=sum(_placed(connection, month) for month in months),
        rows=0,
        note=note or f"months {', '.join(months)}",
    )
    backups.put_aside(data_directory, backup, lambda delta: _fill(connection, delta, months))
    # What the join window holds longer than it has to could still change a cell that is gone.
    connection.execute("DELETE FROM join_window WHERE arrived_at < ?", (_horizon_ms(change),))
    there = _in_the_cells(change)
    for month in months:
        days = days_of(month)
        delete_days(connection, days)
        durations.delete_sketches(connection, days)
        connection.execute(
            "DELETE FROM day_cells WHERE day >= ? AND day < ?", (days.start, days.stop)
        )
        before = {name for held in held_before[month].values() for name in held}
        held = msgspec.json.encode([name for name in there if name not in before]).decode()
        connection.execute("INSERT INTO dropped_months VALUES (?, ?, ?)", (month, dropped_at, held))
    note_months(state, months)
    log_action(connection, state, backup, state.live_epochs)
    write_state(connection, state)
    return backup


def _refuse(change: Change, months: Sequence[str]) -> None:
    there = _months_with_cells(change.connection)
    unsettled = _unsettled(change)
    for month in months:
        if month in unsettled:
            hours = change.state.settings.join_window_ms // 3_600_000
            raise WrongUsage(
                f"The breakdown of {month} cannot be dropped yet: requests of it came within the "
                f"last {hours} hours and can still change. Nothing was dropped."
            )
        try:
            days_of(month)
        except ValueError:
            raise WrongUsage(f"{month!r} is no month; write it as 2026-01.") from None
        if month not in there:
            raise WrongUsage(f"There is no breakdown of {month}. Nothing was dropped.")
    if not months:
        raise WrongUsage("No month was named. `proxypal breakdown` lists them.")


def _unsettled(change: Change) -> set[str]:
    """Months of requests that can still be revised, and the one that is now."""
    hours = LocalHours(offset_of(change.state.settings.zone))
    found = {month_of(hours(change.now_ms) // 24)}
    rows = change.connection.execute(
        "SELECT body FROM join_window WHERE arrived_at >= ?", (_horizon_ms(change),)
    )
    for (body,) in rows:
        found.update(month_of(facts.hour // 24) for facts in decode_batch(body))
    return found


def _horizon_ms(change: Change) -> int:
    """Requests that came before can be revised no more."""
    return change.now_ms - change.state.settings.join_window_ms


def _in_the_cells(change: Change) -> list[str]:
    """Names of the imports and re-pricings whose numbers are in the cells now.

    Clocks go back and stand still: what was dropped with them is known by name, not by time.
    """
    return [
        entry.name
        for entry in read_undo_log(change.connection)
        if entry.kind not in {"clear", "reset", "breakdown"}
        and entry.undone_at is None
        and set(entry.epochs) <= set(change.state.live_epochs)
    ]


def _held(connection: sqlite3.Connection, month: str) -> dict[int, list[str]]:
    """By the time a month was dropped: imports and re-pricings that went with it, each once."""
    return {at: held for dropped, at, held in read_drops(connection) if dropped == month}


def _free_moment(dropped: Iterable[Mapping[int, list[str]]], now_ms: int) -> int:
    """Now, or as soon after as none of these months was dropped: clocks go back and stand still."""
    taken = {at for drops in dropped for at in drops}
    return next(at for at in count(now_ms) if at not in taken)


def _fill(connection: sqlite3.Connection, delta: sqlite3.Connection, months: Sequence[str]) -> None:
    delta.execute("CREATE TABLE months (month TEXT)")
    delta.executemany("INSERT INTO months VALUES (?)", [(month,) for month in months])
    for days in map(days_of, months):
        for table, rows in _rows_of(connection, days):
            delta.executemany(f"INSERT INTO {table} VALUES ({_MARKS})", rows)
        delta.executemany(
            "INSERT INTO sketches VALUES (?, ?, ?, ?, ?)",
            (
                (*place, *found)
                for place, *found in durations.encoded_sketches(connection, days.start, days.stop)
            ),
        )


def _rows_of(
    connection: sqlite3.Connection, days: range
) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    names = all_series(connection)
    found = {
        "cells": read_cells(connection, days.start * 24, days.stop * 24),
        "day_cells": read_day_cells(connection, days.start, days.stop),
    }
    for table, cells in found.items():
        yield (
            table,
            ((time, *names[series], *counter_values(counters)) for time, series, counters in cells),
        )


def undo_drop(change: Change, delta: sqlite3.Connection, backup: Backup, entry: UndoEntry) -> None:
    """Bring dropped months back, without what was undone in the meantime.

    Raises:
        WrongUsage: the totals they belong to are put aside by a reset.
    """
    connection, state = change.connection, change.state
    if not set(entry.epochs) <= set(state.live_epochs):
        raise WrongUsage(
            f"{entry.name} cannot be undone: the analytics were reset after it. Undo the reset "
            "first; `proxypal restore` lists it. Nothing was changed."
        )
    months = [month for (month,) in delta.execute("SELECT month FROM months")]
    move_breakdown(change, stored_breakdown(delta))
    undone = {one.name for one in read_undo_log(connection) if one.undone_at is not None}
    for month in months:
        held = _held(connection, month).get(backup.created_at, [])
        connection.execute(
            "DELETE FROM dropped_months WHERE month = ? AND dropped_at = ?",
            (month, backup.created_at),
        )
        for name in undone.intersection(held):
            with backups.opened_delta(change.directory, name) as imported:
                breakdown = _only(stored_breakdown(imported), [month])
            take_breakdown_off(change, breakdown, name)
    note_months(state, months)


def _only(breakdown: Breakdown, months: Sequence[str]) -> Breakdown:
    days = {day for month in months for day in days_of(month)}
    return Breakdown(
        {place: sums for place, sums in breakdown.cells.items() if place[0] // 24 in days},
        {place: sums for place, sums in breakdown.days.items() if place[0] in days},
        {place: found for place, found in breakdown.sketches.items() if place[0] in days},
    )


def let_old_months_go(change: Change) -> Backup | None:
    """Drop the months that the setting keeps no longer, looked for once a day; None if none."""
    keep, connection = change.state.settings.breakdown_months, change.connection
    if keep is None:
        return None
    hours = LocalHours(offset_of(change.state.settings.zone))
    today = hours(change.now_ms) // 24
    look = f"{today} {keep}".encode()
    if connection.execute(
        "SELECT 1 FROM caches WHERE name = ? AND body = ?", (_LAST_LOOK, look)
    ).fetchone():
        return None
    connection.execute("INSERT OR REPLACE INTO caches VALUES (?, ?)", (_LAST_LOOK, look))
    oldest = _months_before(month_of(today), keep)
    old = _months_with_cells(connection) - _unsettled(change)
    months = sorted(month for month in old if month < oldest)
    if not months:
        return None
    backup = drop_months(change, months, f"months {', '.join(months)}, older than {keep} months")
    prune_backups(change)
    return backup


def _months_before(month: str, count: int) -> str:
    """`2025-11` for two months before `2026-01`."""
    number = int(month[:4]) * _MONTHS_A_YEAR + int(month[5:]) - 1 - count
    return f"{number // _MONTHS_A_YEAR:04d}-{number % _MONTHS_A_YEAR + 1:02d}"
