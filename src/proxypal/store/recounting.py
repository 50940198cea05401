"""The breakdown counted again: cells, rollups, sums of days and sketches tell of the same requests.

Everything here runs inside the caller's snapshot. Must not enter: other checks (`checking.py`),
mending.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator

from proxypal.records.counters import COUNTER_FIELDS, Counters, total_of
from proxypal.records.labels import day_label, hour_of_label
from proxypal.store.cell_tables import Table, decode_table, summed
from proxypal.store.cells import open_table
from proxypal.store.day_cells import read_day_cells
from proxypal.store.durations import read_sketches
from proxypal.store.months import dropped_months
from proxypal.store.rollups import read_table
from proxypal.store.series import all_series
from proxypal.store.state import Change
from proxypal.store.totals import Sums
from proxypal.store.values import Finding

_MODEL = ("provider", "model")
_SHOWN = 3

_ByModel = dict[tuple[int, int], Counters]
"""Counters by the numbers of provider and model."""


def recount(change: Change, sums: Sums) -> Iterator[Finding]:
    """What was found of the breakdown; `sums` are all sums of the store."""
    connection, state = change.connection, change.state
    dropped = dropped_months(connection)
    days = {day: _by_model(tables) for day, tables in sorted(_tables_by_day(connection).items())}
    off = _rollups_off(connection)
    yield _finding("rollups", off, "sum up to their cells")
    complete_from = -(-state.cells_since // 24)
    yield _finding(
        "hour cells",
        list(_days_off(connection, sums, days, complete_from, dropped)),
        _in_cells(days, sums),
    )
    since = max(complete_from, state.sketches_since)
    yield _finding(
        "durations",
        list(_durations_off(connection, days, since, dropped)),
        "are those of the requests with an hour",
    )


def _finding(check: str, off: list[str], detail: str) -> Finding:
    if not off:
        return Finding(check=check, ok=True, detail=detail)
    more = f" and {len(off) - _SHOWN} more" if len(off) > _SHOWN else ""
    return Finding(check=check, ok=False, detail=f"off in {', '.join(off[:_SHOWN])}{more}")


def _tables_by_day(connection: sqlite3.Connection) -> dict[int, list[Table]]:
    found: dict[int, list[Table]] = defaultdict(list)
    for day, body in connection.execute("SELECT day, body FROM sealed_cells"):
        # Only what is compared: a year of full tables would not fit.
        found[day].append(summed([decode_table(body)], _MODEL))
    rows = open_table(connection, -(2**40), 2**40)
    hours = rows.column("hour")
    for day in {hour // 24 for hour in hours}:
        found[day].append(summed([rows.chosen([hour // 24 == day for hour in hours])], _MODEL))
    return found


def _by_model(tables: Iterable[Table]) -> _ByModel:
    table = summed(tables, _MODEL)
    names = zip(*(table.column(name) for name in _MODEL), strict=True)
    return dict(zip(names, (counters for _, counters in table.rows()), strict=True))


def _rollups_off(connection: sqlite3.Connection) -> list[str]:
    """Days whose rollups do not come to what they are of."""
    off: list[str] = []
    rows = connection.execute("SELECT part, day, kinds, body FROM sealed_cells ORDER BY day")
    for part, day, kinds, body in rows:
        whole = _total(decode_table(body)) if kinds else None
        off += [
            f"{day_label(day * 24)} by {kind}"
            for kind in filter(None, kinds.split(","))
            if _total(read_table(connection, kind, day, part)) != whole
        ]
    return off


def _total(table: Table) -> Counters:
    return total_of([counters for _, counters in summed([table], ()).rows()])


def _in_cells(days: dict[int, _ByModel], sums: Sums) -> str:
    known = sum(counters.requests for found in days.values() for counters in found.values())
    total = sums.get(("total", ""), Counters()).requests
    return f"{known} of {total} requests have an hour, model and key"


def _days_off(
    connection: sqlite3.Connection,
    sums: Sums,
    days: dict[int, _ByModel],
    complete_from: int,
    dropped: frozenset[str],
) -> Iterator[str]:
    """Days whose cells and totals are not what was counted of them, or more than that."""
    left: dict[int, Counters] = defaultdict(Counters)
    for (scope, label), counters in sums.items():
        if scope == "day":
            left[hour_of_label(label) // 24].add(counters)
    for day, found in days.items():
        left[day].add(total_of(list(found.values())), sign=-1)
    for day, _, counters in read_day_cells(connection):
        left[day].add(counters, sign=-1)
    for day, rest in sorted(left.items()):
        is_complete = day >= complete_from and day_label(day * 24)[:7] not in dropped
        if (rest and is_complete) or any(getattr(rest, name) < 0 for name in COUNTER_FIELDS):
            yield day_label(day * 24)


def _durations_off(
    connection: sqlite3.Connection, days: dict[int, _ByModel], since: int, dropped: frozenset[str]
) -> Iterator[str]:
    """Days and models with other numbers of durations than of requests."""
    labels = all_series(connection).labels
    left: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for day, found in days.items():
        for (provider, model), counters in found.items():
            place = (day, labels[0][provider], labels[1][model])
            left[place][0] += counters.requests
            left[place][1] += counters.ttft_requests
    for place, durations, ttfts in read_sketches(connection):
        left[place][0] -= durations.count
        left[place][1] -= ttfts.count
    for (day, _, name), rest in sorted(left.items()):
        is_complete = day >= since and day_label(day * 24)[:7] not in dropped
        if (any(rest) and is_complete) or min(rest) < 0:
            yield f"{day_label(day * 24)} {name}"
