"""Adding to the all-time sums. The only statements that change a total."""

import sqlite3
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from proxypal.records.aggregate import Aggregate
from proxypal.records.counters import COUNT_FIELDS, COUNTER_FIELDS, Counters, total_of
from proxypal.records.labels import day_label, hour_label, hour_of_label
from proxypal.records.request import MAX_INTEGER
from proxypal.records.summing import Series, aggregate_of
from proxypal.store.series import SeriesKey

Sums = dict[tuple[str, str], Counters]
"""Counters by scope and label, as in the `sums` table."""

HOURS_KEPT = 35 * 24

_NAMES = ", ".join(COUNTER_FIELDS)
_MARKS = ", ".join("?" * len(COUNTER_FIELDS))
ADD_UP = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNT_FIELDS) + (
    ", cost_usd = CASE WHEN excluded.cost_usd = '0' THEN cost_usd "
    "ELSE money_add(cost_usd, excluded.cost_usd) END"
)
_ADD_SUM = (
    f"INSERT INTO sums (scope, label, {_NAMES}) VALUES (?, ?, {_MARKS}) "
    f"ON CONFLICT (scope, label) DO UPDATE SET {ADD_UP}"
)
EMPTY = " AND ".join(
    # Taken off to the last cent, money reads 0.00.
    ["scope != 'total'", *(f"{name} = 0" for name in COUNT_FIELDS), "cost_usd + 0 = 0"]
)
SELECT_SUMS = f"SELECT scope, label, {_NAMES} FROM sums"


def counter_values(counters: Counters) -> tuple[int | str, ...]:
    """The counters in column order, money as text."""
    return (
        counters.requests,
        counters.client_gone,
        counters.rate_limited,
        counters.client_errors,
        counters.server_errors,
        counters.other_failures,
        counters.tokens_in,
        counters.tokens_out,
        counters.tokens_cached,
        counters.tokens_cache_write,
        counters.tokens_reasoning,
        counters.duration_ms,
        counters.ttft_ms,
        counters.ttft_requests,
        counters.unpriced,
        str(counters.cost_usd) if counters.cost_usd else "0",
    )


def counters_from(values: Iterable[int | str]) -> Counters:
    """The reverse of `counter_values`."""
    *counts, cost = values
    return Counters(
        **dict(zip(COUNT_FIELDS, (int(count) for count in counts), strict=True)),
        cost_usd=Decimal(cost),
    )


def sums_of(cells: Mapping[tuple[int, int], Counters], names: Mapping[int, SeriesKey]) -> Sums:
    """What hour cells add to each scope; `names` are the series' keys."""
    found: dict[tuple[str, str], list[Counters]] = {}
    labels = {hour: (day_label(hour), hour_label(hour)) for hour in {hour for hour, _ in cells}}
    for (hour, series), counters in cells.items():
        provider, model = names[series][:2]
        day, label = labels[hour]
        for key in (
            ("total", ""),
            ("day", day),
            ("hour", label),
            ("model", model),
            ("provider", provider),
        ):
            found.setdefault(key, []).append(counters)
    # Most sums of a small batch come from one cell: its counters serve as they are.
    return {key: total_of(parts) for key, parts in found.items()}


def add_sums(connection: sqlite3.Connection, sums: Sums, sign: int = 1) -> None:
    """Add to the sums, or take off with `sign` -1."""
    connection.executemany(
        _ADD_SUM,
        [
            (scope, label, *signed_values(counters, sign))
            for (scope, label), counters in sums.items()
        ],
    )


def signed_values(counters: Counters, sign: int) -> tuple[int | str, ...]:
    """`counter_values`, negated for `sign` -1."""
    if sign == 1:
        return counter_values(counters)
    negated = Counters()
    negated.add(counters, sign)
    return counter_values(negated)


def let_old_hours_go(connection: sqlite3.Connection) -> None:
    """Delete hour sums more than 35 days before the newest."""
    # Both ends come from the primary key, so this costs two look-ups when nothing is old.
    oldest, newest = connection.execute(
        "SELECT (SELECT label FROM sums WHERE scope = 'hour' ORDER BY label LIMIT 1), "
        "(SELECT label FROM sums WHERE scope = 'hour' ORDER BY label DESC LIMIT 1)"
    ).fetchone()
    if newest is None:
        return
    horizon = hour_of_label(newest) - HOURS_KEPT
    if hour_of_label(oldest) <= horizon:
        connection.execute(
            "DELETE FROM sums WHERE scope = 'hour' AND label <= ?", (hour_label(horizon),)
        )


def drop_empty(connection: sqlite3.Connection) -> None:
    """Delete sums that an undo brought back to nothing; the total always stays."""
    connection.execute(f"DELETE FROM sums WHERE {EMPTY}")


def read_aggregate(
    connection: sqlite3.Connection, created_at: int, only_day: str | None = None
) -> Aggregate:
    """The all-time analytics; of days and hours only what they show of them is read.

    With `only_day`, of all days only that one and the first are there, and no hours.
    """
    few = connection.execute(f"{SELECT_SUMS} WHERE scope NOT IN ('day', 'hour')")
    labels, requests, tokens, costs = _columns(connection, "day", only_day)
    hours = Series((), (), ()) if only_day else Series(*_columns(connection, "hour")[:3])
    return aggregate_of(
        {(row[0], row[1]): counters_from(row[2:]) for row in few},
        created_at,
        days=Series(labels, requests, tokens, list(map(_money, costs))),
        hours=hours,
    )


def _columns(
    connection: sqlite3.Connection, scope: str, only: str | None = None
) -> tuple[Any, ...]:
    """Labels in order, requests, tokens and costs as text; `only` those of one and the first."""
    ends = (
        "" if only is None
        else "AND label IN (?, (SELECT min(label) FROM sums WHERE scope = 'day')) "
    )  # fmt: skip
    rows = connection.execute(
        "SELECT label, requests, tokens_in + tokens_out, cost_usd FROM sums "
        f"WHERE scope = ? {ends}ORDER BY label",
        (scope,) if only is None else (scope, only),
    ).fetchall()
    return tuple(zip(*rows, strict=True)) or ((), (), (), ())


_money = lru_cache(maxsize=8192)(Decimal)
"""The cost of a day gone by is the same text at every look."""


def is_exact(connection: sqlite3.Connection) -> bool:
    """Whether every total is a number that each JSON reader keeps; no scope is above the total."""
    most = ", ".join(["tokens_in + tokens_out", *COUNT_FIELDS])
    row = connection.execute(f"SELECT max(0, {most}) FROM sums WHERE scope = 'total'").fetchone()
    return row is None or int(row[0]) <= MAX_INTEGER


def read_sums(connection: sqlite3.Connection) -> Sums:
    """Every sum of the store."""
    return {(row[0], row[1]): counters_from(row[2:]) for row in connection.execute(SELECT_SUMS)}
