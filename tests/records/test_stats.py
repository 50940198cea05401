from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.aggregate import (
    Aggregate,
    CostPoint,
    ModelStats,
    TimeSeriesPoint,
    Undated,
    UsageStats,
)
from proxypal.records.stats import usage_stats

AGGREGATE = Aggregate(
    created_at=1_766_380_000_000,
    total_requests=10,
    total_success_count=7,
    total_failure_count=3,
    total_tokens_in=5_000_000_000,
    total_tokens_out=3_000_000_000,
    total_tokens_cached=40,
    total_tokens_cache_write=50,
    total_tokens_reasoning=60,
    total_cost_usd=Decimal("12.50"),
    unpriced_requests=2,
    requests_by_day=[TimeSeriesPoint("2025-12-21", 3), TimeSeriesPoint("2025-12-22", 5)],
    tokens_by_day=[TimeSeriesPoint("2025-12-21", 30), TimeSeriesPoint("2025-12-22", 50)],
    cost_by_day=[CostPoint("2025-12-22", Decimal("1.25"))],
    requests_by_hour=[TimeSeriesPoint("2025-12-22T10", 5)],
    tokens_by_hour=[TimeSeriesPoint("2025-12-22T10", 50)],
    undated=Undated(requests=2, success_count=2),
    model_stats={
        "zeta": ModelStats(requests=3, success_count=3, duration_ms=600),
        "alpha": ModelStats(requests=3, success_count=1, failure_count=2),
        "unknown": ModelStats(requests=4, success_count=3, failure_count=1),
        "idle": ModelStats(tokens=9),
    },
    provider_stats={
        "openai": ModelStats(requests=6, success_count=4, failure_count=2),
        "unknown": ModelStats(requests=4, success_count=3, failure_count=1),
    },
)


def stats_of(aggregate: Aggregate, today: str = "2025-12-22") -> UsageStats:
    return usage_stats(aggregate, today, 0, None, None)


def test_every_number_of_the_seed_is_answered() -> None:
    """`get_usage_stats()` gives the totals as they are, also beyond four billion tokens (D35)."""
    stats = usage_stats(AGGREGATE, "2025-12-22", 500, 1, 2)
    assert (stats.total_requests, stats.success_count, stats.failure_count) == (10, 7, 3)
    assert (stats.input_tokens, stats.output_tokens) == (5_000_000_000, 3_000_000_000)
    assert stats.total_tokens == 8_000_000_000
    assert (stats.cached_tokens, stats.cache_write_tokens, stats.reasoning_tokens) == (40, 50, 60)
    assert (stats.total_cost_usd, stats.unpriced_requests) == (Decimal("12.50"), 2)
    assert (stats.created_at, stats.undated_requests) == (1_766_380_000_000, 2)
    assert (stats.history_count, stats.oldest_request, stats.newest_request) == (500, 1, 2)
    assert stats.requests_by_day == AGGREGATE.requests_by_day
    assert stats.tokens_by_hour == AGGREGATE.tokens_by_hour


def test_today_is_the_day_asked_for() -> None:
    """D33: today's numbers are those of the day series, not of a session or of all time."""
    stats = stats_of(AGGREGATE)
    assert (stats.requests_today, stats.tokens_today) == (5, 50)
    assert stats.cost_today == Decimal("1.25")
    stats = stats_of(AGGREGATE, "2025-12-23")
    assert (stats.requests_today, stats.tokens_today) == (0, 0)
    assert stats.cost_today == 0


def test_most_used_comes_first_then_by_name() -> None:
    """The order of models and providers is the same on every call and every machine."""
    stats = stats_of(AGGREGATE)
    assert [line.model for line in stats.models] == ["unknown", "alpha", "zeta", "idle"]
    assert [line.provider for line in stats.providers] == ["openai", "unknown"]


def test_tables_add_up_to_the_totals() -> None:
    """D27: `unknown` is a line like any other, so that no request is hidden from the tables."""
    stats = stats_of(AGGREGATE)
    assert sum(line.requests for line in stats.models) == stats.total_requests
    assert sum(line.requests for line in stats.providers) == stats.total_requests
    assert sum(line.success_count for line in stats.models) == stats.success_count
    assert sum(line.failure_count for line in stats.providers) == stats.failure_count


def test_nothing_has_no_rate() -> None:
    """D37: no requests are not 100 % success, and nothing is divided by zero."""
    assert stats_of(Aggregate(created_at=0)).success_rate is None
    idle = stats_of(AGGREGATE).models[-1]
    assert (idle.success_rate, idle.average_duration_ms) == (None, None)


def test_averages_are_per_request() -> None:
    """600 ms over three requests are 200 ms each."""
    zeta = stats_of(AGGREGATE).models[2]
    assert (zeta.success_rate, zeta.average_duration_ms) == (1.0, 200.0)


@given(total=st.integers(2, 10**9), failures=st.integers(1, 1000))
def test_a_failure_is_never_rounded_away(total: int, failures: int) -> None:
    """D37: as long as one request failed the rate is below 1; 99.6 % stay 0.996."""
    failures = min(failures, total)
    stats = stats_of(
        Aggregate(
            created_at=0,
            total_requests=total,
            total_success_count=total - failures,
            total_failure_count=failures,
        )
    )
    assert stats.success_rate is not None
    assert stats.success_rate < 1
    assert stats.success_rate == pytest.approx((total - failures) / total)
