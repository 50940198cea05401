"""Costs of single requests, through every order of re-price, clear, reset and their undo."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from builders import NOW_MS, a_store
from proxypal.records.cost import Rates, Schedule, Tariff, flat_schedule
from proxypal.records.repricing_plan import Quoted, plan
from proxypal.store import Store
from repricing_runs import RATES, an_unpriced, plan_of, priced

REQUESTS = [an_unpriced(number, timestamp=NOW_MS) for number in range(3)]
COST = sum((priced(one).cost_usd or Decimal(0) for one in REQUESTS), Decimal(0))


def shown(store: Store) -> tuple[Decimal, int, list[Decimal | None]]:
    """The total cost, how many have none, and the costs in the history."""
    stats = store.get_usage_stats()
    rows = [row.cost_usd for row in store.get_request_history().requests]
    return stats.total_cost_usd, stats.unpriced_requests, rows


UNPRICED = (Decimal(0), 3, [None] * 3)
PRICED = (COST, 0, [priced(one).cost_usd for one in REQUESTS])


def reprice(store: Store) -> str:
    """Re-price everything and return the backup's name."""
    backup = store.reprice(plan_of(store))
    assert backup is not None
    return backup.name


def clear(store: Store) -> str:
    """Clear the history and return the backup's name."""
    backup = store.clear_request_history()
    assert backup is not None
    return backup.name


def test_rows_show_their_new_cost_and_the_old_one_again(tmp_path: Path) -> None:
    """History and totals tell the same, before, after and undone."""
    with a_store(tmp_path) as store:
        store.record(REQUESTS)
        assert shown(store) == UNPRICED
        name = reprice(store)
        assert shown(store) == PRICED
        store.restore(name)
        assert shown(store) == UNPRICED
        reprice(store)
        assert shown(store) == PRICED


@pytest.mark.parametrize("order", list(itertools.permutations(["clear", "reprice", "again"], 3)))
def test_cleared_rows_come_back_with_the_cost_of_the_totals(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    """Whether cleared before or after: rows that come back show what the totals hold."""
    with a_store(tmp_path) as store:
        store.record(REQUESTS)
        names = {}
        for step in order:
            if step == "clear":
                names[step] = clear(store)
            elif step == "reprice" and plan_of(store):
                names[step] = reprice(store)
            elif step == "again" and "reprice" in names:
                store.restore(names.pop("reprice"))
        store.restore(names["clear"])
        cost, unpriced, rows = shown(store)
        assert (cost, unpriced, rows) == (PRICED if unpriced == 0 else UNPRICED)


def test_undone_after_a_reset_it_is_owed(tmp_path: Path) -> None:
    """Undone while its numbers are put aside: they come back without what it added."""
    with a_store(tmp_path) as store:
        store.record(REQUESTS)
        name = reprice(store)
        reset = store.reset_aggregate_stats()
        store.restore(name)
        assert store.get_usage_stats().total_cost_usd == 0
        assert store.get_usage_stats().unpriced_requests == 0
        store.restore(reset.name)
        assert shown(store) == UNPRICED
        reprice(store)
        assert shown(store) == PRICED


def test_a_reset_undone_brings_the_costs_back(tmp_path: Path) -> None:
    """Re-priced, reset, and the reset undone: the costs are there, and can still be undone."""
    with a_store(tmp_path) as store:
        store.record(REQUESTS)
        name = reprice(store)
        store.restore(store.reset_aggregate_stats().name)
        assert shown(store) == PRICED
        store.restore(name)
        assert shown(store) == UNPRICED


@pytest.mark.parametrize("first", [0, 1])
def test_two_of_them_undone_in_any_order(tmp_path: Path, first: int) -> None:
    """Each takes off what it added; when both are undone everything is as it was."""
    with a_store(tmp_path) as store:
        store.record(REQUESTS)
        names = [reprice(store)]
        dearer = Quoted(_doubled(), is_own=True)
        correction = store.reprice(plan(store.priceable(), lambda *_: dearer, corrects=True))
        assert correction is not None
        names.append(correction.name)
        assert shown(store)[0] == 2 * COST
        store.restore(names.pop(first))
        store.restore(names.pop())
        assert shown(store) == UNPRICED


def _doubled() -> Schedule:
    twice = {name: 2 * getattr(RATES, name) for name in RATES.__struct_fields__}
    return flat_schedule(Tariff(Rates(**twice)))
