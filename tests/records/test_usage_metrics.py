"""Figures by their names: what is left out, what cannot be known, and what each means."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from proxypal.records.counters import Counters
from proxypal.records.sketch import Sketch
from proxypal.records.usage_metrics import (
    METRICS,
    PERCENTILES,
    SHORT_NAMES,
    USUAL_METRICS,
    DaySketch,
    Figures,
    figures_of,
)

SUMS = Counters(
    requests=10,
    rate_limited=1,
    server_errors=1,
    tokens_in=1000,
    tokens_out=300,
    tokens_cached=600,
    tokens_cache_write=100,
    tokens_reasoning=50,
    duration_ms=20_000,
    ttft_ms=900,
    ttft_requests=3,
    unpriced=2,
    cost_usd=Decimal("0.40"),
)


def _sketch(*durations_ms: int) -> DaySketch:
    durations, ttft = Sketch(), Sketch()
    durations.add_all(durations_ms)
    ttft.add_all(duration_ms // 10 for duration_ms in durations_ms)
    return DaySketch(20_000, "claude", "m", durations, ttft)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("success_rate", 0.8),
        ("failure_count", 2),
        ("tokens", 1300),
        ("uncached_tokens", 300),
        ("cache_hit_rate", 0.6),
        ("cost_usd", Decimal("0.4")),
        ("cost_per_request_usd", Decimal("0.05")),
        ("unpriced", 2),
        ("average_duration_ms", 2000),
        ("average_ttft_ms", 300),
        ("output_tokens_per_second", 15),
    ],
)
def test_each_figure_means_what_its_name_says(metric: str, expected: Any) -> None:
    """The hit rate is of all input; a request without a price is in no price per request."""
    assert figures_of(SUMS, [metric], []) == {metric: expected}


@pytest.mark.parametrize(
    "metric",
    ["success_rate", "cache_hit_rate", "cost_per_request_usd", "average_duration_ms",
     "average_ttft_ms", "output_tokens_per_second", "p95_duration_ms", "max_ttft_ms"],
)  # fmt: skip
def test_a_quotient_of_nothing_is_unknown(metric: str) -> None:
    """Without requests there is no rate of 0 %, no price of $0 and no duration of 0 ms."""
    assert figures_of(Counters(), [metric], []) == {metric: None}


def test_all_unpriced_is_no_price_of_zero() -> None:
    """Where no price is known, a request does not cost $0."""
    sums = Counters(requests=2, tokens_in=10, unpriced=2)
    assert figures_of(sums, ["cost_per_request_usd"], []) == {"cost_per_request_usd": None}


def test_percentiles_are_of_all_sketches() -> None:
    """Two days' durations are one distribution, and the longest is exact."""
    found = figures_of(SUMS, ["p50_duration_ms", "max_ttft_ms"], [_sketch(10, 20), _sketch(12_345)])
    assert found == {"p50_duration_ms": 20, "max_ttft_ms": 1234}


def test_each_percentile_is_its_own() -> None:
    """p90 is not p95: of 1 to 1,000 s each is where its name says, duration and TTFT alike."""
    found = figures_of(SUMS, METRICS, [_sketch(*range(1_000, 1_000_001, 1_000))])
    for name, seconds in (("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("max", 1000)):
        assert found[f"{name}_duration_ms"] == pytest.approx(seconds * 1000, rel=0.01)
        assert found[f"{name}_ttft_ms"] == pytest.approx(seconds * 100, rel=0.01)


def test_of_one_outcome_only_counts_are_known() -> None:
    """What failed requests used is not kept, and is no 0."""
    found = figures_of(SUMS, METRICS, [], counts_only=True)
    known = {name for name, value in found.items() if value is not None}
    assert known == {
        "requests", "success_count", "failure_count", "success_rate", "client_gone",
        "rate_limited", "client_errors", "server_errors", "other_failures",
    }  # fmt: skip


def test_every_metric_can_be_measured() -> None:
    """No name is listed that cannot be answered, and each short name means a metric."""
    found = figures_of(SUMS, METRICS, [_sketch(5, 6)])
    assert tuple(found) == METRICS
    assert None not in found.values()
    assert {*PERCENTILES, *USUAL_METRICS, *SHORT_NAMES.values()} <= set(METRICS)
    assert SHORT_NAMES.keys().isdisjoint(METRICS)


def test_what_was_not_asked_for_is_not_written() -> None:
    """JSON has the figures asked for in camel case, null where nobody can know."""
    figures = Figures(**figures_of(SUMS, ["requests", "cost_usd", "p95_duration_ms"], []))
    encoded = msgspec.json.Encoder(decimal_format="number").encode(figures)
    assert encoded == b'{"requests":10,"costUsd":0.4,"p95DurationMs":null}'
