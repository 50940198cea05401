"""What exactly can be taken off a cell that may be incomplete: all that is there, not one more."""

import pytest

from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.cells import add_cells
from proxypal.store.day_cells import add_day_cells
from proxypal.store.lost_cells import LostCells
from proxypal.store.months import days_of
from proxypal.store.state import State, fresh_state
from proxypal.store.values import StoreSettings

DAY = days_of("2026-01").start
HOUR = DAY * 24
FIVE = Counters(requests=5, tokens_in=50)
LATE = HOUR + 1_000
"""The hour from which on the cells of these stores are complete."""


def a_state(cells_since: int = LATE) -> State:
    """A store that lost the cells before this hour."""
    state = fresh_state("store", 0, StoreSettings())
    state.cells_since = cells_since
    return state


@pytest.mark.parametrize(
    ("taken", "is_there"),
    [
        (Counters(requests=5, tokens_in=50), True),
        (Counters(requests=5), True),
        (Counters(requests=6), False),
        (Counters(requests=1, tokens_in=51), False),
    ],
)
def test_a_cell_gives_back_what_it_has_and_no_more(taken: Counters, *, is_there: bool) -> None:
    """To the last request and token, of an hour and of a day; other cells do not help out."""
    with a_database() as connection:
        # The same number of another series, and the hours and days on both sides.
        for hour in (HOUR - 24, HOUR - 1, HOUR, HOUR + 1, HOUR + 24):
            add_cells(connection, {(hour, 1): FIVE, (hour, 2): FIVE})
        for day in (DAY - 1, DAY, DAY + 1):
            add_day_cells(connection, {(day, 1): FIVE, (day, 2): FIVE})
        lost = LostCells(connection, a_state())
        # Several days at once: each is looked at by itself.
        hours = {(hour, 1): taken for hour in (HOUR - 24, HOUR, HOUR + 24)}
        days = {(day, 1): taken for day in (DAY - 1, DAY, DAY + 1)}
        assert lost.of_hours(hours, sign=-1) == (hours if is_there else {})
        assert lost.of_days(days, sign=-1) == (days if is_there else {})


def test_nothing_is_taken_off_a_cell_that_is_gone() -> None:
    """A request that comes to it has its cell again; tokens that come to a lost one do not."""
    with a_database() as connection:
        lost = LostCells(connection, a_state())
        for moved in (lost.of_hours, lost.of_days):
            place = (HOUR, 1) if moved == lost.of_hours else (DAY, 1)
            assert moved({place: FIVE}, sign=-1) == {}
            assert moved({place: FIVE}) == {place: FIVE}
            assert moved({place: Counters(tokens_in=7)}) == {}
            assert moved({place: Counters(tokens_in=7)}, sign=-1) == {}


def test_from_the_complete_hour_on_nothing_is_doubted() -> None:
    """The hour itself is complete, the one before it may not be; of days, the day it begins."""
    with a_database() as connection:
        lost = LostCells(connection, a_state(HOUR + 24))
        hours = {(HOUR + 23, 1): FIVE, (HOUR + 24, 1): FIVE}
        assert lost.of_hours(hours, sign=-1) == {(HOUR + 24, 1): FIVE}
        days = {(DAY, 1): FIVE, (DAY + 1, 1): FIVE}
        assert lost.of_days(days, sign=-1) == {(DAY + 1, 1): FIVE}


def test_sums_of_days_went_with_their_month() -> None:
    """What an import brought of a dropped month, and nothing it brought of the next one."""
    with a_database() as connection:
        connection.execute("""INSERT INTO dropped_months VALUES ('2026-01', 1, '["this"]')""")
        lost = LostCells(connection, a_state(0), "this")
        days = {(DAY, 1): FIVE, (DAY + 31, 1): FIVE}
        assert lost.of_days(days, sign=-1) == {(DAY + 31, 1): FIVE}
        assert LostCells(connection, a_state(0), "other").of_days(days, sign=-1) == days
