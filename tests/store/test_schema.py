"""The tables and their versions: a database of any earlier version opens with its numbers."""

import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from builders import NOW_MS, a_request, a_store
from proxypal.errors import NewerDatabase
from proxypal.records.aggregate import TimeSeriesPoint
from proxypal.store.database import Database
from proxypal.store.schema import APPLICATION_ID, STEPS, VERSION, upgrade

STORES = Path(__file__).parents[1] / "data" / "stores"


def version_of(path: Path) -> int:
    """`user_version` of a database file."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_upgrading_twice_changes_nothing() -> None:
    """The steps that were applied are not applied again."""
    database = Database(None)
    upgrade(database.connection)
    tables = database.connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    upgrade(database.connection)
    assert database.connection.execute("SELECT name, sql FROM sqlite_master").fetchall() == tables
    assert len(tables) > 10
    database.close()


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    """file(1) and anybody with sqlite3 can tell whose database it is, and of which version."""
    a_store(tmp_path).close()
    data = (tmp_path / "proxypal.db").read_bytes()
    assert int.from_bytes(data[68:72], "big") == APPLICATION_ID
    assert APPLICATION_ID.to_bytes(4, "big") == b"ppxd"
    assert version_of(tmp_path / "proxypal.db") == VERSION == len(STEPS)


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    """An older proxypal says that it is too old and changes nothing, not even the files."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    connection = sqlite3.connect(tmp_path / "proxypal.db")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for read_only in (False, True):
        with pytest.raises(NewerDatabase, match=f"has format {VERSION + 1}.*Update proxypal"):
            a_store(tmp_path, read_only=read_only)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before.items() <= after.items()
    assert {p.name for p in after.keys() - before} <= {"proxypal.db-wal", "proxypal.db-shm"}


def test_a_real_store_exists_of_each_version() -> None:
    """No version is released without a store of it to open for ever after."""
    kept = sorted(int(path.name[1:]) for path in STORES.iterdir())
    assert kept == list(range(1, VERSION + 1))
    for number in kept:
        assert version_of(STORES / f"v{number}" / "proxypal.db") == number
        assert (STORES / f"v{number}" / "proxypal.db").stat().st_size < 200_000


def test_a_store_of_version_1_opens_with_its_numbers(tmp_path: Path) -> None:
    """What version 1 recorded is read to the last digit by every later version.

    The fixture was made so, with the clock standing at 2026-01-09T12:00 UTC:

        clock = SetClock()
        with Store("v1", zone="America/St_Johns", history_limit=3, clock=clock) as store:
            store.record([
                RequestLog(id="kept", timestamp=NOW_MS - 40 * DAY_MS, provider="claude",
                    model="claude-sonnet-4-5", path="/v1/messages", status=200, duration_ms=1234,
                    tokens_in=3_000_000_000, tokens_out=2_000_000_000, tokens_cached=7,
                    cost_usd=Decimal("0.1"), api_key="team-a", account="d***@example.com"),
                RequestLog(timestamp=NOW_MS - HOUR_MS, provider="openai", model="gpt-5",
                    path="/v1/responses", status=429, duration_ms=50),
                RequestLog(timestamp=NOW_MS, provider="openai", model="gpt-5",
                    path="/v1/responses", status=200, duration_ms=900, tokens_in=10,
                    tokens_out=5, cost_usd=Decimal("0.2"), ttft_ms=300,
                    extras={"serviceTier": "flex"}),
            ])
            store.record_batch(SourceBatch(source="main.log", start=None, generation=0,
                state=b'{"offset":4096}', requests=[RequestLog(timestamp=NOW_MS - 1000,
                    provider="gemini", model="gemini-3-pro", path="/v1beta/models", status=200,
                    duration_ms=70, request_id="a1b2c3d4")]))
            aside = store.reset_aggregate_stats()
            clock.now_ms += 1000
            store.record([RequestLog(id="last", timestamp=NOW_MS + 1000, provider="openai",
                model="gpt-5", path="/v1/responses", status=500, duration_ms=1)])
            store.restore(aside.name)
            clock.now_ms += 1000
            store.clear_request_history()
            store.record([RequestLog(id="after", timestamp=NOW_MS + 2000, provider="openai",
                model="gpt-5", path="/v1/responses", status=200, duration_ms=1)])
    """
    shutil.copytree(STORES / "v1", tmp_path / "v1")
    (tmp_path / "v1").chmod(0o700)  # git does not keep it
    with a_store(tmp_path / "v1", zone=None) as store:
        assert store.warnings == []
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.success_count, stats.failure_count) == (6, 4, 2)
        assert (stats.input_tokens, stats.output_tokens) == (3_000_000_010, 2_000_000_005)
        assert stats.cached_tokens == 7
        assert stats.total_cost_usd == Decimal("0.3")
        assert stats.requests_by_day == [
            TimeSeriesPoint("2025-11-30", 1),
            TimeSeriesPoint("2026-01-09", 5),
        ]
        assert [point.label for point in stats.requests_by_hour] == [
            "2026-01-09T07",
            "2026-01-09T08",
        ]
        assert {m.model: (m.requests, m.success_count) for m in stats.models} == {
            "claude-sonnet-4-5": (1, 1),
            "gpt-5": (4, 2),
            "gemini-3-pro": (1, 1),
        }
        assert stats.created_at == NOW_MS - 40 * 24 * 3_600_000
        assert [r.id for r in store.get_request_history().requests] == ["after"]
        assert [(p.source, p.state) for p in store.positions().rows] == [
            ("main.log", b'{"offset":4096}')
        ]
        keys = {row.label: row.sums.requests for row in store.usage_by("model", NOW_MS - 1, None)}
        assert keys == {"gpt-5": 3, "gemini-3-pro": 1}
        assert store.settings().zone == "America/St_Johns"
        assert store.settings().history_limit == 3
        clear, reset = store.list_backups()
        assert (clear.kind, clear.rows, clear.undone_at) == ("clear", 3, None)
        assert (reset.kind, reset.requests, reset.undone_at) == ("reset", 4, NOW_MS + 1000)
        store.restore(clear.name)
        rows = store.get_request_history().requests
        assert [r.id for r in rows][-2:] == ["last", "after"]
        assert rows[0].extras == {"serviceTier": "flex"}
        assert store.revise("after", {"tokens_in": 70})
        assert store.get_usage_stats().input_tokens == 3_000_000_080
        assert [finding for finding in store.check() if not finding.ok] == []
