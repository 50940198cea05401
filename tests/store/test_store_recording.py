"""Batches into the store: each request once, the most recent in history, totals exact."""

from pathlib import Path

import msgspec
import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.records.aggregate import TimeSeriesPoint
from proxypal.records.request import MAX_INTEGER, RequestLog
from proxypal.store.recording import TRIMMED_EVERY


def test_fifty_equal_requests_in_one_second_are_fifty(tmp_path: Path) -> None:
    """D16: parallel requests to the same path in the same second are all counted and kept."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 25)
        for _ in range(25):
            store.record([a_request()])
        assert store.get_usage_stats().total_requests == 50
        rows = store.get_request_history().requests
        assert len(rows) == 50
        assert len({row.id for row in rows}) == 50


def test_a_request_is_filed_under_its_own_time(tmp_path: Path) -> None:
    """D31: the day and hour are the request's own, whenever it is recorded."""
    with a_store(tmp_path, zone="Asia/Kolkata") as store:
        store.record([a_request(timestamp=NOW_MS - 17 * HOUR_MS)])  # 19:00 UTC the day before
        stats = store.get_usage_stats()
        assert stats.requests_by_day == [TimeSeriesPoint("2026-01-09", 1)]
        assert stats.requests_by_hour == [TimeSeriesPoint("2026-01-09T00", 1)]


def test_a_retry_is_a_duplicate(tmp_path: Path) -> None:
    """The same id with the same content is counted once, in one batch or over many."""
    request = a_request(id="a", timestamp=NOW_MS - 5)
    with a_store(tmp_path) as store:
        assert list(store.record([request, a_request(), request]).duplicates) == [2]
        assert list(store.record([a_request(), request]).duplicates) == [1]
        assert store.get_usage_stats().total_requests == 3


def test_the_same_id_with_other_content_is_another_request(tmp_path: Path) -> None:
    """D40: an id a client uses twice loses nobody's request."""
    with a_store(tmp_path) as store:
        outcome = store.record([a_request(id="a"), a_request(id="a", status=500)])
        assert (outcome.recorded, list(outcome.duplicates)) == (2, [])
        assert list(store.record([a_request(id="a")]).duplicates) == [0]
        assert store.get_usage_stats().total_requests == 2


def test_a_retry_without_a_time_is_a_duplicate(tmp_path: Path) -> None:
    """A client that leaves the time to us and retries later is recognised all the same."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request(id="a", timestamp=0)])
        clock.now_ms += 1_000
        assert list(store.record([a_request(id="a", timestamp=0)]).duplicates) == [0]


def test_after_two_hours_a_repetition_is_new(tmp_path: Path) -> None:
    """The window in which a repetition is recognised is bounded; beyond it is a new request."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request(id="a", timestamp=NOW_MS)])
        clock.now_ms += 2 * HOUR_MS + 1
        store.record([a_request(timestamp=clock.now_ms)] * (TRIMMED_EVERY + 1))
        assert store.record([a_request(id="a", timestamp=NOW_MS)]).recorded == 1


def test_the_most_recent_by_time_are_the_history(tmp_path: Path) -> None:
    """A late request is counted, and shown only if it belongs among the most recent."""
    with a_store(tmp_path, history_limit=3) as store:
        store.record([a_request(timestamp=NOW_MS - n * 10, id=f"{n}") for n in range(5)])
        store.record([a_request(timestamp=NOW_MS - DAY_MS, id="late")])
        assert [r.id for r in store.get_request_history().requests] == ["2", "1", "0"]
        store.record([a_request(timestamp=NOW_MS - 15, id="between")])
        assert [r.id for r in store.get_request_history().requests] == ["between", "1", "0"]
        assert store.get_usage_stats().total_requests == 7


def test_of_equal_times_the_later_arrival_is_the_more_recent(tmp_path: Path) -> None:
    """Requests of one millisecond stand in the order they came."""
    with a_store(tmp_path, history_limit=3) as store:
        store.record([a_request(id=f"{n}") for n in range(5)])
        assert [r.id for r in store.get_request_history().requests] == ["2", "3", "4"]


@pytest.mark.parametrize("batch", [1, 7, 31, 32, 33, 500])
def test_the_history_never_shows_more_than_its_limit(tmp_path: Path, batch: int) -> None:
    """Whatever the batches, the five hundred most recent are there, no more and no fewer."""
    with a_store(tmp_path, history_limit=50) as store:
        for first in range(0, 120, batch):
            count = min(batch, 120 - first)
            store.record([a_request(id=f"{first + n}") for n in range(count)])
            shown = store.get_request_history()
            assert len(shown.requests) == min(50, first + count)
            assert store.get_usage_stats().history_count == len(shown.requests)
        assert [r.id for r in shown.requests] == [f"{n}" for n in range(70, 120)]


def test_rows_beyond_the_limit_do_not_pile_up(tmp_path: Path) -> None:
    """The table behind the history stays as small as the history, but for a few."""
    with a_store(tmp_path, history_limit=10) as store:
        for _ in range(200):
            store.record([a_request()])
        connection = store._engine._current().connection
        (rows,) = connection.execute("SELECT count(*) FROM requests").fetchone()
        assert rows <= 10 + TRIMMED_EVERY


def test_a_request_without_an_id_gets_one(tmp_path: Path) -> None:
    """The seed's form of an id, never the same twice."""
    with a_store(tmp_path) as store:
        store.record([a_request(id=""), a_request(id="mine")])
        ids = [r.id for r in store.get_request_history().requests]
        assert ids == [f"req_{NOW_MS}_1", "mine"]


@pytest.mark.parametrize(
    "field",
    ["tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning",
     "duration_ms", "ttft_ms"],
)  # fmt: skip
def test_a_total_never_leaves_the_exact_integers(tmp_path: Path, field: str) -> None:
    """What would push a total beyond 2^53 - 1 is rejected with its place; the rest is recorded."""
    bare = RequestLog(status=200, model="gpt-5", timestamp=NOW_MS)
    huge = msgspec.structs.replace(bare, **{field: MAX_INTEGER - 5})
    with a_store(tmp_path) as store:
        assert store.record([huge]).recorded == 1
        fitting = a_request(tokens_in=1, tokens_out=1, duration_ms=1)
        outcome = store.record([fitting, huge, fitting])
        assert outcome.recorded == 2
        assert [(r.index, "2^53" in r.reason) for r in outcome.rejected] == [(1, True)]
        assert store.get_usage_stats().total_requests == 3
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 3, "and the files can be read again"


def test_tokens_beyond_32_bits_are_exact(tmp_path: Path) -> None:
    """D35: 3e9 input and 2e9 output tokens are 5e9 in every total and series."""
    with a_store(tmp_path) as store:
        store.record([a_request(tokens_in=3_000_000_000, tokens_out=2_000_000_000)])
        stats = store.get_usage_stats()
        assert stats.total_tokens == 5_000_000_000
        assert stats.tokens_today == 5_000_000_000
        assert stats.models[0].tokens == stats.providers[0].tokens == 5_000_000_000


def test_hours_go_by_date_also_for_late_requests(tmp_path: Path) -> None:
    """D30: hour series reach back 35 days from the newest hour, in whatever order requests come."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request()])
        store.record([a_request(timestamp=NOW_MS - 60 * DAY_MS)])
        store.record([a_request(timestamp=NOW_MS - 34 * DAY_MS)])
        stats = store.get_usage_stats()
        assert len(stats.requests_by_day) == 3
        assert [p.label for p in stats.requests_by_hour] == ["2025-12-06T12", "2026-01-09T12"]
        store.reset_aggregate_stats()
        store.record([a_request(timestamp=NOW_MS - 60 * DAY_MS)])
        store.record([a_request(timestamp=NOW_MS - 20 * DAY_MS)])
        stats = store.get_usage_stats()
        assert [p.label for p in stats.requests_by_hour] == ["2025-12-20T12"]


def test_nothing_recorded_is_no_failure(tmp_path: Path) -> None:
    """An empty batch is recorded, and changes nothing."""
    with a_store(tmp_path) as store:
        outcome = store.record([])
        assert (outcome.recorded, outcome.held) == (0, 0)
        assert store.get_usage_stats().total_requests == 0


def test_bad_requests_are_answered_one_by_one(tmp_path: Path) -> None:
    """Of a batch, what cannot be counted is rejected with its place and reason, never silently."""
    with a_store(tmp_path) as store:
        batch = [a_request(), a_request(tokens_in=-1), a_request(), a_request(status=4000)]
        outcome = store.record(batch)
        assert outcome.recorded == 2
        assert [r.index for r in outcome.rejected] == [1, 3]
        assert all(r.reason for r in outcome.rejected)
        assert store.get_usage_stats().total_requests == 2


def test_tracked_since_is_never_later_than_what_was_counted(tmp_path: Path) -> None:
    """D21: a log read for the first time moves the beginning back to its oldest request."""
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().created_at == NOW_MS
        store.record([a_request(timestamp=NOW_MS - 12 * DAY_MS), a_request()])
        assert store.get_usage_stats().created_at == NOW_MS - 12 * DAY_MS


def test_a_request_whose_commit_failed_is_not_taken_for_known(tmp_path: Path) -> None:
    """What a full disk threw back is recorded when it comes again, and not called a duplicate."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="first")])
        connection = store._engine._current().connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        batch = [a_request(id=f"{n}" * 60, model=f"model-{n}") for n in range(500)]
        assert store.record(batch).held == 500
        connection.execute("PRAGMA max_page_count = 1073741823")
        assert store.record([a_request(id="last")]).recorded == 1
        assert store.held == 0
        stats = store.get_usage_stats()
        assert stats.total_requests == 502
        assert len(stats.models) == 501
