"""The breakdown of a lost database, out of the months' files and the rows of history.

A file may be a minute older than the totals. Requests that came after it and are still in history
are added from there; what is missing then is looked for day by day, so that nothing is claimed to
be known that is not. Must not enter: totals, and everything else a database holds.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from proxypal.errors import BackupNotFound
from proxypal.records.counters import COUNTER_FIELDS, Counters, counters_of
from proxypal.records.labels import LocalHours, day_label
from proxypal.records.request import RequestLog
from proxypal.store import backups, durations
from proxypal.store.breakdown_contents import put_contents
from proxypal.store.breakdown_file import MonthContents
from proxypal.store.breakdown_files import (
    examine_month,
    known_files,
    months_there,
    path_of,
    remember_file,
)
from proxypal.store.cells import Cells, add_cells, delete_days, read_cells
from proxypal.store.day_cells import read_day_cells
from proxypal.store.months import days_of, month_of
from proxypal.store.publication import Published
from proxypal.store.recording import series_key_of, value_of
from proxypal.store.series import SeriesIndex, SeriesNames, all_series
from proxypal.store.totals import Sums, sums_of

Rows = Sequence[tuple[int, RequestLog]]
"""Requests of history by the number they were given."""


class Restored(NamedTuple):
    """What came of it.

    `is_whole`: everything counted since `cells_since` is in a cell again. `changed` are months
    whose files are to be written again, `keys_since_ms` is from when on keys may be missing.
    """

    is_whole: bool
    changed: frozenset[str] = frozenset()
    keys_since_ms: int | None = None
    missing: Sequence[tuple[str, int | None]] = ()
    """Months and how many of their requests have no hour and names any more; None: nobody knows,
    for the month was dropped before."""


def restore_files(connection: sqlite3.Connection, directory: Path, published: Published) -> None:
    """Put everything back that the months' files hold, where they are of this store."""
    connection.executemany(
        "INSERT OR REPLACE INTO dropped_months VALUES (?, ?, ?)",
        [
            (month, dropped_at, msgspec.json.encode(held).decode())
            for month, dropped_at, held in published.dropped_months
        ],
    )
    dropped = {month for month, *_ in published.dropped_months}
    for month in months_there(directory):
        contents, _ = examine_month(path_of(directory, month))
        if contents is None or not _belongs(contents, published):
            continue
        if month in dropped and contents.published.sequence < _needed(published, month):
            contents = _keys_only(contents)
        put_contents(connection, contents)
        remember_file(connection, directory, month, contents.published.sequence)


def _belongs(contents: MonthContents, published: Published) -> bool:
    written = contents.published
    return (written.store_id, written.live_epochs) == (published.store_id, published.live_epochs)


def _needed(published: Published, month: str) -> int:
    """The number from which on a month's file is whole."""
    return (published.breakdown or {}).get(month, 0)


def _keys_only(contents: MonthContents) -> MonthContents:
    days = {
        day: msgspec.structs.replace(found, cells=b"", totals=(), sketches=())
        for day, found in contents.days.items()
    }
    return msgspec.structs.replace(contents, days=days)


def sums_of_files(connection: sqlite3.Connection) -> Sums:
    """What the restored months add up to: all that is known where `aggregate.json` is lost, too."""
    names = all_series(connection)
    found: Sums = {}
    for month in sorted(known_files(connection)):
        for day in days_of(month):
            _add_day(connection, day, names, found)
    return found


def _add_day(connection: sqlite3.Connection, day: int, names: SeriesNames, into: Sums) -> None:
    cells: Cells = {}
    for hour, series, counters in read_cells(connection, day * 24, day * 24 + 24):
        cells.setdefault((hour, series), Counters()).add(counters)
    for place, counters in sums_of(cells, names).items():
        into.setdefault(place, Counters()).add(counters)
    for _, series, counters in read_day_cells(connection, day, day + 1):
        provider, model = names[series][:2]
        for place in (
            ("total", ""),
            ("day", day_label(day * 24)),
            ("model", model),
            ("provider", provider),
        ):
            into.setdefault(place, Counters()).add(counters)


def newer_rows(
    connection: sqlite3.Connection,
    directory: Path,
    published: Published,
    rows: Rows,
    hours: LocalHours,
) -> list[tuple[int, RequestLog]]:
    """The rows of history that were counted after the file of their month was written.

    Of a month that was dropped since, there is no telling which rows were counted before.
    """
    files, dropped = known_files(connection), {month for month, *_ in published.dropped_months}
    found = []
    for arrival, request in rows:
        month = month_of(hours(request.timestamp) // 24)
        known = files.get(month)
        if month in dropped and (known is None or known.sequence < _needed(published, month)):
            continue
        if arrival > max(published.reset_sequence, 0 if known is None else known.sequence):
            found.append((arrival, request))
    imported = _imported(directory, published) if found else set()
    return [row for row in found if row[0] not in imported]


def _imported(directory: Path, published: Published) -> set[int]:
    """The numbers of rows that imports brought: what of them has an hour stands in their backup."""
    numbers: set[int] = set()
    for entry in published.undo_log:
        if entry.kind in {"import", "migration"}:
            with (
                contextlib.suppress(BackupNotFound),
                backups.opened_delta(directory, entry.name) as delta,
            ):
                numbers.update(n for (n,) in delta.execute("SELECT arrival FROM requests"))
    return numbers


def add_rows(
    connection: sqlite3.Connection, rows: Rows, hours: LocalHours, cap: int, number: int
) -> set[str]:
    """Add single requests to the cells; which months changed."""
    series = SeriesIndex()
    cells: Cells = {}
    values = []
    for _, request in rows:
        hour, key = hours(request.timestamp), series_key_of(request)
        admitted, capped = series.admit(connection, [key], cap)[key]
        cells.setdefault((hour, admitted), Counters()).add(counters_of(request))
        values.append(value_of(request, hour, capped))
    add_cells(connection, cells)
    durations.add_values(connection, number, values)
    return {month_of(hour // 24) for hour, _ in cells}


def settle(
    connection: sqlite3.Connection,
    directory: Path,
    published: Published,
    sums: Sums,
    changed: Iterable[str],
) -> Restored:
    """Compare with the totals what is there now; days whose cells hold too much lose them."""
    files = known_files(connection)
    needed = published.breakdown
    if needed is None:
        months = {label[:7] for scope, label in sums if scope == "day"}
        stale = months | files.keys()
    else:
        stale = {m for m, number in needed.items() if m not in files or files[m].sequence < number}
        stale |= {m for m, known in files.items() if known.sequence > published.sequence}
    dropped = {month for month, *_ in published.dropped_months}
    missing: list[tuple[str, int | None]] = []
    for month in sorted(stale):
        requests = _missing_of(connection, month, sums, published.cells_since // 24)
        if month not in dropped:
            if requests is not None:
                missing.append((month, requests))
        elif needed is not None and month not in files:
            missing.append((month, None))  # of it there was more than the drop put aside
    return Restored(
        is_whole=not missing,
        changed=frozenset({*changed, *(stale & (files.keys() | {m for m, _ in missing}))}),
        keys_since_ms=_keys_since(stale, directory),
        missing=missing,
    )


def _keys_since(stale: Iterable[str], directory: Path) -> int | None:
    """When the oldest of the files was written that is not whole; 0 where one is missing."""
    times = []
    for month in stale:
        try:
            times.append(path_of(directory, month).stat().st_mtime_ns // 1_000_000)
        except OSError:
            times.append(0)
    return min(times, default=None)


def _missing_of(
    connection: sqlite3.Connection, month: str, sums: Sums, since_day: int
) -> int | None:
    """How many requests of a month are in no cell; None if nothing at all is missing."""
    requests, is_missing = 0, False
    for day in days_of(month):
        left = Counters()
        left.add(sums.get(("day", day_label(day * 24)), Counters()))
        for _, _, counters in read_cells(connection, day * 24, day * 24 + 24):
            left.add(counters, sign=-1)
        for _, _, counters in read_day_cells(connection, day, day + 1):
            left.add(counters, sign=-1)
        if any(getattr(left, name) < 0 for name in COUNTER_FIELDS):
            delete_days(connection, range(day, day + 1))
            connection.execute("DELETE FROM day_cells WHERE day = ?", (day,))
            durations.delete_sketches(connection, range(day, day + 1))
            left = sums.get(("day", day_label(day * 24)), Counters())
        if left and day >= since_day:
            requests, is_missing = requests + left.requests, True
    return requests if is_missing else None
