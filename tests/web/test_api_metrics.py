"""`GET /metrics`: the totals for Prometheus."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from builders import NOW_MS, SetClock, a_request
from proxypal.service.watch_events import Waiting
from proxypal.web import api_metrics
from web_running import Running, running_server

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """Four requests of two models: one failed by rate limit, one without a price."""
    gpt = {"provider": "openai", "model": "gpt-5"}
    with running_server(
        tmp_path / "data",
        requests=[
            a_request(timestamp=NOW_MS - 9_000, cost_usd=Decimal("0.1"), tokens_cached=200),
            a_request(timestamp=NOW_MS - 8_000, cost_usd=Decimal("0.2"), tokens_cache_write=50),
            a_request(timestamp=NOW_MS - 7_000, tokens_reasoning=100, **gpt),
            a_request(timestamp=NOW_MS - 2_500, status=429, tokens_in=None, tokens_out=None, **gpt),
        ],
        clock=SetClock(),
    ) as running:
        yield running


def samples(server: Running) -> Samples:
    """What Prometheus reads, by name and labels."""
    got = server.get("/metrics")
    assert got.status == 200
    assert got.headers["content-type"].startswith("text/plain; version=")
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(got.text)
        for one in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """One sample."""
    return found[name, frozenset(labels.items())]


def summed(found: Samples, name: str, **labels: str) -> float:
    """All samples of a name with these labels among theirs."""
    wanted = set(labels.items())
    return sum(number for (one, has), number in found.items() if one == name and wanted <= has)


def test_counters_are_the_totals(server: Running) -> None:
    """Requests, failures, tokens, cost and unpriced requests add up to the all-time totals."""
    found = samples(server)
    stats = server.store.get_usage_stats()
    claude = {"provider": "claude", "model": "claude-sonnet-4-5"}
    assert value(found, "proxypal_requests_total", **claude) == 2
    assert summed(found, "proxypal_requests_total") == stats.total_requests == 4
    assert value(found, "proxypal_cost_usd_total", **claude) == 0.3
    assert summed(found, "proxypal_failures_total") == stats.failure_count == 1
    assert summed(found, "proxypal_failures_total", **{"class": "rate_limited"}) == 1
    assert summed(found, "proxypal_unpriced_requests_total") == stats.unpriced_requests == 1


def test_kinds_of_tokens_are_disjoint(server: Running) -> None:
    """The five kinds of a model's tokens add up to its tokens: none is counted in two."""
    found = samples(server)
    kinds = ("uncached_input", "cache_read", "cache_write", "visible_output", "reasoning")
    by_kind = [summed(found, "proxypal_tokens_total", kind=kind) for kind in kinds]
    assert by_kind == [1250, 200, 50, 800, 100]
    assert sum(by_kind) == server.store.get_usage_stats().total_tokens


def test_the_age_of_the_last_request_is_of_now(server: Running) -> None:
    """The age is that at the moment of the scrape; without requests there is none."""
    assert value(samples(server), "proxypal_last_request_age_seconds") == 2.5
    clock = server.services.clock
    assert isinstance(clock, SetClock)
    clock.now_ms += 1_000
    assert value(samples(server), "proxypal_last_request_age_seconds") == 3.5


def test_an_empty_store_has_metrics(tmp_path: Path) -> None:
    """Before the first request there are gauges, and no counter claims anything."""
    with running_server(tmp_path / "data") as server:
        found = samples(server)
    assert value(found, "proxypal_held_requests") == 0
    assert value(found, "proxypal_store_writable") == 1
    assert {name for name, _ in found} == {"proxypal_held_requests", "proxypal_store_writable"}


def test_names_are_bounded(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many models there are, the rest beyond the most used is one series; sums stay."""
    words = msgspec.structs.replace(api_metrics._WORDS, top=3)
    monkeypatch.setattr(api_metrics, "_WORDS", words)
    server.record([a_request(id=str(n), model=f"m{n % 50}", provider="p") for n in range(100)])
    found = samples(server)
    series = [has for name, has in found if name == "proxypal_requests_total"]
    assert len(series) == 4
    assert frozenset({("provider", "other"), ("model", "other")}) in series
    assert summed(found, "proxypal_requests_total") == 104


def test_sources_have_a_state(server: Running, tmp_path: Path) -> None:
    """Each source shows the state it is in."""
    path = tmp_path / 'logs "of" mine' / "main.log"
    server.serving.board.report(Waiting(path))
    found = samples(server)
    labels = {"kind": "log", "source": str(path)}
    assert value(found, "proxypal_source_state", state="waiting", **labels) == 1
    assert value(found, "proxypal_source_gaps", **labels) == 0


def test_hostile_names_are_labels(server: Running) -> None:
    """Quotes and backslashes stay inside a label; control and bidi characters are written out."""
    name = 'a"} 1\nproxypal_requests_total{model="\\b\0\x1b\r\u202e'
    shown = name.replace("\n", "\\n").replace("\0\x1b\r\u202e", "\\x00\\x1b\\r\\u202e")
    server.record([a_request(model=name)])
    assert value(samples(server), "proxypal_requests_total", provider="claude", model=shown) == 1


def test_nothing_of_the_process_is_told(server: Running) -> None:
    """Only our own registry is told, not what the library measures of the process."""
    assert {name.split("_")[0] for name, _ in samples(server)} == {"proxypal"}
