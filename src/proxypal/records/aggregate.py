"""The all-time analytics and the recent history as the two files hold them.

Names and shapes are the seed's (section 2), with the optional additions of the data format
page. Must not enter: how they are computed or written.
"""

from decimal import Decimal

import msgspec

from proxypal.records.request import Count, Money, RequestLog, none

ZERO = Decimal(0)


class TimeSeriesPoint(msgspec.Struct, frozen=True, gc=False):
    """A count at a day (`YYYY-MM-DD`) or a local hour (`YYYY-MM-DDTHH`)."""

    label: str
    value: Count


class CostPoint(msgspec.Struct, frozen=True, gc=False):
    """US dollars at a day."""

    label: str
    value: Money


class ModelStats(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What one model or one provider did, all-time. `tokens` is input plus output."""

    requests: Count = 0
    success_count: Count = 0
    tokens: Count = 0
    failure_count: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_usd: Money = ZERO
    unpriced: Count = 0
    duration_ms: Count = 0


class Undated(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Imported totals that no day can be given for; days + undated = total."""

    requests: Count = 0
    success_count: Count = 0
    tokens: Count = 0
    failure_count: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    cost_usd: Money = ZERO


class Aggregate(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """`aggregate.json`: totals that are never trimmed.

    Series are sorted by label. `requestsByHour` and `tokensByHour` reach back 35 days from the
    newest hour; day series reach back for ever.
    """

    created_at: Count
    total_requests: Count = 0
    total_success_count: Count = 0
    total_failure_count: Count = 0
    total_tokens_in: Count = 0
    total_tokens_out: Count = 0
    total_tokens_cached: Count = 0
    total_tokens_cache_write: Count = 0
    total_tokens_reasoning: Count = 0
    total_cost_usd: Money = ZERO
    unpriced_requests: Count = 0
    requests_by_day: list[TimeSeriesPoint] = []
    tokens_by_day: list[TimeSeriesPoint] = []
    cost_by_day: list[CostPoint] = []
    requests_by_hour: list[TimeSeriesPoint] = []
    tokens_by_hour: list[TimeSeriesPoint] = []
    undated: Undated = Undated()
    model_stats: dict[str, ModelStats] = {}
    provider_stats: dict[str, ModelStats] = {}


class RequestHistory(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """`history.json`: the most recent requests, oldest first.

    The totals stay 0: they are the seed's legacy fields, and the original app cannot read a
    file without them.
    """

    requests: list[RequestLog] = []
    total_tokens_in: Count = 0
    total_tokens_out: Count = 0
    total_tokens_cached: Count = 0
    total_cost_usd: Money = ZERO


class ModelUsage(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """One model's line in `UsageStats`."""

    model: str
    requests: Count
    success_count: Count
    failure_count: Count
    tokens: Count
    input_tokens: Count
    output_tokens: Count
    cached_tokens: Count
    cost_usd: Money
    success_rate: float | None
    average_duration_ms: float | None


class ProviderUsage(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """One provider's line in `UsageStats`."""

    provider: str
    requests: Count
    success_count: Count
    failure_count: Count
    tokens: Count
    input_tokens: Count
    output_tokens: Count
    cached_tokens: Count
    cost_usd: Money
    success_rate: float | None
    average_duration_ms: float | None


class UsageStats(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What `get_usage_stats()` answers: the seed's fields, then `createdAt`, cost and hours.

    Rates are None, never 100 %, when there is nothing to divide by. Models and providers are
    sorted by requests, most first, then by name.
    """

    total_requests: Count
    success_count: Count
    failure_count: Count
    total_tokens: Count
    input_tokens: Count
    output_tokens: Count
    requests_today: Count
    tokens_today: Count
    models: list[ModelUsage]
    providers: list[ProviderUsage]
    requests_by_day: list[TimeSeriesPoint]
    tokens_by_day: list[TimeSeriesPoint]
    requests_by_hour: list[TimeSeriesPoint]
    tokens_by_hour: list[TimeSeriesPoint]
    created_at: int
    cached_tokens: Count
    cache_write_tokens: Count
    reasoning_tokens: Count
    total_cost_usd: Money
    cost_today: Money
    cost_by_day: list[CostPoint]
    unpriced_requests: Count
    undated_requests: Count
    success_rate: float | None
    history_count: Count
    oldest_request: int | None = msgspec.field(default_factory=none)
    newest_request: int | None = msgspec.field(default_factory=none)
