"""The testing checklist of the design, section 8: each line of it is a test, in its own words.

And the rows of its section 7: what happens in each of its error scenarios.
"""

import json
import os
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from filelock import FileLock

from builders import DAY_MS, NOW_MS, a_request, a_store, json_file, seed_shaped
from proxypal.errors import CannotWrite
from proxypal.records.aggregate import Aggregate, TimeSeriesPoint

SEED = Path(__file__).parents[1] / "data" / "seed"

OLD_HISTORY: dict[str, Any] = {
    "requests": [
        {
            "id": f"log_{number % 2}",
            "timestamp": NOW_MS - number * DAY_MS,
            "provider": "claude",
            "model": "claude-3-opus" if number % 2 else "gpt-4",
            "method": "POST",
            "path": "/v1/messages",
            "status": 200 if number else 500,
            "durationMs": 1000,
            "tokensIn": 100,
            "tokensOut": 50,
        }
        for number in range(4)
    ],
    "totalTokensIn": 9000,
    "totalTokensOut": 450,
    "totalCostUsd": 1.5,
}


# -- Unit Tests


def test_load_empty_aggregate(tmp_path: Path) -> None:
    """Load empty aggregate → returns defaults."""
    with a_store(tmp_path) as store:
        aggregate = store.get_aggregate()
    assert aggregate == Aggregate(created_at=NOW_MS)


def test_save_and_load_roundtrip(tmp_path: Path) -> None:
    """Save + load roundtrip → data intact."""
    with a_store(tmp_path) as store:
        store.record([seed_shaped(number) for number in range(20)])
        saved = store.get_aggregate(), store.get_request_history()
    with a_store(tmp_path) as store:
        assert (store.get_aggregate(), store.get_request_history()) == saved
    text = (tmp_path / "aggregate.json").read_bytes()
    assert msgspec.json.decode(text, type=Aggregate) == saved[0]


def test_migration_from_old_format(tmp_path: Path) -> None:
    """Migration from old format → aggregate built correctly."""
    (tmp_path / "history.json").write_text(json.dumps(OLD_HISTORY))
    with a_store(tmp_path) as store:
        aggregate = store.get_aggregate()
    assert aggregate.total_requests == 4
    assert (aggregate.total_success_count, aggregate.total_failure_count) == (3, 1)
    assert (aggregate.total_tokens_in, aggregate.total_tokens_out) == (9000, 450)
    assert aggregate.total_cost_usd == Decimal("1.5")
    assert [(point.label, point.value) for point in aggregate.requests_by_day] == [
        ("2026-01-06", 1),
        ("2026-01-07", 1),
        ("2026-01-08", 1),
        ("2026-01-09", 1),
    ]
    assert aggregate.model_stats["claude-3-opus"].requests == 2
    assert aggregate.model_stats["gpt-4"].requests == 2
    assert aggregate.created_at == NOW_MS - 3 * DAY_MS


def test_atomic_writes(tmp_path: Path) -> None:
    """Atomic writes → no partial state."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 200)
        store.publish()
        stop = threading.Event()

        def publish() -> None:
            while not stop.is_set():
                store.record([a_request()])
                store.publish()

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            for _ in range(100):
                aggregate = json_file(tmp_path / "aggregate.json")
                history = json_file(tmp_path / "history.json")
                assert aggregate["totalRequests"] == aggregate["published"]["sequence"]
                assert len(history["requests"]) >= 200
        finally:
            stop.set()
            thread.join()
    assert not list(tmp_path.glob(".*.tmp"))


def test_time_series_update(tmp_path: Path) -> None:
    """Time-series update → correct date grouping."""
    with a_store(tmp_path, zone="Asia/Kolkata") as store:
        for hours_ago in (0, 1, 12, 13, 40):
            store.record([a_request(timestamp=NOW_MS - hours_ago * 3_600_000)])
        stats = store.get_usage_stats()
    assert stats.requests_by_day == [
        TimeSeriesPoint("2026-01-08", 1),
        TimeSeriesPoint("2026-01-09", 4),
    ]
    assert [point.value for point in stats.tokens_by_day] == [800, 3200]


def test_model_and_provider_stats(tmp_path: Path) -> None:
    """Model/provider stats → correct counting."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(status=500), a_request(model="claude-3-opus")])
        store.record([a_request(model="gpt-5", provider="openai")])
        stats = store.get_usage_stats()
    assert [(m.model, m.requests, m.success_count, m.tokens) for m in stats.models] == [
        ("claude-sonnet-4-5", 2, 1, 1600),
        ("claude-3-opus", 1, 1, 800),
        ("gpt-5", 1, 1, 800),
    ]
    assert [(p.provider, p.requests, p.success_count, p.tokens) for p in stats.providers] == [
        ("claude", 3, 2, 2400),
        ("openai", 1, 1, 800),
    ]


# -- Integration Tests


def test_fresh_install(tmp_path: Path) -> None:
    """Fresh install → both files created."""
    a_store(tmp_path / "proxypal").close()
    for name in ("history.json", "aggregate.json"):
        sample, found = json_file(SEED / name), json_file(tmp_path / "proxypal" / name)
        assert sample.keys() <= found.keys()


def test_old_user_upgrade(tmp_path: Path) -> None:
    """Old user upgrade → aggregate built, history preserved."""
    (tmp_path / "history.json").write_text(json.dumps(OLD_HISTORY))
    with a_store(tmp_path) as store:
        assert store.get_aggregate().total_requests == 4
        rows = store.get_request_history().requests
    assert [(row.timestamp, row.model, row.status) for row in rows] == sorted(
        (row["timestamp"], row["model"], row["status"]) for row in OLD_HISTORY["requests"]
    )
    assert len(json_file(tmp_path / "history.json")["requests"]) == 4
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 4


def test_new_request(tmp_path: Path) -> None:
    """New request → both files updated."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    assert len(json_file(tmp_path / "history.json")["requests"]) == 1
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 1


def test_clear_history(tmp_path: Path) -> None:
    """Clear history → requests cleared, aggregate preserved."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
        store.clear_request_history()
    assert json_file(tmp_path / "history.json")["requests"] == []
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 3


def test_reset_analytics(tmp_path: Path) -> None:
    """Reset analytics → aggregate cleared, history preserved."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
        store.reset_aggregate_stats()
    aggregate = json_file(tmp_path / "aggregate.json")
    assert (aggregate["totalRequests"], aggregate["requestsByDay"]) == (0, [])
    assert aggregate["modelStats"] == aggregate["providerStats"] == {}
    assert len(json_file(tmp_path / "history.json")["requests"]) == 3


def test_concurrent_access(tmp_path: Path) -> None:
    """Concurrent access → no race conditions (test with file locks)."""
    a_store(tmp_path).close()
    failed: list[BaseException] = []

    def use(number: int) -> None:
        try:
            with a_store(tmp_path, zone=None) as store:
                for n in range(25):
                    store.record([a_request(id=f"{number}-{n}")])
        except BaseException as error:  # noqa: BLE001 - reported below
            failed.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    # Somebody who holds the lock of opening keeps nobody from using a store that is in order.
    with FileLock(tmp_path / ".proxypal.lock"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 200
        assert len({row.id for row in store.get_request_history().requests}) == 200


# -- Section 7: error handling


def test_a_corrupted_aggregate(tmp_path: Path) -> None:
    """`aggregate.json` corrupted: nothing is lost (not even rebuilt from history), a warning."""
    with a_store(tmp_path, history_limit=5) as store:
        store.record([a_request()] * 40)
    (tmp_path / "aggregate.json").write_text('{"totalRequests": 4')
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 40
        assert "aggregate.json cannot be read as JSON" in store.warnings[0]
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 40
    assert len(list(tmp_path.glob("aggregate.json.corrupt-*"))) == 1


def test_a_corrupted_history(tmp_path: Path) -> None:
    """`history.json` corrupted: aggregate and requests are both there, and it is said."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 4)
    (tmp_path / "history.json").write_bytes(b"\0" * 4096)
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 4
        assert len(store.get_request_history().requests) == 4
        assert "history.json cannot be read as JSON" in store.warnings[0]


def test_both_missing(tmp_path: Path) -> None:
    """Both missing: start fresh with defaults — where there is no database that knows better."""
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 0
        store.record([a_request()])
    (tmp_path / "history.json").unlink()
    (tmp_path / "aggregate.json").unlink()
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 1
        assert len(store.warnings) == 2


def test_a_partial_write(tmp_path: Path) -> None:
    """Partial write (crash): atomic writes prevent this; a temp file that stays is cleaned."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    (tmp_path / ".history.json.4711.tmp").write_text('{"requests": [{"id"')
    with a_store(tmp_path) as store:
        assert store.warnings == []
        assert len(store.get_request_history().requests) == 1
    assert not list(tmp_path.glob(".*.tmp"))


def test_permission_denied_on_write(tmp_path: Path) -> None:
    """Permission denied on write: go on with what is in memory and the database, and say so."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
        # An administrator may write anything, but not over a folder.
        in_the_way = tmp_path / f".history.json.{os.getpid()}.tmp"
        in_the_way.mkdir()
        store.record([a_request()])
        with pytest.raises(CannotWrite, match="Check its owner and permissions"):
            store.publish()
        assert store.get_usage_stats().total_requests == 2
        assert len(json_file(tmp_path / "history.json")["requests"]) == 1, "whole, if old"
        in_the_way.rmdir()
    assert len(json_file(tmp_path / "history.json")["requests"]) == 2


def test_a_full_disk(tmp_path: Path) -> None:
    """Disk full: "Storage full" is said, requests wait in memory, nothing is lost."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        connection = store._engine._current().connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        outcome = store.record([a_request(path=f"/{n}" * 900) for n in range(30)])
        assert (outcome.recorded, outcome.held) == (0, 30)
        assert store.warnings[-1].startswith("Storage full")
        connection.execute("PRAGMA max_page_count = 1073741823")
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 31


# -- Section 9: success criteria that are not proven elsewhere


def test_all_time_analytics_do_not_depend_on_trimming(tmp_path: Path) -> None:
    """Accurate all-time analytics regardless of request log trimming."""
    with a_store(tmp_path) as store:
        for _ in range(6):
            store.record([a_request()] * 200)
        assert store.get_usage_stats().total_requests == 1200
        assert len(store.get_request_history().requests) == 500


def test_file_sizes_stay_bounded(tmp_path: Path) -> None:
    """File sizes stay bounded (~150KB total)."""
    with a_store(tmp_path) as store:
        store.record([seed_shaped(number) for number in range(3_000)])
    sizes = [(tmp_path / name).stat().st_size for name in ("history.json", "aggregate.json")]
    assert sum(sizes) < 170 * 1024
