"""What can be measured of usage: each figure by its name, out of sums and sketches.

A figure nobody asked for is left out; one that cannot be known is None. Must not enter: which
requests are measured.
"""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from proxypal.records.counters import Counters, plain_money
from proxypal.records.sketch import Sketch, merged

Whole = int | None | UnsetType
Ratio = float | None | UnsetType
Amount = Decimal | None | UnsetType

_QUOTIENT = Context(prec=20)


class Figures(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Figures of some requests; UNSET was not asked for, None cannot be known.

    `tokens` is input plus output; `input_tokens` are uncached, cached (read) and cache-write
    tokens together, `output_tokens` include reasoning. Money is exact US dollars and covers all
    but the `unpriced` requests: those with tokens and without a price. Percentiles are within
    1 %. Output tokens per second are over the whole time of the requests.
    """

    requests: Whole = UNSET
    success_count: Whole = UNSET
    failure_count: Whole = UNSET
    success_rate: Ratio = UNSET
    client_gone: Whole = UNSET
    rate_limited: Whole = UNSET
    client_errors: Whole = UNSET
    server_errors: Whole = UNSET
    other_failures: Whole = UNSET
    tokens: Whole = UNSET
    input_tokens: Whole = UNSET
    uncached_tokens: Whole = UNSET
    cached_tokens: Whole = UNSET
    cache_write_tokens: Whole = UNSET
    output_tokens: Whole = UNSET
    reasoning_tokens: Whole = UNSET
    cache_hit_rate: Ratio = UNSET
    cost_usd: Amount = UNSET
    cost_per_request_usd: Amount = UNSET
    unpriced: Whole = UNSET
    average_duration_ms: Ratio = UNSET
    p50_duration_ms: Ratio = UNSET
    p90_duration_ms: Ratio = UNSET
    p95_duration_ms: Ratio = UNSET
    p99_duration_ms: Ratio = UNSET
    max_duration_ms: Ratio = UNSET
    average_ttft_ms: Ratio = UNSET
    p50_ttft_ms: Ratio = UNSET
    p90_ttft_ms: Ratio = UNSET
    p95_ttft_ms: Ratio = UNSET
    p99_ttft_ms: Ratio = UNSET
    max_ttft_ms: Ratio = UNSET
    output_tokens_per_second: Ratio = UNSET


METRICS: tuple[str, ...] = Figures.__struct_fields__

USUAL_METRICS = (
    "requests",
    "success_rate",
    "tokens",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "unpriced",
)

SHORT_NAMES = {
    "success": "success_count",
    "failures": "failure_count",
    "failed": "failure_count",
    "input": "input_tokens",
    "output": "output_tokens",
    "uncached": "uncached_tokens",
    "cached": "cached_tokens",
    "cache_read": "cached_tokens",
    "cache_write": "cache_write_tokens",
    "reasoning": "reasoning_tokens",
    "cost": "cost_usd",
    "cost_per_request": "cost_per_request_usd",
    **{f"p{percent}": f"p{percent}_duration_ms" for percent in (50, 90, 95, 99)},
    **{f"p{percent}_ttft": f"p{percent}_ttft_ms" for percent in (50, 90, 95, 99)},
    "max": "max_duration_ms",
    "max_ttft": "max_ttft_ms",
    "duration": "average_duration_ms",
    "ttft": "average_ttft_ms",
    "tokens_per_second": "output_tokens_per_second",
}


class DaySketch(NamedTuple):
    """How durations and times to first token of a day (since 1970-01-01) are distributed."""

    day: int
    provider: str
    model: str
    durations: Sketch
    ttft: Sketch


_OF_OUTCOMES: dict[str, Callable[[Counters], int | float | None]] = {
    "requests": lambda sums: sums.requests,
    "success_count": lambda sums: sums.success,
    "failure_count": lambda sums: sums.failures,
    "success_rate": lambda sums: _ratio(sums.success, sums.requests),
    "client_gone": lambda sums: sums.client_gone,
    "rate_limited": lambda sums: sums.rate_limited,
    "client_errors": lambda sums: sums.client_errors,
    "server_errors": lambda sums: sums.server_errors,
    "other_failures": lambda sums: sums.other_failures,
}

_OF_AMOUNTS: dict[str, Callable[[Counters], int | float | Decimal | None]] = {
    "tokens": lambda sums: sums.tokens,
    "input_tokens": lambda sums: sums.tokens_in,
    # Never cut at zero, so that groups add up to the total: a request pushed with more cached
    # than input tokens is the only one that could take it below.
    "uncached_tokens": lambda sums: sums.tokens_in - sums.tokens_cached - sums.tokens_cache_write,
    "cached_tokens": lambda sums: sums.tokens_cached,
    "cache_write_tokens": lambda sums: sums.tokens_cache_write,
    "output_tokens": lambda sums: sums.tokens_out,
    "reasoning_tokens": lambda sums: sums.tokens_reasoning,
    "cache_hit_rate": lambda sums: _ratio(sums.tokens_cached, sums.tokens_in),
    "cost_usd": lambda sums: plain_money(sums.cost_usd),
    "cost_per_request_usd": lambda sums: _share(sums.cost_usd, sums.requests - sums.unpriced),
    "unpriced": lambda sums: sums.unpriced,
    "average_duration_ms": lambda sums: _ratio(sums.duration_ms, sums.requests),
    "average_ttft_ms": lambda sums: _ratio(sums.ttft_ms, sums.ttft_requests),
    "output_tokens_per_second": lambda sums: _ratio(sums.tokens_out * 1000, sums.duration_ms),
}

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
_DURATIONS = {f"{name}_duration_ms": fraction for name, fraction in _QUANTILES.items()}
_TTFTS = {f"{name}_ttft_ms": fraction for name, fraction in _QUANTILES.items()}

PERCENTILES = frozenset({*_DURATIONS, *_TTFTS})
"""Figures that only sketches can answer."""


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _share(cost: Decimal, requests: int) -> Decimal | None:
    return plain_money(_QUOTIENT.divide(cost, requests)) if requests > 0 else None


def figures_of(
    sums: Counters,
    metrics: Sequence[str],
    sketches: Sequence[DaySketch],
    *,
    counts_only: bool = False,
) -> dict[str, Any]:
    """The figures named, as keyword arguments of `Figures`.

    Without sketches there are no percentiles. `counts_only`: only the counts of each outcome are
    known, not what these requests used.
    """
    values: dict[str, Any] = {
        name: None if reckon is None else reckon(sums)
        for name, reckon in _reckonings(tuple(metrics), counts_only=counts_only)
    }
    if not sketches:
        return values
    for names, gathered in (
        (_DURATIONS, [sketch.durations for sketch in sketches]),
        (_TTFTS, [sketch.ttft for sketch in sketches]),
    ):
        wanted = [name for name in metrics if name in names]
        if wanted and gathered:
            whole = gathered[0] if len(gathered) == 1 else merged(gathered)
            found = whole.quantiles(*(names[name] for name in wanted))
            values.update(zip(wanted, found or (), strict=False))
    return values


@lru_cache(maxsize=64)  # each of ten years of days has the same figures
def _reckonings(
    metrics: tuple[str, ...], *, counts_only: bool
) -> tuple[tuple[str, Callable[[Counters], int | float | Decimal | None] | None], ...]:
    known = _OF_OUTCOMES if counts_only else {**_OF_OUTCOMES, **_OF_AMOUNTS}
    return tuple((name, known.get(name)) for name in metrics)
