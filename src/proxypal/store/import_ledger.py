"""What an import adds beside its sums and rows: hour cells, natural keys, the span it covers.

All of it bears the import's backup as its name, so that an undo takes off exactly that. Must not
enter: sums and rows (`actions.py`, `undoing.py`), what is new of a file (`recognising.py`).
"""

import sqlite3
from collections.abc import Mapping

from proxypal.records.counters import Counters
from proxypal.records.imported import ImportedFacts, Names
from proxypal.records.natural_key import DAY_MS
from proxypal.store import covering, day_keys
from proxypal.store.cells import Cells, add_cells, seal
from proxypal.store.series import SeriesIndex
from proxypal.store.state import Change, State
from proxypal.store.totals import counter_values, counters_from
from proxypal.store.values import Span

NamedCells = Mapping[tuple[int, Names], Counters]

_MARKS = ", ".join("?" * 22)


def admitted_cells(
    change: Change, cells: NamedCells, last_hour: int
) -> dict[tuple[int, Names], Counters]:
    """The same cells under names within the cap, up to the local hour `last_hour`."""
    keys = dict.fromkeys(names for _, names in cells)
    numbered = change.series.admit(change.connection, keys, change.state.settings.label_cap)
    admitted: dict[tuple[int, Names], Counters] = {}
    for (hour, names), counters in cells.items():
        if hour <= last_hour:
            admitted.setdefault((hour, numbered[names][1]), Counters()).add(counters)
    return admitted


def put_cells_aside(delta: sqlite3.Connection, cells: NamedCells) -> None:
    """Write cells into a backup's `delta.db`."""
    delta.executemany(
        f"INSERT INTO cells VALUES ({_MARKS})",
        [(hour, *names, *counter_values(counters)) for (hour, names), counters in cells.items()],
    )


def add_beside(change: Change, name: str, facts: ImportedFacts, cells: NamedCells) -> None:
    """Add an import's cells, keys and span; `name` is its backup."""
    connection, state = change.connection, change.state
    _move_cells(connection, state, change.series, cells)
    for (kind, day), keys in facts.keys.items():
        moment_ms = day * DAY_MS
        day_keys.add_keys(connection, kind, ((moment_ms, key) for key in keys), name)
    if facts.span_ms is not None:
        covering.add_span(connection, f"import {name}", Span(*facts.span_ms))


def forget_beside(connection: sqlite3.Connection, name: str) -> None:
    """Drop an import's keys and span: its file may come again."""
    day_keys.forget_origin(connection, name)
    covering.forget_source(connection, f"import {name}")


def move_stored_cells(change: Change, delta: sqlite3.Connection, sign: int) -> None:
    """Add the cells of a backup, or take them off with `sign` -1."""
    cells = {
        (row[0], (row[1], row[2], row[3], row[4], row[5])): counters_from(row[6:])
        for row in delta.execute("SELECT * FROM cells")
    }
    _move_cells(change.connection, change.state, change.series, cells, sign)


def _move_cells(
    connection: sqlite3.Connection,
    state: State,
    series: SeriesIndex,
    named: NamedCells,
    sign: int = 1,
) -> None:
    numbered = series.admit(
        connection, dict.fromkeys(names for _, names in named), state.settings.label_cap
    )
    cells: Cells = {}
    for (hour, names), counters in named.items():
        cells.setdefault((hour, numbered[names][0]), Counters()).add(counters)
    add_cells(connection, cells, sign)
    if cells:
        seal(connection, max(hour for hour, _ in cells))
