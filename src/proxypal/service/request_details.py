"""All that is known of one request: who told it, and how its cost comes about.

Must not enter: how it is shown.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from proxypal.records.attempt import Tokens
from proxypal.records.cost import Rates, Tariff, cost_of, rates_for, tokens_of
from proxypal.records.joining_rule import BOTH, LOG, QUEUE
from proxypal.records.request import RequestLog
from proxypal.service.price_report import day_text
from proxypal.service.pricing import Pricing, Quote, began_ms

Standing = Literal["priced", "otherwise", "unpriced", "no tokens", "contradiction"]

_MILLION = Decimal(1_000_000)
_LOG_TELLS = ("method", "path", "status", "duration_ms")
_QUEUE_TELLS = (
    "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning",
    "ttft_ms", "attempts", "api_key", "account", "model_requested",
)  # fmt: skip


class CostLine(NamedTuple):
    """Tokens of one kind, US dollars per million of them, and what they cost."""

    kind: str
    tokens: int
    usd_per_million: Decimal
    cost_usd: Decimal


class CostBreakdown(NamedTuple):
    """How a cost comes about, by the price in force when the request began.

    `standing`: `priced`, the lines add up to what was recorded; `otherwise`, they do not, for the
    recorded cost was made from more than is kept (several attempts, a cache kept for an hour), by
    another price, or told with the request; `unpriced`, no cost was recorded; `no tokens`; or a
    `contradiction` between its tokens. `origin`, `entry`, `version` and `alias` say where the
    price is from (see `service.pricing.Quote`), `since` and `until` from which day to before
    which (UTC). `above_input` is the size of input its rates begin above, `reason` why there is
    no price.
    """

    standing: Standing
    recorded_usd: Decimal | None
    lines: Sequence[CostLine] = ()
    per_request_usd: Decimal = Decimal(0)
    total_usd: Decimal | None = None
    origin: str = ""
    entry: str = ""
    version: str = ""
    alias: str = ""
    since: str = ""
    until: str = ""
    above_input: int | None = None
    reason: str = ""


def cost_breakdown(request: RequestLog, pricing: Pricing) -> CostBreakdown:
    """How the cost of a request comes about, or why there is none."""
    tokens = tokens_of(request)
    if tokens is None:
        has_tokens = bool(request.tokens_in or request.tokens_out)
        return CostBreakdown("contradiction" if has_tokens else "no tokens", request.cost_usd)
    quote = pricing.quote(request.provider, request.model)
    moment_ms = began_ms(request)
    tariff = quote.tariff_at(moment_ms)
    if tariff is None:
        reason = quote.reason or f"{quote.entry} has no price at that time"
        standing: Standing = "unpriced" if request.cost_usd is None else "otherwise"
        return CostBreakdown(standing, request.cost_usd, reason=reason, alias=quote.alias or "")
    rates, total = rates_for(tariff, tokens.input), cost_of(tokens, tariff)
    since, until = _in_force(quote, moment_ms)
    return CostBreakdown(
        standing=_standing(request.cost_usd, total),
        recorded_usd=request.cost_usd,
        lines=_lines(tokens, rates),
        per_request_usd=rates.request,
        total_usd=total,
        origin=quote.origin or "",
        entry=quote.entry or "",
        version=quote.version or "",
        alias=quote.alias or "",
        since=since,
        until=until,
        above_input=_above_input(tariff, tokens.input),
    )


def told_by(request: RequestLog, field: str) -> str:
    """Who told a field of a request: `log`, `queue`, or nothing where that cannot be said."""
    if request.source not in {LOG, QUEUE, BOTH}:
        return ""
    if request.source != BOTH:
        return request.source or ""
    if field in _LOG_TELLS:
        return LOG
    return QUEUE if field in _QUEUE_TELLS else ""


def _standing(recorded: Decimal | None, total: Decimal) -> Standing:
    if recorded is None:
        return "unpriced"
    return "priced" if recorded == total else "otherwise"


def _lines(tokens: Tokens, rates: Rates) -> list[CostLine]:
    kinds = (
        ("Input, not cached", tokens.uncached_input, rates.uncached_input),
        ("Input, read from cache", tokens.cache_read, rates.cache_read),
        ("Input, written to cache", tokens.cache_write, rates.cache_write),
        ("Output", tokens.visible_output, rates.output),
        ("Reasoning", tokens.reasoning, rates.reasoning),
    )
    return [
        CostLine(kind, count, rate, (rate * count / _MILLION).normalize())
        for kind, count, rate in kinds
        if count
    ]


def _in_force(quote: Quote, moment_ms: int) -> tuple[str, str]:
    if quote.schedule is None:
        return "", ""
    place = quote.schedule.step_at(moment_ms)
    step, later = quote.schedule.steps[place], quote.schedule.steps[place + 1 :]
    since = day_text(step.from_day) if step.from_day else ""
    return since, day_text(later[0].from_day) if later else ""


def _above_input(tariff: Tariff, input_tokens: int) -> int | None:
    reached = [tier.above_input for tier in tariff.tiers if input_tokens > tier.above_input]
    return reached[-1] if reached else None
