"""Figures of usage as short text, by the name of the metric. Pure; no terminal, no library.

Must not enter: tables, and which figures are shown.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from proxypal.cli.rendering_text import NOTHING, duration, grouped, money, rate, short_count
from proxypal.records.usage_metrics import PERCENTILES, Figures


def _whole(value: Decimal | int) -> str:
    return grouped(int(value))


def _short(value: Decimal | int) -> str:
    return short_count(int(value))


def _known_cost(amount: Decimal) -> str:
    # Without tokens or without a price nothing is known, and nothing known is not $0.
    return money(amount) if amount else NOTHING


def _per_second(value: float) -> str:
    return f"{value:,.1f}/s"


class _Column(NamedTuple):
    """How a figure is headed and written; `adds_up` where groups sum up to the total."""

    title: str
    text: Callable[[Any], str]
    adds_up: bool = False


_COLUMNS: dict[str, _Column] = {
    "requests": _Column("requests", _whole, adds_up=True),
    "success_count": _Column("succeeded", _whole, adds_up=True),
    "failure_count": _Column("failed", _whole, adds_up=True),
    "success_rate": _Column("success", rate),
    "client_gone": _Column("gone", _whole, adds_up=True),
    "rate_limited": _Column("429", _whole, adds_up=True),
    "client_errors": _Column("4xx", _whole, adds_up=True),
    "server_errors": _Column("5xx", _whole, adds_up=True),
    "other_failures": _Column("no status", _whole, adds_up=True),
    "tokens": _Column("tokens", _short, adds_up=True),
    "input_tokens": _Column("in", _short, adds_up=True),
    "uncached_tokens": _Column("uncached", _short, adds_up=True),
    "cached_tokens": _Column("cached", _short, adds_up=True),
    "cache_write_tokens": _Column("cache write", _short, adds_up=True),
    "output_tokens": _Column("out", _short, adds_up=True),
    "reasoning_tokens": _Column("reasoning", _short, adds_up=True),
    "cache_hit_rate": _Column("from cache", rate),
    "cost_usd": _Column("cost", _known_cost, adds_up=True),
    "cost_per_request_usd": _Column("cost/request", _known_cost),
    "unpriced": _Column("unpriced", _whole, adds_up=True),
    "average_duration_ms": _Column("average", duration),
    "average_ttft_ms": _Column("ttft", duration),
    "output_tokens_per_second": _Column("out/second", _per_second),
    **{name: _Column(name.split("_")[0], duration) for name in PERCENTILES},
    **{
        name: _Column(f"ttft {name.split('_')[0]}", duration)
        for name in PERCENTILES
        if "ttft" in name
    },
}


def title_of(metric: str) -> str:
    """What stands above its column."""
    return _COLUMNS[metric].title


def figure_text(metric: str, figures: Figures) -> str:
    """The figure, short; a dash where it is not known."""
    value = getattr(figures, metric)
    return NOTHING if value is None else _COLUMNS[metric].text(value)


def amount_text(metric: str, value: Decimal | float) -> str:
    """A figure of the metric that was reckoned here, of the same type as the figure."""
    return _COLUMNS[metric].text(value)


def size_of(metric: str, figures: Figures) -> float:
    """The figure as a length to be drawn; 0 where it is not known."""
    return float(getattr(figures, metric) or 0)


def adds_up(metric: str) -> bool:
    """Whether the figures of groups sum up to the one of all."""
    return _COLUMNS[metric].adds_up


def needs_showing(metric: str, figures: Figures) -> bool:
    """Whether a column that nobody asked for by name says anything."""
    value = getattr(figures, metric)
    return value is not None and (metric != "unpriced" or value > 0)
