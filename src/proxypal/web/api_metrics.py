"""`GET /metrics`: the totals for Prometheus, from one answer of the store.

Counters are all-time totals of the store, so they go on over restarts of this process; Reset
Analytics is a counter's reset. Must not enter: figures that the pages do not know.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, cast

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from proxypal.charts.visible_text import visible
from proxypal.clock import offset_of
from proxypal.records.usage_answer import Row
from proxypal.records.usage_query import QueryWords
from proxypal.service.asking import query_of
from proxypal.service.source_states import SourceState, StoreHealth
from proxypal.web.endpoints import Answer, Call, Endpoint
from proxypal.web.query_string import given

SERIES_AT_MOST = 500
"""Pairs of provider and model, the most used ones; the rest is one, called `other`."""

_BY = ("provider", "model")
_FAILURES = (
    "client_gone",
    "rate_limited",
    "client_errors",
    "server_errors",
    "other_failures",
)
_TOKENS = (
    "uncached_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_WORDS = QueryWords(
    by=_BY,
    metrics=("requests", *_FAILURES, *_TOKENS, "cost_usd", "unpriced"),
    order="requests",
    top=SERIES_AT_MOST,
)


class Snapshot(NamedTuple):
    """What is told beside the totals. Times are Unix milliseconds."""

    newest_ms: int | None
    health: StoreHealth
    sources: Sequence[SourceState]
    now_ms: int


def metrics(call: Call) -> Response:
    """The totals in Prometheus' text format."""
    given(call, ())
    services = call.services

    def ask() -> tuple[bytes, int | None]:
        store = services.store
        offset = offset_of(store.settings().zone)
        asked = query_of(_WORDS, services.settings(), services.clock(), offset)
        newest = store.get_request_history(1).requests
        told = _text(_of_usage(store.query(asked).rows))
        return told, newest[0].timestamp if newest else None

    totals, newest_ms = services.once("/metrics", ask)
    now = Snapshot(newest_ms, services.sources.health(), services.sources.state(), services.clock())
    told = totals + _text([*_of_now(now), *_of_sources(now.sources)])
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _text(families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(families))
    return generate_latest(registry)


class _Told(Collector):
    """Families that are there already, collected once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Every family of metrics."""
        return self._families


def _of_usage(rows: Sequence[Row]) -> Iterator[Metric]:
    requests = _counter("requests", "Requests recorded.")
    failures = _counter("failures", "Requests that failed, each in one class.", "class")
    tokens = _counter("tokens", "Tokens, each of one kind; together all there were.", "kind")
    cost = _counter("cost_usd", "What priced requests cost, in US dollars.")
    unpriced = _counter("unpriced_requests", "Requests with tokens and without a known price.")
    for row in rows:
        labels = [visible(label) for label in row.labels]
        requests.add_metric(labels, _number(row, "requests"))
        for name in _FAILURES:
            failures.add_metric([*labels, name.removesuffix("_failures")], _number(row, name))
        for kind, value in _kinds(row):
            tokens.add_metric([*labels, kind], value)
        cost.add_metric(labels, _number(row, "cost_usd"))
        unpriced.add_metric(labels, _number(row, "unpriced"))
    yield from (requests, failures, tokens, cost, unpriced)


def _kinds(row: Row) -> Iterator[tuple[str, float]]:
    """The five kinds, disjoint. A counter is never negative, whatever somebody pushed."""
    reasoning = _number(row, "reasoning_tokens")
    yield "uncached_input", max(0, _number(row, "uncached_tokens"))
    yield "cache_read", _number(row, "cached_tokens")
    yield "cache_write", _number(row, "cache_write_tokens")
    yield "visible_output", max(0, _number(row, "output_tokens") - reasoning)
    yield "reasoning", reasoning


def _of_now(found: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "proxypal_held_requests",
        "Requests held in memory because the disk takes nothing; not durable.",
        value=found.health.held,
    )
    yield GaugeMetricFamily(
        "proxypal_store_writable",
        "1 if the store takes requests, as far as was tried.",
        value=float(found.health.writable),
    )
    if found.newest_ms is not None:
        age_s = max(0, found.now_ms - found.newest_ms) / 1000
        yield GaugeMetricFamily(
            "proxypal_last_request_age_seconds",
            "Time since the newest request finished; not there without one.",
            value=age_s,
        )


def _of_sources(sources: Sequence[SourceState]) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "proxypal_source_state",
        "1 for the state that each source of requests is in.",
        labels=("kind", "source", "state"),
    )
    gaps = GaugeMetricFamily(
        "proxypal_source_gaps",
        "Spans of each source that are known to be lost.",
        labels=("kind", "source"),
    )
    for source in sources:
        states.add_metric([source.kind, visible(source.name), source.state], 1)
        gaps.add_metric([source.kind, visible(source.name)], len(source.gaps))
    yield from (states, gaps)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"proxypal_{name}", text, labels=(*_BY, *labels))


def _number(row: Row, metric: str) -> float:
    return float(cast("float", getattr(row, metric)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/metrics",
        summary="The totals and the state of the sources, for Prometheus.",
        handle=metrics,
        answers={200: Answer("Prometheus' text format.", media_type="text/plain")},
    ),
)
