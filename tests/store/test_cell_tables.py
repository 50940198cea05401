"""Tables of cells: whatever the numbers, they come back; whatever the bytes, nothing worse."""

import zlib
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import money
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.store.cell_tables import (
    COST,
    KEYS,
    NAMES,
    Column,
    Summing,
    Table,
    decode_table,
    encode_table,
    scaled,
    summed,
    table_of,
)
from proxypal.store.series import MASKS, SHIFTS
from proxypal.store.totals import counter_values

ANY_INTEGER = st.one_of(
    st.integers(0, 300),
    st.integers(-300, 300),
    st.integers(),
    st.sampled_from([0, -1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, -(2**70)]),
)
SERIES = st.builds(
    lambda *parts: sum(part << shift for part, shift in zip(parts, SHIFTS, strict=True)),
    *(st.sampled_from([0, 1, 2, mask]) for mask in MASKS),
)
COUNTERS = st.builds(
    Counters,
    **dict.fromkeys(COUNT_FIELDS, st.integers(-5, 5) | st.integers(-(2**53), 2**53)),
    cost_usd=st.just(Decimal(0)) | money() | money().map(Decimal.copy_negate),
)
CELLS = st.dictionaries(st.tuples(st.integers(0, 23), SERIES), COUNTERS, max_size=12)

Cells = dict[tuple[int, int], Counters]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any columns of one length, each with something in it."""
    size = draw(st.sampled_from([1, 2, 7, 300]))
    names = draw(st.sets(st.sampled_from([*KEYS, *COUNT_FIELDS, COST]), min_size=1, max_size=5))
    columns = {name: _column(draw, size) for name in sorted(names)}
    return Table(
        size,
        {name: column for name, column in columns.items() if name in KEYS},
        {name: column for name, column in columns.items() if name not in KEYS},
        draw(st.integers(0, 60)),
    )


def _column(draw: st.DrawFn, size: int) -> list[int]:
    few = draw(st.lists(ANY_INTEGER, min_size=1, max_size=5).filter(any))
    return [few[row * 7 % len(few)] for row in range(size - 1)] + [next(filter(None, few))]


def as_cells(table: Table) -> Cells:
    """Rows by hour and series."""
    places = zip(table.column("hour"), table.series(), strict=True)
    return dict(zip(places, (counters for _, counters in table.rows()), strict=True))


def table_from(cells: Cells) -> Table:
    """Cells as a table, as they come out of the database."""
    return table_of([(*place, *counter_values(counters)) for place, counters in cells.items()])


def plain(table: Table) -> Any:
    """A table without regard to how a column is held; all zeros are no column."""
    return (
        table.size,
        table.scale,
        {name: list(found) for name, found in table.keys.items() if any(found)},
        {name: list(found) for name, found in table.sums.items() if any(found)},
    )


@given(tables())
def test_any_columns_come_back(table: Table) -> None:
    """Negative, beyond 64 bits, all alike or all different: each number is what it was."""
    assert plain(decode_table(encode_table(table))) == plain(table)


@given(CELLS)
def test_cells_come_back_to_the_last_digit(cells: Cells) -> None:
    """Counts, names and money of thirty decimal places, below zero too."""
    assert as_cells(decode_table(encode_table(table_from(cells)))) == cells


@given(st.lists(CELLS, max_size=4), st.sets(st.sampled_from(KEYS)))
def test_tables_add_up_by_any_keys(parts: list[Cells], chosen: set[str]) -> None:
    """Summed over some keys, a place has what all its rows have; what comes to nothing is gone."""
    names = [name for name in KEYS if name in chosen]
    found = summed(map(table_from, parts), names)
    expected: dict[tuple[int, ...], Counters] = {}
    for cells in parts:
        for (hour, series), counters in cells.items():
            numbers = [series >> shift & mask for shift, mask in zip(SHIFTS, MASKS, strict=True)]
            known = dict(zip(KEYS, (hour, *numbers), strict=True))
            key = tuple(known[name] for name in names)
            expected.setdefault(key, Counters()).add(counters)
    places = list(zip(*(found.column(name) for name in names), strict=True))
    places = places or [()] * found.size
    counted = dict(zip(places, (counters for _, counters in found.rows()), strict=True))
    assert counted == {place: counters for place, counters in expected.items() if counters}
    assert places == sorted(places)
    assert as_cells(decode_table(encode_table(found))) == as_cells(found)


@given(CELLS, CELLS)
def test_what_is_taken_off_leaves_nothing(cells: Cells, others: Cells) -> None:
    """A table and its opposite are no rows at all, whatever else is added."""
    opposite: Cells = {}
    for place, counters in cells.items():
        opposite.setdefault(place, Counters()).add(counters, sign=-1)
    left = summed([table_from(cells), table_from(others), table_from(opposite)], KEYS)
    assert as_cells(left) == {place: sums for place, sums in others.items() if sums}


@given(st.lists(st.decimals(-(10**9), 10**9, places=9) | money(), max_size=5))
def test_money_in_a_common_unit_is_exact(amounts: list[Decimal]) -> None:
    """However an amount is written, with an exponent too, it is the same amount."""
    units, scale = scaled([str(amount) for amount in amounts])
    assert [Fraction(one, 10**scale) for one in units] == list(map(Fraction, amounts))


def test_amounts_of_different_units_add_up() -> None:
    """A cent, a thousandth of it and a dollar: the sum is exact whatever came first."""
    amounts = ["0.01", "0.00001", "1", "1E-30"]
    for turn in range(len(amounts)):
        gathered = Summing()
        for amount in amounts[turn:] + amounts[:turn]:
            counters = Counters(cost_usd=Decimal(amount))
            gathered.add([(7,)], table_from({(1, 1): counters}))
        (total,) = gathered.counters()
        assert total.cost_usd == Decimal("1.010010000000000000000000000001")


@given(tables(), st.data())
def test_chosen_rows_are_as_they_were(table: Table, data: st.DataObject) -> None:
    """A condition on names leaves whole rows out and changes no other."""
    wanted = data.draw(st.lists(st.booleans(), min_size=table.size, max_size=table.size))
    chosen = table.chosen(wanted)
    for name in NAMES:
        kept = [v for v, is_in in zip(table.column(name), wanted, strict=True) if is_in]
        assert list(chosen.column(name)) == kept


# -- bytes that are no table


def decoded(body: bytes) -> Table | None:
    """What the bytes say, if they say anything; usable as a whole then."""
    try:
        table = decode_table(body)
    except msgspec.DecodeError:
        return None
    assert all(len(column) == table.size for column in (*table.keys.values(), *table.sums.values()))
    assert len(table.series()) == len(list(table.rows())) == table.size
    return table


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    """Damage is found as damage, packed or not."""
    decoded(body)
    decoded(zlib.compress(body))


HEAD_NUMBERS = st.integers(-3, 20) | st.sampled_from([255, 2**31, 2**40, 2**62, 2**63, -(2**63)])


@given(
    st.tuples(
        st.just(1) | HEAD_NUMBERS,
        HEAD_NUMBERS,
        HEAD_NUMBERS,
        st.lists(st.tuples(HEAD_NUMBERS, HEAD_NUMBERS, HEAD_NUMBERS), max_size=4),
        st.lists(st.lists(HEAD_NUMBERS, max_size=7), max_size=2),
    ),
    st.binary(max_size=80) | st.lists(st.integers()).map(lambda n: ",".join(map(str, n)).encode()),
)
def test_any_head_is_refused_or_makes_sense(head: tuple[Any, ...], planes: bytes) -> None:
    """Lengths, places and widths that cannot be are damage, not memory by the gigabyte."""
    packed = msgspec.msgpack.encode(head)
    decoded(zlib.compress(len(packed).to_bytes(4, "little") + packed + planes))


@given(tables(), st.data())
def test_a_changed_table_is_refused_or_makes_sense(table: Table, data: st.DataObject) -> None:
    """A flipped, missing or additional byte anywhere never does more than give other numbers."""
    plain_body = zlib.decompress(encode_table(table))
    at = data.draw(st.integers(0, len(plain_body) - 1))
    other = data.draw(st.binary(max_size=2))
    decoded(zlib.compress(plain_body[:at] + other + plain_body[at + 1 :]))
    body = encode_table(table)
    at = data.draw(st.integers(0, len(body) - 1))
    assert decoded(body[:at]) is None, "cut off"


def test_costs_beside_a_rate_come_back() -> None:
    """Most cells cost so much a token: those that do not, cost what they cost all the same."""
    size = 300
    tokens = [
        [1 + row * row % 97 for row in range(size)],
        [2 + row * 7 % 89 for row in range(size)],
    ]
    at_rates = [3 * read + 15 * written for read, written in zip(*tokens, strict=True)]
    sums: dict[str, Column] = {"tokens_in": tokens[0], "tokens_out": tokens[1]}
    keys: dict[str, Column] = {"provider": [1] * size, "model": [4] * size}
    told = {}
    for name, extra in {"as told": 0, "more": 7, "less": -2}.items():
        costs = [cost + (extra if row % 9 == 5 else 0) for row, cost in enumerate(at_rates)]
        body = encode_table(Table(size, keys, {**sums, COST: costs}, 6))
        assert list(decode_table(body).sums[COST]) == costs, name
        told[name] = len(body)
    assert told["as told"] < min(told["more"], told["less"])


@pytest.mark.parametrize("column", [(-1, 0, 1), (-3, 0, 1), (99, 0, 1), (0, 0, 9), (0, 0, -1)])
def test_a_column_that_cannot_be_is_refused(column: tuple[int, int, int]) -> None:
    """A place that no column has, or a width that no value has, is a damage, never a guess."""
    head = msgspec.msgpack.encode((1, 1, 0, [column], []))
    with pytest.raises(msgspec.DecodeError, match="shape"):
        decode_table(zlib.compress(len(head).to_bytes(4, "little") + head + b"\1" * 9))


def test_a_later_format_is_refused() -> None:
    """A table of a version that is not known is not guessed at."""
    head = msgspec.msgpack.encode((2, 0, 0, [], []))
    with pytest.raises(msgspec.DecodeError, match="format"):
        decode_table(zlib.compress(len(head).to_bytes(4, "little") + head))


def test_a_busy_day_is_small() -> None:
    """A thousand cells of usual traffic take at most 20 bytes each."""
    rows = {
        (
            n % 24,
            (2 + n % 5) << SHIFTS[0] | (2 + n % 40) << SHIFTS[1] | n % 9 << SHIFTS[2],
        ): Counters(
            requests=1 + n % 3,
            tokens_in=n * 7919 % 90_000,
            tokens_out=n * 104_729 % 3_000,
            duration_ms=n * 15_485_863 % 60_000,
            cost_usd=Decimal(3 * (n * 7919 % 90_000) + 15 * (n * 104_729 % 3_000)) / 10**6,
        )
        for n in range(1000)
    }
    assert len(encode_table(summed([table_from(rows)], KEYS))) <= 20 * len(rows)
