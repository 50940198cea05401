"""Answers beside the list of all requests: every figure of a query compared with the truth."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from builders import at
from proxypal.records.labels import zone_offset
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_metrics import METRICS, PERCENTILES
from proxypal.records.usage_query import Query, QueryWords, parse_query
from usage_questions import (
    ADDITIVE,
    Asked,
    brute_force,
    figures_by_label,
    measured,
    nearest_rank,
)

NOW_MS = at("2028-01-01T00:00Z")
"""When everything is asked: after all traffic."""

_PLAIN = tuple(name for name in METRICS if name not in PERCENTILES)


def query_of(zone: str, asked: Asked, metrics: str = "all", **more: Any) -> Query:
    """A question asked in words, as a person would."""
    words = QueryWords(
        since=f"{asked.since:%Y-%m-%dT%H:00}",
        until=f"{asked.until:%Y-%m-%dT%H:00}",
        where=asked.where,
        by=asked.by,
        metrics=[metrics],
        **more,
    )
    query = parse_query(words, NOW_MS, zone_offset(ZoneInfo(zone)))
    assert isinstance(query, Query), query
    assert query.range.cuts == ()
    return query


def compare_answer(
    found: Answer, requests: Sequence[RequestLog], zone: ZoneInfo, asked: Asked
) -> None:
    """Every figure of an answer but percentiles is the one of the requests asked for."""
    compare_groups(found, brute_force(requests, zone, asked), asked)


def compare_groups(
    found: Answer, expected: Mapping[tuple[str, ...], Sequence[RequestLog]], asked: Asked
) -> None:
    """Every figure of an answer but percentiles is the one of the requests of its group."""
    is_narrowed = any("outcome" in text for text in asked.where)
    everything = [request for group in expected.values() for request in group]
    compare_figures(found.total, everything, counts_only=is_narrowed)
    rows = figures_by_label(found.rows)
    if not asked.by:
        assert not rows
        return
    assert {label for label, row in rows.items() if row.requests} == set(expected)
    for label, group in expected.items():
        compare_figures(rows[label], group, counts_only=is_narrowed or "outcome" in asked.by)


def _agrees(found: Any, expected: Any) -> bool:
    """Whole numbers and sums of money to the last digit, quotients as far as a float goes."""
    if found is None or expected is None:
        return found is expected
    allowed = abs(expected) / 10 ** (9 if isinstance(found, float) else 19)
    return bool(abs(Fraction(found) - Fraction(expected)) <= allowed)


def compare_figures(figures: Any, requests: Sequence[RequestLog], *, counts_only: bool) -> None:
    """All figures but percentiles of one group."""
    expected = measured(requests)
    for name in _PLAIN:
        found = getattr(figures, name)
        if counts_only and name not in {*ADDITIVE, "success_rate"}:
            assert found is None, name
        else:
            assert _agrees(found, expected[name]), name
    if not counts_only:
        assert Fraction(figures.cost_usd) == expected["cost_usd"]


def compare_percentiles(figures: Any, requests: Sequence[RequestLog]) -> None:
    """All percentiles of one group, within 1 %."""
    durations = [request.duration_ms for request in requests]
    ttfts = [request.ttft_ms for request in requests if request.ttft_ms is not None]
    for kind, values in (("duration", durations), ("ttft", ttfts)):
        for name, percent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99), ("max", 100)):
            found = getattr(figures, f"{name}_{kind}_ms")
            truth = nearest_rank(values, Fraction(percent, 100))
            if truth is None:
                assert found is None
            else:
                assert abs(found - truth) <= truth / 100, name
