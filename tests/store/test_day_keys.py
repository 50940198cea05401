"""Four bytes a request that recognise it for ever: as often as it was counted, day by day."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.store import schema
from proxypal.store.day_keys import DAY_MS, add_keys, days_between, forget_origin, keys_of_day


def a_database() -> sqlite3.Connection:
    """An empty one, of the newest version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.upgrade(connection)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(a_database()) as opened:
        yield opened


def rows_of(connection: sqlite3.Connection) -> Any:
    """How many rows all keys take."""
    return connection.execute("SELECT count(*) FROM day_keys").fetchone()[0]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3 * DAY_MS), st.integers(0, 2**32 - 1)), max_size=5),
        max_size=80,
    )
)
def test_every_key_is_found_as_often_as_it_was_added(
    batches: list[list[tuple[int, int]]],
) -> None:
    """On the day of its moment, whatever batches it came in."""
    with closing(a_database()) as connection:
        expected: dict[int, Counter[int]] = {day: Counter() for day in range(4)}
        for batch in batches:
            add_keys(connection, "attempt", batch)
            for moment_ms, key in batch:
                expected[moment_ms // DAY_MS][key] += 1
        for day, keys in expected.items():
            assert keys_of_day(connection, "attempt", day) == keys


def test_of_a_span_of_centuries_only_the_days_with_keys_are_looked_at(
    connection: sqlite3.Connection,
) -> None:
    """A log may say that a request took 292 years; asking day by day would take minutes."""
    add_keys(connection, "request", [(day * DAY_MS, 7) for day in (-1, 3, 3, 9)])
    add_keys(connection, "request", [(3 * DAY_MS, 8)], "an import")
    add_keys(connection, "attempt", [(5 * DAY_MS, 7)])
    assert sorted(days_between(connection, "request", -(10**8), 9)) == [-1, 3, 9]
    assert days_between(connection, "request", 0, 8) == [3]
    assert days_between(connection, "request", 4, 8) == []


def test_kinds_are_apart(connection: sqlite3.Connection) -> None:
    """A key of one kind says nothing about another."""
    add_keys(connection, "attempt", [(0, 7)])
    assert keys_of_day(connection, "request", 0) == Counter()


def test_many_batches_of_a_day_become_few_rows(connection: sqlite3.Connection) -> None:
    """A busy day is folded, so that looking it up stays cheap."""
    for number in range(1000):
        add_keys(connection, "attempt", [(5, number)])
    assert rows_of(connection) < 100
    assert len(keys_of_day(connection, "attempt", 0)) == 1000


def test_an_undone_import_takes_its_own_keys_only(connection: sqlite3.Connection) -> None:
    """What was captured live, or came with another import, stays known; folding mixes nothing."""
    for number in range(200):
        add_keys(connection, "attempt", [(5, 1)])
        add_keys(connection, "attempt", [(5, 2)], "backup-a")
        add_keys(connection, "row", [(5, number)], "backup-b")
    forget_origin(connection, "backup-a")
    assert keys_of_day(connection, "attempt", 0) == Counter({1: 200})
    assert len(keys_of_day(connection, "row", 0)) == 200
