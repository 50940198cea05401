"""The all-time analytics out of sums: every number where it belongs, nothing counted twice."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from builders import a_request, at, facts_of, requests
from proxypal.records.aggregate import CostPoint, TimeSeriesPoint
from proxypal.records.counters import Counters
from proxypal.records.request import RequestLog
from proxypal.records.summing import aggregate_from, scope_of

CREATED_MS = at("2025-10-15")

BATCH = [
    a_request(timestamp=at("2026-01-08T23:30"), cost_usd=Decimal("0.10"), ttft_ms=400),
    a_request(timestamp=at("2026-01-09T00:10"), cost_usd=Decimal("0.20"), tokens_cached=90),
    a_request(timestamp=at("2026-01-09T00:20"), provider="openai", model="gpt-5", status=429),
]


def test_every_number_has_its_place() -> None:
    """Totals, days, hours, cost, models and providers of three requests, each as one expects."""
    aggregate = aggregate_from(facts_of(BATCH).sums, CREATED_MS)
    assert aggregate.created_at == CREATED_MS
    assert aggregate.total_requests == 3
    assert aggregate.total_success_count == 2
    assert aggregate.total_failure_count == 1
    assert aggregate.total_tokens_in == 1500
    assert aggregate.total_tokens_out == 900
    assert aggregate.total_tokens_cached == 90
    assert aggregate.total_cost_usd == Decimal("0.3")
    assert aggregate.unpriced_requests == 1
    assert aggregate.requests_by_day == [
        TimeSeriesPoint("2026-01-08", 1),
        TimeSeriesPoint("2026-01-09", 2),
    ]
    assert aggregate.tokens_by_day == [
        TimeSeriesPoint("2026-01-08", 800),
        TimeSeriesPoint("2026-01-09", 1600),
    ]
    assert aggregate.requests_by_hour == [
        TimeSeriesPoint("2026-01-08T23", 1),
        TimeSeriesPoint("2026-01-09T00", 2),
    ]
    assert aggregate.tokens_by_hour == [
        TimeSeriesPoint("2026-01-08T23", 800),
        TimeSeriesPoint("2026-01-09T00", 1600),
    ]
    assert aggregate.cost_by_day == [
        CostPoint("2026-01-08", Decimal("0.1")),
        CostPoint("2026-01-09", Decimal("0.2")),
    ]
    claude = aggregate.model_stats["claude-sonnet-4-5"]
    assert (claude.requests, claude.success_count, claude.tokens) == (2, 2, 1600)
    assert (claude.cached_tokens, claude.cost_usd, claude.duration_ms) == (90, Decimal("0.3"), 2468)
    openai = aggregate.provider_stats["openai"]
    assert (openai.requests, openai.success_count, openai.failure_count) == (1, 0, 1)
    assert openai.unpriced == 1


def test_a_day_without_a_cost_has_no_cost_point() -> None:
    """The cost series lists the days that cost something, so that it does not grow for nothing."""
    aggregate = aggregate_from(facts_of([a_request()]).sums, CREATED_MS)
    assert len(aggregate.requests_by_day) == 1
    assert aggregate.cost_by_day == []


def test_a_cost_of_whole_dollars_is_written_plainly() -> None:
    """A hundred dollars are 100 in the file and never 1E+2."""
    batch = [a_request(cost_usd=Decimal("33.3")), a_request(cost_usd=Decimal("66.7"))]
    aggregate = aggregate_from(facts_of(batch).sums, CREATED_MS)
    assert str(aggregate.total_cost_usd) == "100"


def test_what_has_no_day_is_undated() -> None:
    """Imported totals without a day stand beside the days: days + undated = total."""
    aggregate = aggregate_from(facts_of(BATCH[:1], undated=BATCH[1:]).sums, CREATED_MS)
    assert aggregate.undated.requests == 2
    assert aggregate.undated.success_count == 1
    assert aggregate.undated.failure_count == 1
    assert aggregate.undated.tokens == 1600
    assert aggregate.undated.cost_usd == Decimal("0.2")
    assert sum(point.value for point in aggregate.requests_by_day) + 2 == aggregate.total_requests


def test_no_sums_are_an_empty_analytics() -> None:
    """Nothing recorded is zero everywhere, tracked since the store was made."""
    aggregate = aggregate_from({}, CREATED_MS)
    assert aggregate.total_requests == 0
    assert aggregate.total_cost_usd == 0
    assert aggregate.requests_by_day == []
    assert aggregate.model_stats == {}
    assert aggregate.created_at == CREATED_MS


@given(st.lists(requests().map(lambda r: a_request(
    timestamp=r.timestamp % (2**41), provider=r.provider, model=r.model, status=r.status,
    tokens_in=r.tokens_in, cost_usd=r.cost_usd,
)), max_size=6))  # fmt: skip
def test_each_series_adds_up_to_the_total(batch: list[RequestLog]) -> None:
    """Days, hours, models and providers are four views of the same requests."""
    aggregate = aggregate_from(facts_of(batch).sums, CREATED_MS)
    total, cost = aggregate.total_requests, Fraction(aggregate.total_cost_usd)
    assert total == len(batch) == aggregate.total_success_count + aggregate.total_failure_count
    assert sum(point.value for point in aggregate.requests_by_day) == total
    assert sum(point.value for point in aggregate.requests_by_hour) == total
    for stats in (aggregate.model_stats, aggregate.provider_stats):
        assert sum(one.requests for one in stats.values()) == total
        assert sum(one.success_count for one in stats.values()) == aggregate.total_success_count
        assert sum(one.tokens for one in stats.values()) == (
            aggregate.total_tokens_in + aggregate.total_tokens_out
        )
        assert sum(Fraction(one.cost_usd) for one in stats.values()) == cost
    assert sum(Fraction(point.value) for point in aggregate.cost_by_day) == cost


def test_a_scope_is_sorted_by_its_labels() -> None:
    """Series come out in the order of time, whatever order they were counted in."""
    sums = {
        ("day", "2026-01-02"): Counters(requests=1),
        ("model", "a"): Counters(requests=3),
        ("day", "2025-12-31"): Counters(requests=2),
    }
    assert [label for label, _ in scope_of(sums, "day")] == ["2025-12-31", "2026-01-02"]
