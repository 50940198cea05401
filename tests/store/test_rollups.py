"""Rollups: most questions read a small table, and its sums are those of the cells it is of."""

import sqlite3
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store import rollups
from proxypal.store.cell_tables import KEYS, Table, summed, table_of
from proxypal.store.rollups import PART, ROLLUPS, drop_parts, kind_for, read_table, write_part
from proxypal.store.series import SHIFTS
from proxypal.store.totals import counter_values

DAY = 20_000

NEEDED = st.sets(st.sampled_from(KEYS))


def a_day(cells: Mapping[tuple[int, ...], int]) -> Table:
    """Requests by hour and the numbers of the five names."""
    rows = [
        (
            hour,
            sum(name << shift for name, shift in zip(names, SHIFTS, strict=True)),
            *counter_values(Counters(requests=count)),
        )
        for (hour, *names), count in cells.items()
    ]
    return summed([table_of(rows)], KEYS)


def a_busy_day() -> Table:
    """So many keys and accounts that leaving them out is worth it."""
    return a_day({(n % 24, 1, 2 + n % 3, n % 50, n * 7 % 97, 3): 1 + n % 4 for n in range(4_000)})


def parts_in(connection: sqlite3.Connection) -> list[tuple[int, list[str]]]:
    """(number, kinds) of each part of the day."""
    rows = connection.execute("SELECT part, kinds FROM sealed_cells WHERE day = ?", (DAY,))
    return [(part, [kind for kind in kinds.split(",") if kind]) for part, kinds in rows]


def by(table: Table, names: list[str]) -> dict[tuple[int, ...], int]:
    """Requests by some keys."""
    whole = summed([table], names)
    places = list(zip(*(whole.column(name) for name in names), strict=True)) or [()] * whole.size
    return {places[row]: counters.requests for row, counters in whole.rows()}


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 23), *[st.integers(0, 3)] * 5), st.integers(1, 9), min_size=1
    ),
    NEEDED,
)
def test_whatever_is_needed_the_sums_are_the_same(
    cells: dict[tuple[int, ...], int], needed: set[str]
) -> None:
    """Read from the kind that is chosen for them or from all cells: nothing is lost or doubled."""
    names = sorted(needed)
    with pytest.MonkeyPatch.context() as patch, a_database() as connection:
        patch.setattr(rollups, "_SIZE_FROM", 1)
        patch.setattr(rollups, "_WORTH_IT", 1)
        table = a_day(cells)
        write_part(connection, DAY, table)
        ((part, kinds),) = parts_in(connection)
        found = read_table(connection, kind_for(kinds, needed), DAY, part)
        assert by(found, names) == by(table, names)
        for kind in kinds:
            small = read_table(connection, kind, DAY, part)
            assert small.size <= table.size
            assert by(small, list(ROLLUPS[kind])) == by(table, list(ROLLUPS[kind]))


def test_most_questions_read_a_fiftieth() -> None:
    """On a busy day a table by model, key or hour is there, and it is a fraction of the cells."""
    with a_database() as connection:
        table = a_busy_day()
        write_part(connection, DAY, table)
        ((part, kinds),) = parts_in(connection)
        for needed in ({"model"}, {"key"}, {"hour"}, {"provider", "source"}, set[str]()):
            kind = kind_for(kinds, needed)
            assert read_table(connection, kind, DAY, part).size * 50 <= table.size, needed


@given(st.lists(st.sampled_from(list(ROLLUPS)), unique=True).map(sorted), NEEDED)
def test_the_kind_has_every_name_that_is_needed(kinds: list[str], needed: set[str]) -> None:
    """What is not in any kept rollup is read from the cells themselves."""
    kept = [kind for kind in ROLLUPS if kind in kinds]
    kind = kind_for(kept, needed)
    assert kind == PART or (kind in kept and needed <= set(ROLLUPS[kind]))
    if kind == PART:
        assert not [known for known in kept if needed <= set(ROLLUPS[known])]


def test_quiet_days_have_none() -> None:
    """A few cells are read at once: nothing is kept beside them."""
    with a_database() as connection:
        write_part(connection, DAY, a_day({(n % 24, 1, 2, n, 0, 3): 1 for n in range(100)}))
        assert [kinds for _, kinds in parts_in(connection)] == [[]]
        assert connection.execute("SELECT count(*) FROM rollups").fetchone() == (0,)


def test_rollups_go_with_their_part() -> None:
    """A part that is deleted leaves nothing; another of the same day keeps all of its own."""
    with a_database() as connection:
        write_part(connection, DAY, a_busy_day())
        write_part(connection, DAY, a_busy_day())
        (first, _), (second, kinds) = parts_in(connection)
        assert first != second
        drop_parts(connection, [first])
        assert parts_in(connection) == [(second, kinds)]
        rows = connection.execute("SELECT kind, part FROM rollups").fetchall()
        assert sorted(rows) == sorted((kind, second) for kind in kinds)
        drop_parts(connection, [second])
        assert connection.execute("SELECT count(*) FROM rollups").fetchone() == (0,)


def test_no_part_gets_the_number_of_one_that_is_gone() -> None:
    """What is remembered of a part by its number can never be taken for another one's."""
    with a_database() as connection:
        seen = set()
        for _ in range(200):
            write_part(connection, DAY, a_day({(1, 1, 1, 1, 1, 1): 1}))
            ((part, _),) = parts_in(connection)
            seen.add(part)
            drop_parts(connection, [part])
        assert len(seen) == 200
