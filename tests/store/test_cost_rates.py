"""Rates found in costs: they save room where they fit, and never change an amount."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.counters import Counters
from proxypal.store.cell_tables import KEYS, Table, decode_table, encode_table, summed, table_of
from proxypal.store.cost_rates import KINDS, Rate, costs_by, find_rates
from proxypal.store.series import SHIFTS
from proxypal.store.totals import counter_values

TOKENS = st.lists(st.integers(0, 50_000), min_size=len(KINDS), max_size=len(KINDS))
UNITS = st.lists(st.integers(-20, 5_000), min_size=len(KINDS), max_size=len(KINDS))


def columns(cells: Sequence[Sequence[int]]) -> dict[str, list[int]]:
    """Tokens by kind."""
    return {kind: [cell[place] for cell in cells] for place, kind in enumerate(KINDS)}


def cost(rate: Sequence[int], tokens: Sequence[int]) -> int:
    """So much a token of each kind."""
    return sum(units * count for units, count in zip(rate, tokens, strict=True))


@given(st.lists(TOKENS, min_size=8, max_size=30), UNITS)
def test_a_price_is_found_in_what_it_cost(cells: list[list[int]], units: list[int]) -> None:
    """Where every cell of a model cost so much a token, rates tell each cost, or none is found."""
    costs = [cost(units, tokens) for tokens in cells]
    keys = {"provider": [2] * len(cells), "model": [5] * len(cells)}
    found = find_rates(keys, columns(cells), costs)
    known = costs_by(found, keys, columns(cells), len(cells))
    assert known == (costs if found else [0] * len(cells))


def test_usual_prices_are_found() -> None:
    """Four kinds of token at four prices, two models: both prices, to the unit."""
    rates = {1: (30, 375, 300, 1500), 2: (125, 125, 1250, 10_000)}
    cells = [[n * n % 97, n * 7 % 13, 1000 + n * 31 % 777, n**3 % 89] for n in range(40)]
    models = [1 + n % 2 for n in range(40)]
    costs = [cost(rates[model], tokens) for model, tokens in zip(models, cells, strict=True)]
    found = find_rates({"model": models}, columns(cells), costs)
    assert sorted(found) == [(0, model, *rate) for model, rate in rates.items()]


def test_a_few_cells_are_no_price() -> None:
    """Seven cells of a model may agree by chance: their costs are written down."""
    cells = [[0, 0, n, 0] for n in range(1, 8)]
    assert find_rates({}, columns(cells), [3 * n for n in range(1, 8)]) == []


def test_what_costs_otherwise_is_no_price() -> None:
    """A price that fits less than three in four is none; one that fits more is kept."""
    cells = [[0, 0, n, 0] for n in range(1, 21)]
    for others, count in ((6, 0), (5, 1)):
        costs = [3 * n + (n > 20 - others) for n in range(1, 21)]
        assert len(find_rates({}, columns(cells), costs)) == count, others


def test_parts_of_a_unit_are_no_price() -> None:
    """A price below the smallest unit of the table cannot be given in it."""
    cells = [[0, 0, 2 * n, 0] for n in range(1, 20)]
    assert find_rates({}, columns(cells), list(range(1, 20))) == []
    assert find_rates({}, columns(cells), [2**60 * n for n in range(1, 20)]) == []


@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 2, *[st.integers(-(2**54), 2**54)] * 4), max_size=5),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), TOKENS), max_size=12),
)
def test_costs_by_rates_are_plain_sums(
    rates: list[Rate], rows: list[tuple[int, int, list[int]]]
) -> None:
    """Each row at the rate of its provider and model, nothing without one."""
    by_model = {rate[:2]: rate[2:] for rate in rates}
    expected = [
        cost(by_model.get((provider, model), (0, 0, 0, 0)), tokens)
        for provider, model, tokens in rows
    ]
    keys = {"provider": [row[0] for row in rows], "model": [row[1] for row in rows]}
    assert costs_by(rates, keys, columns([row[2] for row in rows]), len(rows)) == expected


@given(
    st.lists(st.tuples(TOKENS, st.integers(0, 1), st.integers(-2, 2)), min_size=1, max_size=40),
    UNITS,
)
def test_a_table_with_rates_has_the_same_costs(
    rows: list[tuple[list[int], int, int]], units: list[int]
) -> None:
    """Whether all, most or no cells cost what the rate says: every amount is what it was."""
    cells: dict[tuple[int, int], Counters] = {}
    for number, (tokens, model, more) in enumerate(rows):
        place = (number % 24, number << SHIFTS[2] | model << SHIFTS[1])
        amount = cost(units, tokens) + more * (number % 4 == 0)
        counts = dict(zip(KINDS, tokens, strict=True))
        cells[place] = Counters(requests=1, cost_usd=Decimal(amount).scaleb(-9), **counts)
    table = summed([table_of([(*k, *counter_values(c)) for k, c in cells.items()])], KEYS)
    back = decode_table(encode_table(table))
    assert _costs(back) == _costs(table)


def _costs(table: Table) -> list[tuple[int, int, Decimal]]:
    return [
        (hour, series, counters.cost_usd)
        for hour, series, (_, counters) in zip(
            table.column("hour"), table.series(), table.rows(), strict=True
        )
    ]


def test_a_priced_day_is_a_fifth_smaller() -> None:
    """What a model costs a token is written once, not with each cell."""
    day = [
        (n % 24, n % 997 << SHIFTS[2], n * 7919 % 90_000, n * 104_729 % 3_000) for n in range(2000)
    ]
    sizes = []
    for is_by_rate in (True, False):
        cells = {
            (hour, series): Counters(
                requests=1,
                tokens_in=told,
                tokens_out=made,
                cost_usd=Decimal(300 * told + 1500 * made + (0 if is_by_rate else number)) / 10**8,
            )
            for number, (hour, series, told, made) in enumerate(day)
        }
        table = table_of([(*place, *counter_values(sums)) for place, sums in cells.items()])
        sizes.append(len(encode_table(summed([table], KEYS))))
    assert sizes[0] <= 0.8 * sizes[1]
