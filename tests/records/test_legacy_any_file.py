import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from old_files import SAMPLES, UTC_PLUS_7, aggregates, contradictions, histories
from proxypal.records.legacy import read_bundle, read_old_pair


def claimed(tree: dict[str, Any], *keys: str) -> int:
    return max((int(tree.get(key) or 0) for key in keys), default=0)


def series_sum(tree: dict[str, Any], key: str) -> int:
    return sum(int(point["value"] or 0) for point in tree.get(key, []))


def stats_sum(tree: dict[str, Any], key: str, *names: str) -> int:
    return sum(int(line.get(name) or 0) for line in tree.get(key, {}).values() for name in names)


@given(histories(), aggregates())
def test_nothing_decreases_and_everything_adds_up(
    history: dict[str, Any], aggregate: dict[str, Any]
) -> None:
    """Any two old files, however contradictory: consistent sums, and no claim is lost."""
    old = read_old_pair(
        json.dumps(history).encode(), json.dumps(aggregate).encode(), UTC_PLUS_7, mtime_ms=None
    )
    assert old.facts is not None
    sums = old.facts.sums
    assert contradictions(sums) == []
    total = sums["total", ""]
    assert 0 <= total.success <= total.requests
    rows = history.get("requests", [])
    assert len(old.facts.requests) == len(rows)
    assert total.requests >= max(
        len(rows),
        claimed(aggregate, "totalRequests"),
        claimed(history, "totalRequestCount"),
        series_sum(aggregate, "requestsByDay"),
        stats_sum(aggregate, "modelStats", "requests"),
        stats_sum(aggregate, "providerStats", "requests"),
    )
    for counted, key, of_rows, of_models in (
        (total.tokens_in, "totalTokensIn", "tokensIn", "inputTokens"),
        (total.tokens_out, "totalTokensOut", "tokensOut", "outputTokens"),
        (total.tokens_cached, "totalTokensCached", "tokensCached", "cachedTokens"),
    ):
        assert counted >= claimed(aggregate, key)
        assert counted >= claimed(history, key)
        assert counted >= sum(int(row.get(of_rows) or 0) for row in rows)
        assert counted >= stats_sum(aggregate, "modelStats", of_models)
    assert total.tokens >= max(
        series_sum(aggregate, "tokensByDay"),
        series_sum(history, "tokensByDay"),
        stats_sum(aggregate, "modelStats", "tokens"),
        stats_sum(aggregate, "providerStats", "tokens"),
    )
    for tree in (history, aggregate):
        assert total.cost_usd >= Decimal(str(tree.get("totalCostUsd") or 0))


@given(histories(dirty=True), aggregates(dirty=True))
def test_wrong_values_cost_only_themselves(
    history: dict[str, Any], aggregate: dict[str, Any]
) -> None:
    """Values of the wrong type or range are noted; rows stay, in order, and sums consistent."""
    old = read_old_pair(
        json.dumps(history).encode(), json.dumps(aggregate).encode(), UTC_PLUS_7, mtime_ms=5
    )
    assert old.facts is not None
    assert contradictions(old.facts.sums) == []
    assert len(old.facts.requests) == sum(
        isinstance(row, dict) for row in history.get("requests", [])
    )


@given(histories(), aggregates())
def test_reading_is_the_same_every_time(history: dict[str, Any], aggregate: dict[str, Any]) -> None:
    """A pair, and the bundle of the pair, come to the same facts, as often as they are read."""
    pair = [json.dumps(tree).encode() for tree in (history, aggregate)]
    bundle = json.dumps({"request_history": history, "aggregate": aggregate}).encode()
    first = read_old_pair(pair[0], pair[1], UTC_PLUS_7, mtime_ms=None)
    assert read_old_pair(pair[0], pair[1], UTC_PLUS_7, mtime_ms=None) == first
    assert read_bundle(bundle, UTC_PLUS_7) == first


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_KEYS = sorted({key for path in SAMPLES.glob("*.json") for key in json.loads(path.read_bytes())})
_objects = st.dictionaries(st.sampled_from(_KEYS), _json)


@given(_objects, _objects)
def test_files_of_any_shape_are_read(history: dict[str, Any], aggregate: dict[str, Any]) -> None:
    """Valid JSON of the wrong shape is noted or unreadable, never an exception."""
    old = read_old_pair(
        json.dumps(history).encode(), json.dumps(aggregate).encode(), UTC_PLUS_7, mtime_ms=None
    )
    assert old.facts is not None
    assert contradictions(old.facts.sums) == []


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_facts_or_unreadable(history: bytes, aggregate: bytes) -> None:
    """No file can make reading fail."""
    old = read_old_pair(history, aggregate, UTC_PLUS_7, mtime_ms=None)
    assert old.facts is not None or len(old.unreadable) == 2
    assert read_bundle(history, UTC_PLUS_7).unreadable or history.strip()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_a_sample_cut_anywhere_is_unreadable_with_a_reason(path: Path) -> None:
    """D3: half a file, as an interrupted write leaves it, is named and never read as less."""
    data = path.read_bytes()
    for length in range(0, len(data), 37):
        old = read_old_pair(data[:length], None, UTC_PLUS_7, mtime_ms=None)
        assert old.facts is None
        assert len(old.unreadable) == 1
