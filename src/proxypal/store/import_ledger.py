"""What an import adds beside its sums and rows: its breakdown, natural keys, the span it covers.

All of it bears the import's backup as its name, so that an undo takes off exactly that. Must not
enter: sums and rows (`actions.py`, `undoing.py`), what is new of a file (`recognising.py`).
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.records.imported import SOURCE, ImportedFacts, Names
from proxypal.records.labels import hour_of_label
from proxypal.records.natural_key import DAY_MS
from proxypal.records.request import UNKNOWN
from proxypal.records.sketch import decode_sketch, encode_sketch
from proxypal.store import covering, day_keys, durations
from proxypal.store.cells import Cells, add_cells, seal
from proxypal.store.day_cells import DayCells, add_day_cells
from proxypal.store.lost_cells import LostCells
from proxypal.store.months import note_days
from proxypal.store.state import Change
from proxypal.store.totals import Sums, counter_values, counters_from
from proxypal.store.values import Span

NamedCells = Mapping[tuple[int, Names], Counters]

NAMELESS: Names = (UNKNOWN, UNKNOWN, "", "", SOURCE)
"""What a day's total counts under that says of no model."""

_MARKS = ", ".join("?" * (6 + len(COUNTER_FIELDS)))


class Breakdown(NamedTuple):
    """What is added to the breakdown: by hour, by day where hours are unknown, and durations."""

    cells: NamedCells
    days: NamedCells
    sketches: durations.Sketches


def admitted_breakdown(
    change: Change, facts: ImportedFacts, sums: Sums, last_hour: int
) -> Breakdown:
    """An import's breakdown under names within the cap, up to the local hour `last_hour`.

    What its days have beyond its cells is there by day, so that the two come to the `sums` of
    the days.
    """
    pairs = {(provider, model) for _, provider, model in facts.sketches}
    keys = dict.fromkeys(
        [names for _, names in (*facts.cells, *facts.days)]
        + [(provider, model, "", "", "") for provider, model in pairs]
        + [NAMELESS]
    )
    cap = change.state.settings.label_cap
    admitted = {
        names: capped
        for names, (_, capped) in change.series.admit(change.connection, keys, cap).items()
    }
    cells: dict[tuple[int, Names], Counters] = {}
    for (hour, names), counters in facts.cells.items():
        if hour <= last_hour:
            cells.setdefault((hour, admitted[names]), Counters()).add(counters)
    days: dict[tuple[int, Names], Counters] = {}
    for (day, names), counters in facts.days.items():
        days.setdefault((day, admitted[names]), Counters()).add(counters)
    for day, rest in _left_of_days(sums, cells, days).items():
        days.setdefault((day, admitted[NAMELESS]), Counters()).add(rest)
    return Breakdown(
        cells,
        days,
        {
            (day, *admitted[provider, model, "", "", ""][:2]): sketches
            for (day, provider, model), sketches in facts.sketches.items()
            if day <= last_hour // 24
        },
    )


def _left_of_days(sums: Sums, cells: NamedCells, days: NamedCells) -> dict[int, Counters]:
    """What the sums of days have that neither cells nor days tell of."""
    left: dict[int, Counters] = {}
    for (scope, label), counters in sums.items():
        if scope == "day":
            left.setdefault(hour_of_label(label) // 24, Counters()).add(counters)
    for (hour, _), counters in cells.items():
        left.setdefault(hour // 24, Counters()).add(counters, sign=-1)
    for (day, _), counters in days.items():
        left.setdefault(day, Counters()).add(counters, sign=-1)
    return {day: counters for day, counters in left.items() if counters}


def put_aside(delta: sqlite3.Connection, breakdown: Breakdown) -> None:
    """Write a breakdown into a backup's `delta.db`."""
    for table, cells in (("cells", breakdown.cells), ("day_cells", breakdown.days)):
        delta.executemany(
            f"INSERT INTO {table} VALUES ({_MARKS})",
            ((time, *names, *counter_values(found)) for (time, names), found in cells.items()),
        )
    delta.executemany(
        "INSERT INTO sketches VALUES (?, ?, ?, ?, ?)",
        [(*place, *map(encode_sketch, found)) for place, found in breakdown.sketches.items()],
    )


def add_beside(change: Change, name: str, facts: ImportedFacts, breakdown: Breakdown) -> None:
    """Add an import's breakdown, keys and span; `name` is its backup."""
    connection, state = change.connection, change.state
    move_breakdown(change, breakdown)
    note_days(state, {day for _, day in facts.keys})
    for (kind, day), keys in facts.keys.items():
        moment_ms = day * DAY_MS
        day_keys.add_keys(connection, kind, ((moment_ms, key) for key in keys), name)
    if facts.span_ms is not None:
        covering.add_span(connection, f"import {name}", Span(*facts.span_ms))


def forget_beside(change: Change, name: str) -> None:
    """Drop an import's keys and span: its file may come again."""
    connection = change.connection
    note_days(change.state, day_keys.days_of_origin(connection, name))
    day_keys.forget_origin(connection, name)
    covering.forget_source(connection, f"import {name}")


def stored_breakdown(delta: sqlite3.Connection) -> Breakdown:
    """The breakdown in a backup; of an older format, without days and durations."""
    found = {name for (name,) in delta.execute("SELECT name FROM sqlite_master")}
    cells, days = (
        _gathered(delta.execute(f"SELECT * FROM {table}") if table in found else ())
        for table in ("cells", "day_cells")
    )
    rows = delta.execute("SELECT * FROM sketches") if "sketches" in found else ()
    return Breakdown(
        cells,
        days,
        {(row[0], row[1], row[2]): (decode_sketch(row[3]), decode_sketch(row[4])) for row in rows},
    )


def _gathered(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, Names], Counters]:
    """Rows by time and names: a cell that was in several parts is in several rows."""
    found: dict[tuple[int, Names], Counters] = {}
    for time, provider, model, api_key, account, source, *values in rows:
        place = (time, (provider, model, api_key, account, source))
        found.setdefault(place, Counters()).add(counters_from(values))
    return found


def take_breakdown_off(change: Change, breakdown: Breakdown, name: str) -> None:
    """Take off what an action added, as far as it is still there; `name` is its backup."""
    lost = LostCells(change.connection, change.state, name)
    sketches = {
        place: parts for place, parts in breakdown.sketches.items() if not lost.is_dropped(place[0])
    }
    move_breakdown(change, breakdown._replace(sketches=sketches), sign=-1, lost=lost)


def move_breakdown(
    change: Change, breakdown: Breakdown, sign: int = 1, lost: LostCells | None = None
) -> None:
    """Add a breakdown, or take it off with `sign` -1."""
    connection, state = change.connection, change.state
    keys = dict.fromkeys(names for _, names in (*breakdown.cells, *breakdown.days))
    numbered = change.series.admit(connection, keys, state.settings.label_cap)
    cells: Cells = {}
    for (hour, names), counters in breakdown.cells.items():
        cells.setdefault((hour, numbered[names][0]), Counters()).add(counters)
    days: DayCells = {}
    for (day, names), counters in breakdown.days.items():
        days.setdefault((day, numbered[names][0]), Counters()).add(counters)
    if lost is not None:
        cells, days = lost.of_hours(cells, sign), lost.of_days(days, sign)
    changed = {hour // 24 for hour, _ in cells} | {day for day, _ in days}
    note_days(state, changed | {place[0] for place in breakdown.sketches})
    add_cells(connection, cells, sign)
    add_day_cells(connection, days, sign)
    if breakdown.sketches:
        durations.fold(connection, state.sequence + 1, at_most=0)
        durations.move_sketches(connection, state.sequence + 1, breakdown.sketches, sign)
    if cells:
        seal(connection, max(hour for hour, _ in cells))
