"""Cells dropped or lost: what was in them can leave the totals, and nothing is negative."""

from hypothesis import given
from hypothesis import strategies as st

from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.cells import Cells, add_cells, read_cells
from proxypal.store.day_cells import add_day_cells, read_day_cells
from proxypal.store.lost_cells import LostCells
from proxypal.store.months import days_of
from proxypal.store.state import State, fresh_state
from proxypal.store.values import StoreSettings

FIRST = days_of("2026-01").start
CELLS = st.dictionaries(
    st.tuples(st.integers(FIRST * 24 - 30, FIRST * 24 + 30), st.sampled_from([1, 2])),
    st.builds(
        lambda requests, failed, tokens: Counters(
            requests=requests, rate_limited=min(failed, requests), tokens_in=tokens
        ),
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(0, 5),
    ),
    max_size=6,
)


def a_state(cells_since: int = 0) -> State:
    """A store whose cells are complete from this local hour on."""
    state = fresh_state("store", 0, StoreSettings())
    state.cells_since = cells_since
    return state


def by_day(cells: Cells) -> Cells:
    """The same sums by day."""
    found: Cells = {}
    for (hour, series), counters in cells.items():
        found.setdefault((hour // 24, series), Counters()).add(counters)
    return found


@given(CELLS, CELLS, st.integers(FIRST * 24 - 40, FIRST * 24 + 40))
def test_no_cell_falls_below_zero(there: Cells, gone: Cells, cells_since: int) -> None:
    """Where cells may be missing, only what is there is taken off; from there on, everything."""
    with a_database() as connection:
        add_cells(connection, there)
        add_day_cells(connection, by_day(there))
        lost = LostCells(connection, a_state(cells_since))
        for found, moved, unit in (
            (lost.of_hours(gone, sign=-1), gone, 1),
            (lost.of_days(by_day(gone), sign=-1), by_day(gone), 24),
        ):
            assert all(moved[place] == sums for place, sums in found.items())
            kept = there if unit == 1 else by_day(there)
            for place in moved:
                if place[0] * unit >= cells_since:
                    assert place in found
            for (time, series), sums in found.items():
                if time * unit < cells_since:
                    after = Counters()
                    after.add(kept[time, series])
                    after.add(sums, sign=-1)
                    assert min(after.success, after.rate_limited, after.tokens_in) >= 0


@given(CELLS)
def test_what_comes_new_is_always_added(new: Cells) -> None:
    """A request that a source tells of late has its cell, though others of its hour are lost."""
    with a_database() as connection:
        lost = LostCells(connection, a_state(FIRST * 24 + 100))
        add_cells(connection, lost.of_hours(new))
        add_day_cells(connection, lost.of_days(by_day(new)))
        assert {(hour, series): sums for hour, series, sums in read_cells(connection)} == new
        assert {(d, s): sums for d, s, sums in read_day_cells(connection)} == by_day(new)


@given(CELLS, st.booleans())
def test_of_a_dropped_month_only_what_was_not_in_it_is_there(cells: Cells, was_in: bool) -> None:
    """What was in the month when it was dropped went with it, by name; nothing else did."""
    with a_database() as connection:
        held = '["earlier", "this"]' if was_in else '["earlier"]'
        connection.execute("INSERT INTO dropped_months VALUES ('2026-01', 1, ?)", (held,))
        lost = LostCells(connection, a_state(), "this")
        days = days_of("2026-01") if was_in else range(0)
        assert lost.of_hours(cells, sign=-1) == {
            place: sums for place, sums in cells.items() if place[0] // 24 not in days
        }
        assert [lost.is_dropped(FIRST - 1), lost.is_dropped(FIRST)] == [False, was_in]
