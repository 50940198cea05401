"""Usage of a span of time, summed and grouped, in the shape every surface shows.

Must not enter: how it is drawn, and what a moment is called.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from proxypal.records.counters import Counters, plain_money
from proxypal.store.protocol import RequestStore
from proxypal.store.values import GroupBy, UsageRow


class UsageGroup(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Sums of the requests under one label. `tokens` is input plus output, money US dollars.

    `unpriced` requests have tokens and no price; `costUsd` does not cover them. The five classes
    of failure add up to `failureCount`.
    """

    label: str
    requests: int
    success_count: int
    failure_count: int
    success_rate: float | None
    tokens: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    unpriced: int
    average_duration_ms: float | None
    client_gone: int
    rate_limited: int
    client_errors: int
    server_errors: int
    other_failures: int


class UsageReport(msgspec.Struct, kw_only=True, frozen=True, rename="camel", omit_defaults=True):
    """Usage between `since` and `until` (Unix milliseconds, exclusive; None is open).

    With `by`: `groups`. Without: `models` and `providers`.
    """

    since: int | None = msgspec.field(default_factory=lambda: None)
    until: int | None = msgspec.field(default_factory=lambda: None)
    by: GroupBy | None = msgspec.field(default_factory=lambda: None)
    total: UsageGroup
    groups: list[UsageGroup] | None = None
    models: list[UsageGroup] | None = None
    providers: list[UsageGroup] | None = None


def usage_report(
    store: RequestStore, by: GroupBy | None, since_ms: int | None, until_ms: int | None
) -> UsageReport:
    """What was used in the span. Days and hours in their order, names by requests, most first."""
    if by is not None:
        rows = store.usage_by(by, since_ms, until_ms)
        return UsageReport(
            since=since_ms, until=until_ms, by=by, total=_total(rows), groups=_groups(by, rows)
        )
    models = store.usage_by("model", since_ms, until_ms)
    providers = store.usage_by("provider", since_ms, until_ms)
    return UsageReport(
        since=since_ms,
        until=until_ms,
        total=_total(models),
        models=_groups("model", models),
        providers=_groups("provider", providers),
    )


def _groups(by: GroupBy, rows: Iterable[UsageRow]) -> list[UsageGroup]:
    groups = [_group(row.label, row.sums) for row in rows]
    if by in {"model", "provider"}:
        return sorted(groups, key=lambda group: (-group.requests, group.label))
    return sorted(groups, key=lambda group: group.label)


def _total(rows: Iterable[UsageRow]) -> UsageGroup:
    total = Counters()
    for row in rows:
        total.add(row.sums)
    return _group("total", total)


def _group(label: str, sums: Counters) -> UsageGroup:
    requests = sums.requests
    return UsageGroup(
        label=label,
        requests=requests,
        success_count=sums.success,
        failure_count=sums.failures,
        success_rate=sums.success / requests if requests else None,
        tokens=sums.tokens,
        input_tokens=sums.tokens_in,
        output_tokens=sums.tokens_out,
        cached_tokens=sums.tokens_cached,
        cache_write_tokens=sums.tokens_cache_write,
        reasoning_tokens=sums.tokens_reasoning,
        cost_usd=plain_money(sums.cost_usd),
        unpriced=sums.unpriced,
        average_duration_ms=sums.duration_ms / requests if requests else None,
        client_gone=sums.client_gone,
        rate_limited=sums.rate_limited,
        client_errors=sums.client_errors,
        server_errors=sums.server_errors,
        other_failures=sums.other_failures,
    )
