"""How cells are packed away: into few parts, with what is worth it beside, by the day."""

from pathlib import Path

from builders import DAY_MS, NOW_MS, a_request, a_store
from cell_databases import a_database
from proxypal.records.counters import Counters
from proxypal.store.cell_tables import KEYS, Table, summed, table_of
from proxypal.store.cells import (
    DAYS_OPEN,
    OPEN_AT_MOST,
    Cells,
    add_cells,
    cell_days,
    day_body,
    delete_days,
    fold,
    pack_cells,
    put_day_body,
    read_cells,
    seal,
    unpack_cells,
)
from proxypal.store.rollups import PART, kind_for, write_part
from proxypal.store.series import SHIFTS
from proxypal.store.totals import counter_values

DAY = 20_000
FIRST_HOUR = DAY * 24


def a_flood(begin: int, size: int) -> Cells:
    """So many cells of one day, each of another series, with one request."""
    return {(FIRST_HOUR + n % 24, n + 1): Counters(requests=1) for n in range(begin, begin + size)}


def a_table(models: int, rows: int) -> Table:
    """Cells of one hour: each with a key of its own, spread over so many models."""
    numbers = [(1, 1 + n % models, n + 1, n % 5_000 + 1, 1) for n in range(rows)]
    return summed(
        [
            table_of(
                [
                    (
                        n % 24,
                        sum(name << shift for name, shift in zip(names, SHIFTS, strict=True)),
                        *counter_values(Counters(requests=1)),
                    )
                    for n, names in enumerate(numbers)
                ]
            )
        ],
        KEYS,
    )


def test_a_flood_in_one_day_stays_a_few_parts() -> None:
    """However often the rows become too many, a question reads few parts and no number changes."""
    with a_database() as connection:
        for number in range(12):
            add_cells(connection, a_flood(number * 3_000, OPEN_AT_MOST + 1))
            fold(connection)
            assert connection.execute("SELECT count(*) FROM cells").fetchone() == (0,)
            (parts,) = connection.execute("SELECT count(*) FROM sealed_cells").fetchone()
            assert parts <= 6
        read = list(read_cells(connection))
        assert len(read) == len({(hour, series) for hour, series, _ in read}) == 12 * 2_049
        assert sum(found.requests for _, _, found in read) == 12 * 2_049


def test_days_are_packed_as_they_go_by(tmp_path: Path) -> None:
    """Only the last days are rows; each day before them is one part, on every day of the month."""
    with a_store(tmp_path) as store:
        for day in range(30):
            store.record([a_request(timestamp=NOW_MS - (29 - day) * DAY_MS + n) for n in range(3)])
            if day > DAYS_OPEN:
                (parts, rows) = store._engine.read(
                    lambda change: change.connection.execute(
                        "SELECT (SELECT count(*) FROM sealed_cells), (SELECT count(*) FROM cells)"
                    ).fetchone()
                )
                assert (parts, rows) == (day - DAYS_OPEN, DAYS_OPEN + 1)


def test_as_many_open_rows_as_allowed_are_left_alone() -> None:
    """Sealing costs time: it waits until one row more than allowed is there."""
    with a_database() as connection:
        add_cells(connection, a_flood(0, OPEN_AT_MOST))
        fold(connection)
        assert connection.execute("SELECT count(*) FROM cells").fetchone() == (OPEN_AT_MOST,)


def test_deleting_days_takes_those_alone() -> None:
    """Of the days between the ends sealed and open cells go; the days beside keep theirs."""
    with a_database() as connection:
        for day in range(DAY, DAY + 4):
            add_cells(connection, {(day * 24, 1): Counters(requests=1)})
            add_cells(connection, {(day * 24 + 23, 1): Counters(requests=2)})
        seal(connection, (DAY + 9) * 24)
        for day in range(DAY, DAY + 4):
            add_cells(connection, {(day * 24, 1): Counters(requests=4)})
            add_cells(connection, {(day * 24 + 23, 1): Counters(requests=8)})
        delete_days(connection, range(DAY + 1, DAY + 3))
        left: dict[int, int] = {}
        for hour, _, found in read_cells(connection):
            left[hour // 24] = left.get(hour // 24, 0) + found.requests
        assert left == {DAY: 15, DAY + 3: 15}
        assert cell_days(connection, range(DAY, DAY + 9)) == {DAY, DAY + 3}
        assert cell_days(connection, range(DAY + 1, DAY + 3)) == set()


def test_a_packed_day_is_unpacked_as_it_was() -> None:
    """Hour, series and every count come back; what counts nothing is left out."""
    cells: Cells = {
        (0, 5 << 11): Counters(requests=2, tokens_in=7),
        (23, 2**62): Counters(duration_ms=9),
    }
    assert unpack_cells(pack_cells({**cells, (4, 1): Counters()})) == cells
    assert pack_cells({}) == pack_cells({(4, 1): Counters()}) == b""
    assert unpack_cells(b"") == {}


def test_a_day_moves_to_another_store_whole() -> None:
    """Parts and open rows together are one body; put elsewhere, it is the same day."""
    with a_database() as connection, a_database() as other:
        add_cells(connection, {(FIRST_HOUR, 1): Counters(requests=1)})
        seal(connection, (DAY + 9) * 24)
        add_cells(connection, {(FIRST_HOUR, 1): Counters(requests=2)})
        add_cells(connection, {(FIRST_HOUR + 24, 1): Counters(requests=9)})
        put_day_body(other, DAY, day_body(connection, DAY))
        assert list(read_cells(other)) == [(FIRST_HOUR, 1, Counters(requests=3))]
        assert day_body(other, DAY + 1) == b""


def test_only_what_is_an_eighth_of_a_part_is_kept_beside_it() -> None:
    """A rollup that is hardly smaller than its part would cost space and save nothing."""
    with a_database() as connection:
        for day, models in ((1, 64), (2, 65)):
            write_part(connection, day, a_table(models, 512))
        kinds = dict(connection.execute("SELECT day, kinds FROM sealed_cells").fetchall())
        assert kinds == {1: "model,hour", 2: "hour"}


def test_a_kind_this_version_does_not_know_is_passed_over() -> None:
    """A store that a newer version wrote is read by the kinds both know."""
    assert kind_for(["by-weather", "hour"], {"hour"}) == "hour"
    assert kind_for(["by-weather"], {"hour"}) == PART
