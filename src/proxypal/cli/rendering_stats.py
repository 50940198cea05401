"""The all-time page: figures in, `rich` tables with bars out; nothing is asked of the store."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from proxypal.cli.rendering_console import bar_cell, name_cell, new_table
from proxypal.cli.rendering_text import (
    NOTHING,
    counted,
    duration,
    grouped,
    money,
    percent,
    short_count,
)
from proxypal.records.aggregate import ModelUsage, ProviderUsage, UsageStats
from proxypal.records.known_amounts import known_cost

TOP = 10
DAYS = 14


def overview(stats: UsageStats, today: date, since: str) -> list[Table | Text]:
    """The all-time page. `since` is the day tracking began, `today` the current local day."""
    parts: list[Table | Text] = [
        Text(f"All-time analytics, tracked since {since}", style="bold"),
        _headline(stats),
    ]
    for title, noun, usages in (
        ("Models", "model", stats.models),
        ("Providers", "provider", stats.providers),
    ):
        if usages:
            parts += [Text(), _usage_table(title, noun, usages)]
        if len(usages) > TOP:
            rest = counted(len(usages) - TOP, noun)
            parts.append(Text(f"and {rest} more: proxypal stats --by {noun}", style="dim"))
    return [*parts, Text(), *_days(stats, today)]


def _headline(stats: UsageStats) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    tokens = f"{short_count(stats.input_tokens)} in, {short_count(stats.output_tokens)} out"
    if stats.total_requests and not stats.total_tokens:
        tokens = "none were reported; a log does not hold them"
    elif stats.cached_tokens:
        tokens += f", {short_count(stats.cached_tokens)} of the input from cache"
    failed = f"{grouped(stats.failure_count)} failed"
    success = percent(stats.success_count, stats.total_requests)
    today = f"{short_count(stats.tokens_today)} tokens"
    if stats.cost_today:
        today += f", {money(stats.cost_today)}"
    unpriced = stats.unpriced_requests
    priced = f"and {counted(unpriced, 'request')} without a price" if unpriced else ""
    _line(table, "Requests", grouped(stats.total_requests), failed)
    _line(table, "Success rate", success, "")
    _line(table, "Tokens", short_count(stats.total_tokens), tokens)
    _line(table, "Cost", _cost(stats.total_cost_usd), priced)
    _line(table, "Today", counted(stats.requests_today, "request"), today)
    if stats.undated_requests:
        _line(table, "Undated", counted(stats.undated_requests, "request"), "imported without days")
    return table


def _line(table: Table, name: str, figure: str, detail: str) -> None:
    table.add_row(Text(name, style="dim"), Text(figure, style="bold"), Text(detail, style="dim"))


def _usage_table(
    title: str, noun: str, usages: Sequence[ModelUsage] | Sequence[ProviderUsage]
) -> Table:
    numbers = "requests success tokens cost average"
    table = new_table(
        title, noun, "requests", "", "success", "tokens", "cost", "average", numbers=numbers
    )
    most = max((usage.requests for usage in usages), default=0)
    for usage in usages[:TOP]:
        table.add_row(
            name_cell(usage.model if isinstance(usage, ModelUsage) else usage.provider),
            grouped(usage.requests),
            bar_cell(usage.requests, most),
            percent(usage.success_count, usage.requests),
            short_count(usage.tokens),
            _cost(usage.cost_usd),
            NOTHING if usage.average_duration_ms is None else duration(usage.average_duration_ms),
        )
    return table


def _cost(amount: Decimal | None) -> str:
    known = None if amount is None else known_cost(amount)
    return NOTHING if known is None else money(known)


def _days(stats: UsageStats, today: date) -> list[Table | Text]:
    requests = {point.label: point.value for point in stats.requests_by_day}
    tokens = {point.label: point.value for point in stats.tokens_by_day}
    costs = {point.label: point.value for point in stats.cost_by_day}
    labels = [(today - timedelta(days=back)).isoformat() for back in range(DAYS - 1, -1, -1)]
    if not any(label in requests for label in labels):
        last = f"; the last one was on {max(requests)}" if requests else ""
        return [Text(f"No requests in the last {DAYS} days{last}.")]
    table = new_table(
        f"Last {DAYS} days",
        "day",
        "requests",
        "",
        "tokens",
        "cost",
        numbers="requests tokens cost",
    )
    most = max(requests.get(label, 0) for label in labels)
    for label in labels:
        count = requests.get(label, 0)
        table.add_row(
            label,
            grouped(count),
            bar_cell(count, most),
            short_count(tokens.get(label, 0)),
            _cost(costs.get(label)),
        )
    return [table]
