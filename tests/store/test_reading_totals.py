"""The all-time analytics as they are read from the sums, whole or what one look needs."""

from decimal import Decimal

import pytest

from cell_databases import a_database
from proxypal.records.aggregate import CostPoint, TimeSeriesPoint
from proxypal.records.counters import COUNT_FIELDS, Counters
from proxypal.records.request import MAX_INTEGER
from proxypal.store.totals import (
    add_sums,
    counter_values,
    counters_from,
    is_exact,
    let_old_hours_go,
    read_aggregate,
    read_sums,
)

DAYS = {
    "2026-01-07": Counters(requests=1, tokens_in=10, tokens_out=5, cost_usd=Decimal("0.25")),
    "2026-01-08": Counters(requests=2, tokens_in=20),
    "2026-01-09": Counters(requests=4, tokens_out=40, cost_usd=Decimal(3)),
}
HOURS = {"2026-01-09T11": Counters(requests=3, tokens_in=7, tokens_out=2)}
TOTAL = Counters(requests=7, server_errors=1, tokens_in=30, tokens_out=45, cost_usd=Decimal("3.25"))


def test_the_analytics_are_what_the_sums_say() -> None:
    """Every day and hour in order, with its requests, tokens and cost; models and providers."""
    with a_database() as connection:
        for label in reversed(DAYS):
            add_sums(connection, {("day", label): DAYS[label]})
        add_sums(connection, {("hour", label): found for label, found in HOURS.items()})
        add_sums(connection, {("total", ""): TOTAL, ("model", "opus"): TOTAL})
        add_sums(connection, {("provider", "claude"): TOTAL})
        told = read_aggregate(connection, 77)
    assert (told.created_at, told.total_requests, told.total_failure_count) == (77, 7, 1)
    assert (told.total_tokens_in, told.total_cost_usd) == (30, Decimal("3.25"))
    assert told.requests_by_day == [
        TimeSeriesPoint("2026-01-07", 1),
        TimeSeriesPoint("2026-01-08", 2),
        TimeSeriesPoint("2026-01-09", 4),
    ]
    assert [point.value for point in told.tokens_by_day] == [15, 20, 40]
    assert told.cost_by_day == [
        CostPoint("2026-01-07", Decimal("0.25")),
        CostPoint("2026-01-09", Decimal(3)),
    ]
    assert told.requests_by_hour == [TimeSeriesPoint("2026-01-09T11", 3)]
    assert told.tokens_by_hour == [TimeSeriesPoint("2026-01-09T11", 9)]
    assert (told.model_stats["opus"].tokens, told.provider_stats["claude"].requests) == (75, 7)


def test_an_empty_store_has_analytics_too() -> None:
    """Nothing recorded is no day, no hour and nothing in total."""
    with a_database() as connection:
        told = read_aggregate(connection, 5)
        assert (told.created_at, told.total_requests, told.requests_by_day) == (5, 0, [])
        assert told.requests_by_hour == []
        assert told.cost_by_day == []
        assert is_exact(connection)
        let_old_hours_go(connection)


@pytest.mark.parametrize(
    ("only", "labels"),
    [
        ("2026-01-09", ["2026-01-07", "2026-01-09"]),
        ("2026-01-07", ["2026-01-07"]),
        ("2026-01-10", ["2026-01-07"]),
    ],
)
def test_a_quick_look_reads_the_first_day_and_today(only: str, labels: list[str]) -> None:
    """The beginning and today are known without the thousand days between; totals are whole."""
    with a_database() as connection:
        add_sums(connection, {("day", label): found for label, found in DAYS.items()})
        add_sums(connection, {("hour", label): found for label, found in HOURS.items()})
        add_sums(connection, {("total", ""): TOTAL})
        told = read_aggregate(connection, 1, only)
        whole = read_aggregate(connection, 1)
    assert [point.label for point in told.requests_by_day] == labels
    assert set(told.tokens_by_day) <= set(whole.tokens_by_day)
    assert (told.requests_by_hour, told.tokens_by_hour) == ([], [])
    assert told.total_requests == whole.total_requests == 7


@pytest.mark.parametrize(
    "total",
    [
        Counters(tokens_in=MAX_INTEGER - 1, tokens_out=1),
        Counters(duration_ms=MAX_INTEGER),
        Counters(requests=MAX_INTEGER),
    ],
)
def test_a_total_is_exact_up_to_the_last_integer_of_json(total: Counters) -> None:
    """Input and output together, or any one count: 2^53 - 1 is exact, one more is not."""
    with a_database() as connection:
        add_sums(connection, {("total", ""): total})
        assert is_exact(connection)
        name = next(name for name in COUNT_FIELDS if getattr(total, name))
        one = Counters()
        setattr(one, name, 1)
        add_sums(connection, {("total", ""): one})
        assert not is_exact(connection)


def test_money_that_is_nothing_is_written_as_nought() -> None:
    """0.00 and 0 are the same sum, so that what was emptied can be found."""
    assert counter_values(Counters(cost_usd=Decimal("0.00")))[-1] == "0"
    assert counters_from(counter_values(Counters(cost_usd=Decimal("1.50")))).cost_usd == 1.5


def test_hours_are_kept_for_thirty_five_days() -> None:
    """An hour exactly 35 days before the newest goes; the one after it stays."""
    with a_database() as connection:
        labels = ["2026-01-01T00", "2026-01-01T01", "2026-02-05T00"]
        add_sums(connection, {("hour", label): Counters(requests=1) for label in labels})
        add_sums(connection, {("day", "2026-01-01"): Counters(requests=2)})
        let_old_hours_go(connection)
        assert sorted(read_sums(connection)) == [
            ("day", "2026-01-01"),
            ("hour", "2026-01-01T01"),
            ("hour", "2026-02-05T00"),
        ]
