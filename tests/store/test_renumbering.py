"""From version 2 to 3: every cell keeps its hour, its names and its numbers."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import money
from proxypal.records.counters import Counters
from proxypal.store.cells import read_cells
from proxypal.store.database import Database
from proxypal.store.schema import STEPS
from proxypal.store.series import all_series
from proxypal.store.totals import counter_values

NAMES = st.sampled_from(["", "a", "b", "other", "ö"])
SERIES = st.lists(st.tuples(*[NAMES] * 5), min_size=1, max_size=6, unique=True)
COUNTERS = st.builds(
    Counters,
    requests=st.integers(1, 9),
    tokens_in=st.integers(0, 2**53),
    cost_usd=st.just(Decimal(0)) | money(),
)
FIRST_HOUR = 490_000
CELLS = st.lists(st.tuples(st.integers(FIRST_HOUR, FIRST_HOUR + 100), COUNTERS), max_size=10)

Old = dict[tuple[int, int], Counters]


@contextmanager
def version_2() -> Iterator[sqlite3.Connection]:
    """An empty database of version 2."""
    database = Database(None)
    try:
        for step in STEPS[:2]:
            step(database.connection)
        database.connection.execute(
            "INSERT INTO state VALUES (1, 's', 0, 9, 0, '[0]', 0, 0, 0, 0, 0, '{}', '{}', '{}')"
        )
        yield database.connection
    finally:
        database.close()


def put_series(connection: sqlite3.Connection, keys: list[tuple[str, ...]]) -> None:
    """Names as version 2 had them: a row for each mix."""
    for number, key in enumerate(keys, 1):
        connection.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)", (number, *key))
        for kind, name in zip(
            ("provider", "model", "api_key", "account", "source"), key, strict=True
        ):
            if name not in {"", "other"}:
                connection.execute("INSERT OR IGNORE INTO labels VALUES (?, ?)", (kind, name))


def put_open(connection: sqlite3.Connection, cells: Old) -> None:
    """Rows of version 2."""
    marks = ", ".join("?" * 17)
    for (hour, series), counters in cells.items():
        values = (hour << 22 | series, *counter_values(counters))
        connection.execute(f"INSERT INTO cells VALUES ({marks})", values)


def put_sealed(connection: sqlite3.Connection, cells: Old) -> None:
    """Packed days of version 2."""
    days: dict[int, list[tuple[object, ...]]] = {}
    for (hour, series), counters in cells.items():
        days.setdefault(hour // 24, []).append((hour % 24, series, *counter_values(counters)))
    for day, rows in days.items():
        body = zlib.compress(msgspec.msgpack.encode(rows))
        connection.execute("INSERT INTO sealed_cells VALUES (?, ?)", (day, body))


@given(SERIES, CELLS, CELLS, st.data())
def test_every_sum_keeps_its_hour_and_names(
    keys: list[tuple[str, ...]],
    opened: list[tuple[int, Counters]],
    sealed: list[tuple[int, Counters]],
    data: st.DataObject,
) -> None:
    """Recent or sealed: what was under five names in an hour is under them still."""
    numbers = st.integers(1, len(keys))
    old = [{(h, data.draw(numbers)): c for h, c in cells} for cells in (opened, sealed)]
    with version_2() as connection:
        put_series(connection, keys)
        put_open(connection, old[0])
        put_sealed(connection, old[1])
        STEPS[2](connection)
        names = all_series(connection)
        found: dict[tuple[int, tuple[str, ...]], Counters] = {}
        for hour, series, counters in read_cells(connection):
            found.setdefault((hour, names[series]), Counters()).add(counters)
    expected: dict[tuple[int, tuple[str, ...]], Counters] = {}
    for cells in old:
        for (hour, series), counters in cells.items():
            expected.setdefault((hour, keys[series - 1]), Counters()).add(counters)
    assert found == expected


def test_open_requests_keep_their_names() -> None:
    """A request of the last two hours can still be revised: it is known under the same names."""
    keys: list[tuple[str, ...]] = [
        ("claude", "opus", "k", "", "log"),
        ("openai", "gpt-5", "", "a", ""),
    ]
    batch = [[7, 0, 0, None, FIRST_HOUR, 2, "rest"], [8, 0, 0, None, FIRST_HOUR, 1, "rest"]]
    with version_2() as connection:
        put_series(connection, keys)
        body = msgspec.msgpack.encode(batch)
        connection.execute("INSERT INTO join_window VALUES (7, 8, 0, 0, ?)", (body,))
        STEPS[2](connection)
        (after,) = connection.execute("SELECT body FROM join_window").fetchone()
        found = msgspec.msgpack.decode(after)
        names = all_series(connection)
        assert [names[request[5]] for request in found] == [keys[1], keys[0]]
        assert [[*request[:5], request[6]] for request in found] == [
            [*request[:5], request[6]] for request in batch
        ]


@pytest.mark.parametrize(("kind", "cells_since"), [("clear", 0), ("import", 494_112)])
def test_what_version_2_did_not_keep_is_not_claimed(kind: str, cells_since: int) -> None:
    """Durations begin the day after the last; after an import, so does the claim of every hour."""
    with version_2() as connection:
        connection.execute("INSERT INTO sums (scope, label) VALUES ('day', '2026-05-14')")
        connection.execute("INSERT INTO undo_log VALUES ('b', ?, '[]', NULL, 0)", (kind,))
        STEPS[2](connection)
        (since, sketches) = connection.execute(
            "SELECT cells_since, sketches_since FROM state"
        ).fetchone()
    assert (since, sketches) == (cells_since, 494_112 // 24)
