"""What ProxyPal gets wrong when it migrates, on files of each of its versions.

Each test names the defect by the number it has in the study of the original app.
"""

from pathlib import Path
from typing import Any

import pytest

from builders import NOW_MS, a_store, json_file
from proxypal.store import Store

SAMPLES = Path(__file__).parents[1] / "data" / "proxypal"
OLD_STORES = {
    "prerelease": {"history.json": "history-prerelease-2025-12-02.json"},
    "v0.1.4": {"history.json": "history-v0.1.4.json"},
    "v0.2.2": {"history.json": "history-v0.2.2.json"},
    "v0.3.5": {"history.json": "history-v0.3.5.json", "aggregate.json": "aggregate-v0.3.5.json"},
    "v0.3.5 without its history": {"aggregate.json": "aggregate-v0.3.5.json"},
    "v0.3.90": {"history.json": "history-v0.3.90.json", "aggregate.json": "aggregate-v0.3.90.json"},
}


def old_store(directory: Path, name: str) -> dict[str, Any]:
    """Put the files of an old version into the directory; what they hold, decoded."""
    directory.mkdir(exist_ok=True)
    for target, source in OLD_STORES[name].items():
        (directory / target).write_bytes((SAMPLES / source).read_bytes())
    return {target: json_file(directory / target) for target in OLD_STORES[name]}


def all_numbers(store: Store) -> tuple[object, ...]:
    """Everything that must not change by opening again."""
    return store.get_aggregate(), store.get_request_history(), store.list_backups()


@pytest.mark.parametrize("name", OLD_STORES)
def test_d1_every_version_is_read_and_nothing_of_it_lost(tmp_path: Path, name: str) -> None:
    """D1: a file of any version, whatever keys it lacks, keeps every total and every row."""
    old = old_store(tmp_path, name)
    with a_store(tmp_path) as store:
        stats, rows = store.get_usage_stats(), store.get_request_history().requests
    old_rows = old.get("history.json", {}).get("requests", [])
    assert len(rows) == len(old_rows)
    assert sorted(row.timestamp for row in rows) == sorted(row["timestamp"] for row in old_rows)
    for file in old.values():
        assert stats.input_tokens >= file["totalTokensIn"]
        assert stats.output_tokens >= file["totalTokensOut"]
        assert stats.total_cost_usd >= file["totalCostUsd"]
        assert stats.total_requests >= file.get("totalRequests", 0)
        assert stats.total_requests >= file.get("totalRequestCount", 0)
    assert stats.total_requests >= len(old_rows)


@pytest.mark.parametrize("name", OLD_STORES)
def test_d18_totals_and_series_agree(tmp_path: Path, name: str) -> None:
    """D18, D28: after migration success + failure = total = days = models = providers."""
    old_store(tmp_path, name)
    with a_store(tmp_path) as store:
        stats = store.get_usage_stats()
        assert stats.success_count + stats.failure_count == stats.total_requests
        assert (
            sum(point.value for point in stats.requests_by_day) + stats.undated_requests
            == sum(model.requests for model in stats.models)
            == sum(provider.requests for provider in stats.providers)
            == stats.total_requests
        )
        assert [finding for finding in store.check() if not finding.ok] == []


@pytest.mark.parametrize("name", OLD_STORES)
def test_d21_tracked_since_is_the_oldest_thing_known(tmp_path: Path, name: str) -> None:
    """D21: "tracked since" is the oldest request or day, not the moment of migration."""
    old = old_store(tmp_path, name)
    with a_store(tmp_path) as store:
        created_at = store.get_usage_stats().created_at
    rows = old.get("history.json", {}).get("requests", [])
    assert created_at <= min((row["timestamp"] for row in rows), default=NOW_MS)
    days = old.get("aggregate.json", {}).get("requestsByDay", [])
    first = min((day["label"] for day in days), default="9999")
    with a_store(tmp_path) as store:
        labels = [point.label for point in store.get_usage_stats().requests_by_day]
    assert first == "9999" or labels[0] <= first
    assert created_at < NOW_MS


@pytest.mark.parametrize("name", OLD_STORES)
def test_d55_a_migration_keeps_the_originals_and_happens_once(tmp_path: Path, name: str) -> None:
    """D55: the old files are copied first, a second start changes nothing, undo is possible."""
    old_store(tmp_path, name)
    originals = {file: (tmp_path / file).read_bytes() for file in OLD_STORES[name]}
    with a_store(tmp_path) as store:
        before = all_numbers(store)
        (backup,) = store.list_backups()
    for file, data in originals.items():
        assert (tmp_path / "backups" / backup.name / file).read_bytes() == data
    for _ in range(2):
        with a_store(tmp_path) as store:
            assert all_numbers(store) == before
            assert store.warnings == []
    with a_store(tmp_path) as store:
        store.restore(backup.name)
        assert store.get_usage_stats().total_requests == 0


@pytest.mark.parametrize("name", OLD_STORES)
@pytest.mark.parametrize("lost", ["history.json", "aggregate.json", "proxypal.db"])
def test_d39_a_reset_stays_reset(tmp_path: Path, name: str, lost: str) -> None:
    """D39: after a reset no start, no lost file and no old history brings the numbers back."""
    old_store(tmp_path, name)
    with a_store(tmp_path) as store:
        rows = len(store.get_request_history().requests)
        store.reset_aggregate_stats()
    (tmp_path / lost).unlink()
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 0
        assert len(store.get_request_history().requests) == rows
