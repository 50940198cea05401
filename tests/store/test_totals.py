"""The sums in the database: additive, exact, hours kept for 35 days, nothing empty left."""

import contextlib
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import money
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.records.labels import hour_label, hour_of_label
from proxypal.store.database import Database
from proxypal.store.schema import upgrade
from proxypal.store.totals import (
    add_sums,
    counter_values,
    counters_from,
    drop_empty,
    let_old_hours_go,
    read_sums,
    sums_of,
)

counters = st.builds(
    Counters, **{name: st.integers(0, 10**6) for name in COUNT_FIELDS}, cost_usd=money()
)


@contextlib.contextmanager
def a_database() -> Iterator[sqlite3.Connection]:
    """Empty tables, in memory."""
    database = Database(None)
    try:
        upgrade(database.connection)
        yield database.connection
    finally:
        database.close()


@given(counters)
def test_counters_survive_the_database(found: Counters) -> None:
    """What is written in columns is read as it was."""
    assert counters_from(counter_values(found)) == found


@given(st.lists(counters, min_size=1, max_size=5))
def test_sums_add_up(parts: list[Counters]) -> None:
    """Adding part after part is the sum of the parts, the money to the last digit."""
    with a_database() as connection:
        expected = Counters()
        for part in parts:
            add_sums(connection, {("total", ""): part, ("model", "gpt-5"): part})
            expected.add(part)
        sums = read_sums(connection)
        assert sums == {("total", ""): expected, ("model", "gpt-5"): expected}
        assert Fraction(sums["total", ""].cost_usd) == sum(Fraction(p.cost_usd) for p in parts)


@given(counters, counters)
def test_what_is_taken_off_leaves_the_rest(kept: Counters, undone: Counters) -> None:
    """Adding and taking off again leaves exactly what was there."""
    with a_database() as connection:
        for part in (kept, undone):
            add_sums(connection, {("day", "2026-01-09"): part})
        add_sums(connection, {("day", "2026-01-09"): undone}, sign=-1)
        assert read_sums(connection) == {("day", "2026-01-09"): kept}


def test_a_request_counts_in_five_places() -> None:
    """One hour cell is part of the total, its day, its hour, its model and its provider."""
    hour = hour_of_label("2026-01-09T12")
    two = Counters(requests=2)
    cells = {(hour, 1): two, (hour, 2): Counters(requests=3)}
    names = {1: ("claude", "opus", "", "", ""), 2: ("claude", "haiku", "key", "", "")}
    sums = {key: found.requests for key, found in sums_of(cells, names).items()}
    assert sums == {
        ("total", ""): 5,
        ("day", "2026-01-09"): 5,
        ("hour", "2026-01-09T12"): 5,
        ("provider", "claude"): 5,
        ("model", "opus"): 2,
        ("model", "haiku"): 3,
    }
    assert two == Counters(requests=2), "what was given is not changed"


def test_hours_are_kept_for_35_days_by_date() -> None:
    """D30: the hours of the last 35 days stay, however few or many there are."""
    newest = hour_of_label("2026-01-09T12")
    with a_database() as connection:
        for hours_ago in (0, 1, 35 * 24 - 1, 35 * 24, 35 * 24 + 1, 90 * 24):
            label = hour_label(newest - hours_ago)
            add_sums(connection, {("hour", label): Counters(requests=1)})
        add_sums(connection, {("day", "2025-01-01"): Counters(requests=1)})
        let_old_hours_go(connection)
        left = sorted(label for scope, label in read_sums(connection) if scope == "hour")
        assert left == [hour_label(newest - hours) for hours in (35 * 24 - 1, 1, 0)]
        assert ("day", "2025-01-01") in read_sums(connection), "days are kept for ever"


def test_without_hours_there_is_nothing_to_let_go() -> None:
    """An empty store is tidied without a complaint."""
    with a_database() as connection:
        let_old_hours_go(connection)
        assert read_sums(connection) == {}


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        (Counters(), False),
        (Counters(cost_usd=Decimal("0.00")), False),
        (Counters(requests=1), True),
        (Counters(duration_ms=1), True),
        (Counters(cost_usd=Decimal("0.01")), True),
    ],
)
def test_only_what_is_empty_is_dropped(left: Counters, stays: bool) -> None:
    """A day that nothing is left of goes away; one that still holds a cost stays."""
    with a_database() as connection:
        add_sums(connection, {("day", "2026-01-09"): left, ("total", ""): left})
        drop_empty(connection)
        assert (("day", "2026-01-09") in read_sums(connection)) is stays
        assert ("total", "") in read_sums(connection)


def test_a_sum_that_became_zero_cents_is_empty() -> None:
    """Money that was taken off to the last cent leaves nothing behind."""
    with a_database() as connection:
        for sign in (1, -1):
            add_sums(connection, {("day", "d"): Counters(cost_usd=Decimal("1.10"))}, sign)
        drop_empty(connection)
        assert read_sums(connection) == {}
