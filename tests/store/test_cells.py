"""Hour cells: every question about a range is answered from them, recent or long sealed."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.cells import (
    DAYS_OPEN,
    Cells,
    add_cells,
    delete_cells,
    read_cells,
    seal,
)

SERIES = [2 << 52 | 3 << 39, 2 << 52 | 3 << 39 | 4 << 25, 2 << 52 | 5 << 39, 3 << 11, 2**63 - 1]

places = st.tuples(st.integers(480_000, 480_000 + 24 * 12), st.sampled_from(SERIES))
batches = st.lists(st.dictionaries(places, st.integers(1, 9), max_size=6), max_size=6)


def cells_of(amounts: dict[tuple[int, int], int]) -> Cells:
    """Cells with so many requests."""
    return {place: Counters(requests=amount) for place, amount in amounts.items()}


def read(
    connection: sqlite3.Connection, since: int = 0, until: int | None = None
) -> dict[tuple[int, int], int]:
    """Requests by hour and series, parts of a cell added up."""
    found: dict[tuple[int, int], int] = {}
    for hour, series, counters in read_cells(connection, since, until):
        found[hour, series] = found.get((hour, series), 0) + counters.requests
    return found


def added_up(amounts: list[dict[tuple[int, int], int]]) -> dict[tuple[int, int], int]:
    """What the batches come to."""
    total: dict[tuple[int, int], int] = {}
    for batch in amounts:
        for place, amount in batch.items():
            total[place] = total.get(place, 0) + amount
    return total


@given(batches, st.lists(st.integers(480_000, 480_000 + 24 * 14), max_size=4))
def test_sealing_changes_no_answer(
    amounts: list[dict[tuple[int, int], int]], sealings: list[int]
) -> None:
    """Whatever is sealed in between, late requests included, each cell holds what was added."""
    with a_database() as connection:
        for number, batch in enumerate(amounts):
            add_cells(connection, cells_of(batch))
            if number < len(sealings):
                seal(connection, sealings[number])
        assert read(connection) == added_up(amounts)


@given(batches, st.integers(480_000, 480_300), st.integers(480_000, 480_300))
def test_a_range_is_exact_to_the_hour(
    amounts: list[dict[tuple[int, int], int]], since: int, until: int
) -> None:
    """Sealed or not, an hour is in the answer if it is in the range, the end not included."""
    with a_database() as connection:
        for batch in amounts:
            add_cells(connection, cells_of(batch))
        seal(connection, 480_200)
        expected = {
            place: amount
            for place, amount in added_up(amounts).items()
            if since <= place[0] < until
        }
        assert read(connection, since, until) == expected


def test_older_days_take_one_row_each() -> None:
    """A year of cells is as many rows as days, apart from the last few."""
    with a_database() as connection:
        first = 480_000 - 480_000 % 24
        for day in range(100):
            hour = first + day * 24
            add_cells(connection, cells_of({(hour + n % 24, n % 5 + 1): 1 for n in range(48)}))
            seal(connection, hour)
        (open_rows,) = connection.execute("SELECT count(*) FROM cells").fetchone()
        (sealed,) = connection.execute("SELECT count(*) FROM sealed_cells").fetchone()
        assert sealed == 100 - DAYS_OPEN - 1
        assert open_rows <= 48 * (DAYS_OPEN + 1)


def test_cells_can_be_taken_off_again() -> None:
    """A correction of a sealed day is taken off as exactly as one of today."""
    with a_database() as connection:
        add_cells(connection, cells_of({(480_000, 1): 5, (480_100, 1): 3}))
        seal(connection, 480_300)
        add_cells(connection, cells_of({(480_000, 1): 2}), sign=-1)
        assert read(connection) == {(480_000, 1): 3, (480_100, 1): 3}
        seal(connection, 480_300)
        assert read(connection) == {(480_000, 1): 3, (480_100, 1): 3}


def test_deleting_leaves_none() -> None:
    """A reset empties the sealed days too."""
    with a_database() as connection:
        add_cells(connection, cells_of({(480_000, 1): 5, (480_290, 1): 3}))
        seal(connection, 480_290)
        delete_cells(connection)
        assert read(connection) == {}
