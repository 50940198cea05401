"""The all-time analytics out of sums by scope and label. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from proxypal.records.aggregate import Aggregate, CostPoint, ModelStats, TimeSeriesPoint, Undated
from proxypal.records.counters import Counters, plain_money

Sums = Mapping[tuple[str, str], Counters]
"""Counters by (scope, label); scope is total, undated, day, hour, model or provider."""


class Series(NamedTuple):
    """What is shown of the days or the hours, a column each, sorted by label.

    `costs` may be left out where they are not shown.
    """

    labels: Sequence[str]
    requests: Sequence[int]
    tokens: Sequence[int]
    costs: Sequence[Decimal] = ()


def aggregate_from(sums: Sums, created_at: int) -> Aggregate:
    """The all-time analytics of a store's sums."""
    days, hours = (_series(scope_of(sums, scope)) for scope in ("day", "hour"))
    return aggregate_of(sums, created_at, days=days, hours=hours)


def _series(sums: Sequence[tuple[str, Counters]]) -> Series:
    return Series(
        [label for label, _ in sums],
        [counters.requests for _, counters in sums],
        [counters.tokens for _, counters in sums],
        [counters.cost_usd for _, counters in sums],
    )


def aggregate_of(sums: Sums, created_at: int, *, days: Series, hours: Series) -> Aggregate:
    """The same with days and hours apart: there are thousands, and little of them is shown."""
    total = sums.get(("total", ""), Counters())
    undated = sums.get(("undated", ""), Counters())
    return Aggregate(
        created_at=created_at,
        total_requests=total.requests,
        total_success_count=total.success,
        total_failure_count=total.failures,
        total_tokens_in=total.tokens_in,
        total_tokens_out=total.tokens_out,
        total_tokens_cached=total.tokens_cached,
        total_tokens_cache_write=total.tokens_cache_write,
        total_tokens_reasoning=total.tokens_reasoning,
        total_cost_usd=plain_money(total.cost_usd),
        unpriced_requests=total.unpriced,
        requests_by_day=list(map(TimeSeriesPoint, days.labels, days.requests)),
        tokens_by_day=list(map(TimeSeriesPoint, days.labels, days.tokens)),
        cost_by_day=[
            CostPoint(label, _plain(cost))
            for label, cost in zip(days.labels, days.costs, strict=True)
            if cost
        ],
        requests_by_hour=list(map(TimeSeriesPoint, hours.labels, hours.requests)),
        tokens_by_hour=list(map(TimeSeriesPoint, hours.labels, hours.tokens)),
        undated=Undated(
            requests=undated.requests,
            success_count=undated.success,
            tokens=undated.tokens,
            failure_count=undated.failures,
            input_tokens=undated.tokens_in,
            output_tokens=undated.tokens_out,
            cached_tokens=undated.tokens_cached,
            cost_usd=plain_money(undated.cost_usd),
        ),
        model_stats={label: _model_stats(c) for label, c in scope_of(sums, "model")},
        provider_stats={label: _model_stats(c) for label, c in scope_of(sums, "provider")},
    )


# The costs of days gone by are the same at every look. Equal amounts are plain alike.
_plain = lru_cache(maxsize=8192)(plain_money)


def scope_of(sums: Sums, scope: str) -> list[tuple[str, Counters]]:
    """One scope's labels and counters, sorted by label."""
    return sorted((label, c) for (name, label), c in sums.items() if name == scope)


def _model_stats(counters: Counters) -> ModelStats:
    return ModelStats(
        requests=counters.requests,
        success_count=counters.success,
        tokens=counters.tokens,
        failure_count=counters.failures,
        input_tokens=counters.tokens_in,
        output_tokens=counters.tokens_out,
        cached_tokens=counters.tokens_cached,
        cache_write_tokens=counters.tokens_cache_write,
        reasoning_tokens=counters.tokens_reasoning,
        cost_usd=plain_money(counters.cost_usd),
        unpriced=counters.unpriced,
        duration_ms=counters.duration_ms,
    )
