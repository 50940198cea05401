"""Totals of days whose hours nobody knows: they add up, and can be taken off again."""

from hypothesis import given
from hypothesis import strategies as st

from builders import money
from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.day_cells import DayCells, add_day_cells, read_day_cells

TOTALS = st.dictionaries(
    st.tuples(st.integers(20_000, 20_005), st.sampled_from([1, 2**40, 2**63 - 1])),
    st.builds(
        Counters,
        requests=st.integers(0, 9),
        tokens_in=st.integers(0, 2**50),
        unpriced=st.integers(0, 2),
        cost_usd=money(),
    ).filter(bool),
    max_size=6,
)


def added_up(*parts: DayCells) -> DayCells:
    """By plain addition."""
    found: DayCells = {}
    for part in parts:
        for place, counters in part.items():
            found.setdefault(place, Counters()).add(counters)
    return found


@given(st.lists(TOTALS, max_size=4))
def test_totals_of_a_day_add_up(parts: list[DayCells]) -> None:
    """Two reports of one day and model are their sum, to the last digit of the money."""
    with a_database() as connection:
        for part in parts:
            add_day_cells(connection, part)
        found = {(day, series): sums for day, series, sums in read_day_cells(connection)}
        assert found == added_up(*parts)


@given(TOTALS, TOTALS)
def test_taken_off_they_are_gone(one: DayCells, other: DayCells) -> None:
    """An import undone leaves the other's numbers, and no day of nothing."""
    with a_database() as connection:
        add_day_cells(connection, one)
        add_day_cells(connection, other)
        add_day_cells(connection, one, sign=-1)
        found = {(day, series): sums for day, series, sums in read_day_cells(connection)}
        assert found == other


@given(TOTALS, st.integers(20_000, 20_006), st.integers(20_000, 20_006))
def test_a_range_of_days_is_read_without_its_end(cells: DayCells, first: int, end: int) -> None:
    """The first day is in it, the last one is the day before its end."""
    with a_database() as connection:
        add_day_cells(connection, cells)
        days = {day for day, _, _ in read_day_cells(connection, first, end)}
        assert days == {day for day, _ in cells if first <= day < end}
