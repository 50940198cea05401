"""Months of the breakdown, and the number of the last change of each.

`state.month_changes` is `2026-01:783,2026-02:790`: a month is there from its first change after
its file was written, with the number of the newest. So a file is whole as long as it was written
at that number or later. Must not enter: files.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from proxypal.store.state import State

_EPOCH = date(1970, 1, 1)
_MONTH = 7
"""The length of `2026-01`."""


@lru_cache(maxsize=64)
def month_of(day: int) -> str:
    """`2026-01` of a day since 1970-01-01."""
    return (_EPOCH + timedelta(days=day)).isoformat()[:_MONTH]


def days_of(month: str) -> range:
    """The days of a month, since 1970-01-01.

    Raises:
        ValueError: it is no month.
    """
    if len(month) != _MONTH:
        raise ValueError(f"not a month: {month!r}")
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    return range((first - _EPOCH).days, (after - _EPOCH).days)


def dropped_months(connection: sqlite3.Connection) -> frozenset[str]:
    """Months whose breakdown was dropped and not brought back."""
    return frozenset(month for (month,) in connection.execute("SELECT month FROM dropped_months"))


def read_drops(connection: sqlite3.Connection) -> list[tuple[str, int, list[str]]]:
    """Each drop not brought back: month, when (Unix ms), what imports and re-pricings it held."""
    rows = connection.execute(
        "SELECT month, dropped_at, held FROM dropped_months ORDER BY month, dropped_at"
    )
    return [(month, at, msgspec.json.decode(held, type=list[str])) for month, at, held in rows]


def note_days(state: State, days: Iterable[int]) -> None:
    """Remember that these days change in this transaction.

    Called before the transaction takes its numbers, so that the next one belongs to it.
    """
    note_months(state, {month_of(day) for day in days})


def note_months(state: State, months: Iterable[str]) -> None:
    """As `note_days`, for whole months."""
    known = changes_of(state)
    known.update(dict.fromkeys(months, state.sequence + 1))
    _keep(state, known)


def forget_changes(state: State, month: str, up_to: int) -> None:
    """Its file was written at the number `up_to`: what changed until then is in it."""
    known = changes_of(state)
    if known.get(month, up_to + 1) <= up_to:
        del known[month]
        _keep(state, known)


def keep_changes(connection: sqlite3.Connection, state: State) -> None:
    """Write only this of the state."""
    connection.execute("UPDATE state SET month_changes = ? WHERE one = 1", (state.month_changes,))


def changes_of(state: State) -> dict[str, int]:
    """Each changed month and the number of its last change."""
    return {
        part[:_MONTH]: int(part[_MONTH + 1 :]) for part in state.month_changes.split(",") if part
    }


def _keep(state: State, known: dict[str, int]) -> None:
    state.month_changes = ",".join(f"{month}:{number}" for month, number in sorted(known.items()))
