"""The seed's `get_usage_stats()`: the all-time analytics as the answer to one question. Pure.

Nothing is counted here again: every number comes from the aggregate, so it cannot disagree with
it. Must not enter: where the aggregate comes from, how the numbers are drawn.
"""

from typing import Any

from proxypal.records.aggregate import (
    ZERO,
    Aggregate,
    CostPoint,
    ModelStats,
    ModelUsage,
    ProviderUsage,
    TimeSeriesPoint,
    UsageStats,
)
from proxypal.records.request import Count, Money


def usage_stats(
    aggregate: Aggregate,
    today_label: str,
    history_count: int,
    oldest: int | None,
    newest: int | None,
) -> UsageStats:
    """All-time numbers, and today's by the day label given.

    `unknown` is listed like every model and provider, so that the tables add up to the totals.
    `oldest` and `newest` are the Unix milliseconds of the first and last request in history.
    """
    return UsageStats(
        total_requests=aggregate.total_requests,
        success_count=aggregate.total_success_count,
        failure_count=aggregate.total_failure_count,
        total_tokens=aggregate.total_tokens_in + aggregate.total_tokens_out,
        input_tokens=aggregate.total_tokens_in,
        output_tokens=aggregate.total_tokens_out,
        requests_today=_value_at(aggregate.requests_by_day, today_label),
        tokens_today=_value_at(aggregate.tokens_by_day, today_label),
        models=[
            ModelUsage(model=name, **_usage(stats))
            for name, stats in _most_first(aggregate.model_stats)
        ],
        providers=[
            ProviderUsage(provider=name, **_usage(stats))
            for name, stats in _most_first(aggregate.provider_stats)
        ],
        requests_by_day=aggregate.requests_by_day,
        tokens_by_day=aggregate.tokens_by_day,
        requests_by_hour=aggregate.requests_by_hour,
        tokens_by_hour=aggregate.tokens_by_hour,
        created_at=aggregate.created_at,
        cached_tokens=aggregate.total_tokens_cached,
        cache_write_tokens=aggregate.total_tokens_cache_write,
        reasoning_tokens=aggregate.total_tokens_reasoning,
        total_cost_usd=aggregate.total_cost_usd,
        cost_today=_cost_at(aggregate.cost_by_day, today_label),
        cost_by_day=aggregate.cost_by_day,
        unpriced_requests=aggregate.unpriced_requests,
        undated_requests=aggregate.undated.requests,
        success_rate=_quotient(aggregate.total_success_count, aggregate.total_requests),
        history_count=history_count,
        oldest_request=oldest,
        newest_request=newest,
    )


def _value_at(series: list[TimeSeriesPoint], label: str) -> Count:
    return sum(point.value for point in series if point.label == label)


def _cost_at(series: list[CostPoint], label: str) -> Money:
    return next((point.value for point in series if point.label == label), ZERO)


def _most_first(stats: dict[str, ModelStats]) -> list[tuple[str, ModelStats]]:
    return sorted(stats.items(), key=lambda item: (-item[1].requests, item[0]))


def _quotient(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _usage(stats: ModelStats) -> dict[str, Any]:
    """What the line of a model and that of a provider have in common."""
    return {
        "requests": stats.requests,
        "success_count": stats.success_count,
        "failure_count": stats.failure_count,
        "tokens": stats.tokens,
        "input_tokens": stats.input_tokens,
        "output_tokens": stats.output_tokens,
        "cached_tokens": stats.cached_tokens,
        "cost_usd": stats.cost_usd,
        "success_rate": _quotient(stats.success_count, stats.requests),
        "average_duration_ms": _quotient(stats.duration_ms, stats.requests),
    }
