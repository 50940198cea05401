"""What a token costs, found in a table of cells: then their costs need not be written down.

Nearly every cost is so much a token of each kind, by the model. Where that is found to be so, only
the difference is kept, which is 0: a quarter of a table. It is arithmetic on what is there, exact
whatever the rates, and says nothing of prices. Must not enter: how a table is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import mul

Column = Sequence[int]
Rate = tuple[int, ...]
"""Numbers of provider and model; units of a cached, cache-write, other input and output token."""

KINDS = ("tokens_cached", "tokens_cache_write", "tokens_in", "tokens_out")
_FEWEST = 8
_LOOKED_AT = 40
_MOST = 2**53


def find_rates(keys: Mapping[str, Column], sums: Mapping[str, Column], costs: Column) -> list[Rate]:
    """Rates that most cells of a model cost exactly; models without are left out."""
    rows: dict[tuple[int, int], list[int]] = {}
    for row, names in enumerate(_models(keys, len(costs))):
        rows.setdefault(names, []).append(row)
    columns = [sums.get(kind) or [0] * len(costs) for kind in KINDS]
    found: list[Rate] = []
    for names, of_model in rows.items():
        if len(of_model) < _FEWEST:
            continue
        cells = [([column[row] for column in columns], costs[row]) for row in of_model]
        rate = _solved([cell for cell in cells if cell[1]])
        if rate is not None:
            fits = sum(sum(map(mul, rate, tokens)) == cost for tokens, cost in cells)
            if 4 * fits >= 3 * len(cells):
                found.append((*names, *rate))
    return found


def costs_by(
    rates: Sequence[Rate], keys: Mapping[str, Column], sums: Mapping[str, Column], size: int
) -> list[int]:
    """What each cell costs at these rates, 0 for models without one."""
    by_model = {(rate[0], rate[1]): rate[2:] for rate in rates}
    columns = [sums.get(kind) or [0] * size for kind in KINDS]
    found: list[int] = []
    for names, run in groupby(_models(keys, size)):
        first, end = len(found), len(found) + sum(1 for _ in run)
        rate = by_model.get(names)
        if rate is None:
            found += [0] * (end - first)
        else:
            a, b, c, d = rate
            parts = (column[first:end] for column in columns)
            found += [w * a + x * b + y * c + z * d for w, x, y, z in zip(*parts, strict=True)]
    return found


def _models(keys: Mapping[str, Column], size: int) -> Iterator[tuple[int, int]]:
    providers, models = (keys.get(name) or [0] * size for name in ("provider", "model"))
    return zip(providers, models, strict=True)


def _solved(cells: Sequence[tuple[list[int], int]]) -> list[int] | None:
    """Whole units per token that the first cells agree on, by exact elimination."""
    wanted = [any(tokens[kind] for tokens, _ in cells) for kind in range(len(KINDS))]
    reduced: dict[int, list[Fraction]] = {}
    for tokens, cost in cells[:_LOOKED_AT]:
        row = [Fraction(value) for value in (*tokens, cost)]
        for pivot, known in reduced.items():
            if row[pivot]:
                factor = row[pivot]
                row = [value - factor * part for value, part in zip(row, known, strict=True)]
        pivot = next((kind for kind in range(len(KINDS)) if row[kind]), -1)
        if pivot < 0:
            continue
        row = [value / row[pivot] for value in row]
        for other, known in reduced.items():
            factor = known[pivot]
            if factor:
                reduced[other] = [v - factor * p for v, p in zip(known, row, strict=True)]
        reduced[pivot] = row
        if len(reduced) == sum(wanted):
            break
    if len(reduced) < sum(wanted):
        return None
    units = [reduced[kind][-1] if kind in reduced else Fraction(0) for kind in range(len(KINDS))]
    if any(unit.denominator != 1 or abs(unit) >= _MOST for unit in units):
        return None
    return [int(unit) for unit in units]
