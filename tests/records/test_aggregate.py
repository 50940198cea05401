"""The shapes of the two files and of `get_usage_stats()`: the seed's names, all of them."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from proxypal.records.aggregate import (
    Aggregate,
    ModelStats,
    RequestHistory,
    TimeSeriesPoint,
    UsageStats,
)

SEED = Path(__file__).parents[1] / "data" / "seed"

SEED_USAGE_STATS = {
    "totalRequests", "successCount", "failureCount", "totalTokens", "inputTokens", "outputTokens",
    "requestsToday", "tokensToday", "models", "providers", "requestsByDay", "tokensByDay",
    "requestsByHour", "tokensByHour",
}  # fmt: skip


def written(value: object) -> bytes:
    """As the files are written: money as a JSON number."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def test_the_seeds_aggregate_comes_back_with_the_same_keys() -> None:
    """The design's sample aggregate is read, and every key and value of it is written again."""
    text = (SEED / "aggregate.json").read_text()
    sample = json.loads(text, parse_float=Decimal)
    aggregate = msgspec.json.decode(text, type=Aggregate)
    assert aggregate.total_requests == 5847
    assert aggregate.total_cost_usd == Decimal("128.45")
    assert aggregate.provider_stats["anthropic"].tokens == 45_000_000
    again = json.loads(written(aggregate), parse_float=Decimal)
    for key in sample.keys() - {"modelStats", "providerStats"}:
        assert again[key] == sample[key], key
    for series in ("modelStats", "providerStats"):
        assert again[series].keys() == sample[series].keys()
        for name, stats in sample[series].items():
            assert stats.items() <= again[series][name].items()


def test_the_seeds_keys_come_first_and_in_its_order() -> None:
    """Whoever knows the design finds its keys where the design put them."""
    sample = json.loads((SEED / "aggregate.json").read_text())
    ours = list(json.loads(written(Aggregate(created_at=0))))
    assert [key for key in ours if key in sample] == list(sample)
    stats = list(json.loads(written(ModelStats())))
    assert stats[:3] == ["requests", "successCount", "tokens"]


def test_the_seeds_history_comes_back_as_it_was() -> None:
    """The design's sample history is read and written again, with its legacy totals as zeros."""
    text = (SEED / "history.json").read_text()
    again = json.loads(written(msgspec.json.decode(text, type=RequestHistory)))
    assert again.pop("totalTokensCached") == 0, "the original app cannot read a file without it"
    assert again == json.loads(text)


def test_usage_stats_have_the_seeds_fields_and_more() -> None:
    """`get_usage_stats()` answers everything the design lists, and since when, cost and span."""
    names = {field.encode_name for field in msgspec.structs.fields(UsageStats)}
    assert names >= SEED_USAGE_STATS
    assert names >= {"createdAt", "totalCostUsd", "costToday", "historyCount", "unpricedRequests"}


@pytest.mark.parametrize("value", [-1, 2**53, 1.5, "1", None])
def test_a_count_is_a_whole_number_every_reader_keeps(value: object) -> None:
    """A count below zero, beyond 2^53 - 1 or with a fraction is refused, not rounded."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"label": "2026-01-01", "value": value}, TimeSeriesPoint)


def test_what_an_old_file_lacks_is_zero() -> None:
    """D1: an aggregate without any of the later keys is read, nothing is required but its start."""
    aggregate = msgspec.json.decode(b'{"createdAt": 1, "totalRequests": 3}', type=Aggregate)
    assert aggregate.total_requests == 3
    assert aggregate.total_tokens_cached == 0
    assert aggregate.requests_by_hour == []
