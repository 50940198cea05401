"""Changing what is known of a request: totals move by new minus old, exactly."""

from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store, at
from proxypal.errors import WrongUsage
from proxypal.records.request import MAX_INTEGER
from proxypal.store.recording import TRIMMED_EVERY


def test_late_tokens_are_added(tmp_path: Path) -> None:
    """A log line counted first without tokens gets them, in every total it belongs to."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a", tokens_in=None, tokens_out=None), a_request(id="b")])
        assert store.revise("a", {"tokens_in": 70, "tokens_out": 30, "cost_usd": Decimal("0.5")})
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.total_tokens) == (2, 900)
        assert stats.total_cost_usd == stats.cost_today == Decimal("0.5")
        assert stats.tokens_today == stats.models[0].tokens == stats.providers[0].tokens == 900
        assert stats.unpriced_requests == 1
        (row,) = [r for r in store.get_request_history().requests if r.id == "a"]
        assert (row.tokens_in, row.tokens_out, row.cost_usd) == (70, 30, Decimal("0.5"))
        assert store.usage_by("model", NOW_MS, None)[0].sums.tokens == 900


def test_a_request_moves_to_its_real_name(tmp_path: Path) -> None:
    """D40: filed under unknown at first, a request is counted once, under its real name."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a", model="unknown", provider="unknown", path="/x")])
        assert store.revise("a", {"model": "gpt-5", "provider": "openai"})
        stats = store.get_usage_stats()
        assert [(m.model, m.requests) for m in stats.models] == [("gpt-5", 1)]
        assert [(p.provider, p.requests) for p in stats.providers] == [("openai", 1)]


def test_a_success_becomes_a_failure(tmp_path: Path) -> None:
    """Success + failure = total, also after a correction."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a"), a_request(id="b")])
        assert store.revise("a", {"status": 429})
        assert store.revise("b", {"failed": True})
        stats = store.get_usage_stats()
        assert (stats.total_requests, stats.success_count, stats.failure_count) == (2, 0, 2)


def test_a_request_moves_to_its_real_time(tmp_path: Path) -> None:
    """A corrected time moves it to another day, hour and place in the history."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a"), a_request(id="b")])
        assert store.revise("b", {"timestamp": NOW_MS - DAY_MS})
        stats = store.get_usage_stats()
        assert [p.label for p in stats.requests_by_day] == ["2026-01-08", "2026-01-09"]
        assert [p.label for p in stats.requests_by_hour] == ["2026-01-08T12", "2026-01-09T12"]
        assert [r.id for r in store.get_request_history().requests] == ["b", "a"]


def test_the_last_of_several_corrections_counts(tmp_path: Path) -> None:
    """Each correction replaces the one before."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        for tokens in (7, 5_000_000_000, 0, 41):
            assert store.revise("a", {"tokens_in": tokens})
        assert store.get_usage_stats().input_tokens == 41


def test_a_request_without_an_id_is_found_by_the_one_it_was_given(tmp_path: Path) -> None:
    """Whatever stands in history.json can be named."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a"), a_request()])
        name = store.get_request_history().requests[1].id
        assert store.revise(name, {"tokens_in": 7})
        assert store.get_usage_stats().input_tokens == 507


def test_an_id_that_only_looks_like_ours_finds_nobody_else(tmp_path: Path) -> None:
    """An id of the store's form that no request has does not hit the one of that number."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="mine")])
        assert not store.revise(f"req_{NOW_MS}_1", {"tokens_in": 7})
        assert not store.revise("nobody", {"tokens_in": 7})
        assert store.get_usage_stats().input_tokens == 500


def test_of_two_requests_with_one_id_the_newest_is_meant(tmp_path: Path) -> None:
    """A correction goes to the latest of that id."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a", status=500), a_request(id="a", tokens_in=1)])
        assert store.revise("a", {"tokens_in": 2})
        assert store.get_usage_stats().input_tokens == 502


def test_what_left_the_history_is_corrected_in_the_totals_only(tmp_path: Path) -> None:
    """A row that newer ones pushed out does not come back."""
    with a_store(tmp_path, history_limit=2) as store:
        store.record([a_request(id="a", timestamp=NOW_MS - 10)])
        store.record([a_request(), a_request()])
        assert store.revise("a", {"tokens_in": 7, "timestamp": NOW_MS})
        assert store.get_usage_stats().input_tokens == 1007
        assert "a" not in {r.id for r in store.get_request_history().requests}


def test_a_cleared_row_does_not_come_back(tmp_path: Path) -> None:
    """After Clear a correction moves totals and leaves the history empty."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        backup = store.clear_request_history()
        assert store.revise("a", {"tokens_in": 7, "timestamp": NOW_MS - 5})
        assert store.get_request_history().requests == []
        assert store.get_usage_stats().input_tokens == 7
        assert backup is not None
        store.restore(backup.name)
        assert store.revise("a", {"tokens_in": 8})
        (row,) = store.get_request_history().requests
        assert row.tokens_in == 8


def test_a_request_from_before_a_reset_moves_no_total(tmp_path: Path) -> None:
    """What was put aside stays as it was, and an undo of the reset brings back just that."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        backup = store.reset_aggregate_stats()
        assert store.revise("a", {"tokens_in": 7})
        assert store.get_usage_stats().total_tokens == 0
        assert store.get_request_history().requests[0].tokens_in == 7
        store.restore(backup.name)
        assert store.get_usage_stats().input_tokens == 500
        assert store.revise("a", {"tokens_in": 9})
        assert store.get_usage_stats().input_tokens == 9


def test_after_two_hours_it_is_too_late(tmp_path: Path) -> None:
    """A request that left the join window can no longer be changed, and the answer says so."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request(id="a")])
        clock.now_ms += 2 * HOUR_MS + 1
        store.record([a_request()] * (TRIMMED_EVERY + 1))
        assert not store.revise("a", {"tokens_in": 7})


def test_another_process_can_correct_it(tmp_path: Path) -> None:
    """The window is in the database, not in the memory of whoever recorded."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        one.record([a_request(id="a")])
        assert other.revise("a", {"tokens_in": 7})
        assert one.revise("a", {"tokens_out": 8})
        stats = other.get_usage_stats()
        assert (stats.input_tokens, stats.output_tokens) == (7, 8)


def test_it_can_be_corrected_after_a_lost_database(tmp_path: Path) -> None:
    """Recent requests are known again after a rebuilding, in the zone of the data."""
    with a_store(tmp_path, zone="Asia/Kolkata") as store:
        store.record([a_request(id="a", timestamp=NOW_MS - 17 * HOUR_MS)])
    (tmp_path / "proxypal.db").unlink()
    with a_store(tmp_path, zone=None) as store:
        assert store.revise("a", {"tokens_in": 7, "timestamp": NOW_MS})
        stats = store.get_usage_stats()
        assert [(p.label, p.value) for p in stats.requests_by_day] == [("2026-01-09", 1)]
        assert [(p.label, p.value) for p in stats.requests_by_hour] == [("2026-01-09T17", 1)]
        assert [finding for finding in store.check() if not finding.ok] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokens": 5}, "tokens"),
        ({"id": "b"}, "id"),
        ({"tokens_in": -1}, "tokensIn"),
        ({"tokens_in": "7"}, "tokensIn"),
        ({"tokens_in": MAX_INTEGER}, r"2\^53"),
        ({"status": 1000}, "status"),
        ({"cost_usd": Decimal("NaN")}, "costUsd"),
        ({"model": 7}, "model"),
    ],
)
def test_what_record_would_reject_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    """A correction that cannot be counted is refused in words, and nothing has changed."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a"), a_request(id="b")])
        before = store.get_aggregate(), store.get_request_history()
        with pytest.raises(WrongUsage, match=words):
            store.revise("a", changes)
        assert (store.get_aggregate(), store.get_request_history()) == before


def test_names_are_settled_as_when_recorded(tmp_path: Path) -> None:
    """An alias of a provider counts under its own name, a secret is not kept."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        key = "sk-ant-0123456789abcdef0123456789abcdef"
        assert store.revise("a", {"provider": "anthropic", "api_key": key, "model": " gpt-5 "})
        assert [p.provider for p in store.get_usage_stats().providers] == ["claude"]
        (row,) = store.get_request_history().requests
        assert row.model == "gpt-5"
        assert row.api_key is not None
        assert key not in row.api_key
        connection = store._engine._current().connection
        assert key not in str(connection.execute("SELECT * FROM labels").fetchall())


def test_a_time_in_the_future_is_only_a_claim(tmp_path: Path) -> None:
    """A corrected time is believed no more than a recorded one."""
    with a_store(tmp_path) as store:
        store.record([a_request(id="a")])
        assert store.revise("a", {"timestamp": NOW_MS + DAY_MS})
        (row,) = store.get_request_history().requests
        assert (row.timestamp, row.timestamp_claimed) == (NOW_MS, NOW_MS + DAY_MS)
        assert [p.label for p in store.get_usage_stats().requests_by_day] == ["2026-01-09"]


def test_a_day_given_in_another_zone_stays(tmp_path: Path) -> None:
    """What is learnt after a change of zone moves no request to another day; a new time does."""
    told_at = at("2026-01-09T00:30:00")
    with a_store(tmp_path) as store:
        store.record([a_request(id="a", timestamp=told_at, tokens_in=None, tokens_out=None)])
        store.configure(zone="America/Los_Angeles")
        assert store.revise("a", {"tokens_in": 7})
        tokens = {day.label: day.value for day in store.get_aggregate().tokens_by_day}
        assert tokens == {"2026-01-09": 7}
        assert store.revise("a", {"timestamp": told_at - 1000})
        tokens = {day.label: day.value for day in store.get_aggregate().tokens_by_day}
        assert tokens == {"2026-01-08": 7}
        assert [found for found in store.check() if not found.ok] == []
