"""Requests that change after they were counted: totals move by new minus old, rows follow."""

from decimal import Decimal
from pathlib import Path

from builders import HOUR_MS, NOW_MS, a_line, a_request, a_store, an_attempt
from proxypal.records.aggregate import TimeSeriesPoint
from telling import Log, books, is_sound, told


def test_a_request_moves_to_the_hour_it_ended_in(tmp_path: Path) -> None:
    """The hour it was counted in first does not keep an empty label."""
    ended_ms = NOW_MS - HOUR_MS + 1_000
    with a_store(tmp_path) as store:
        told(store, an_attempt(1, ended_ms - 3_000, failed=True))
        told(store, an_attempt(2, ended_ms - 1_000))
        aggregate = store.get_aggregate()
        assert aggregate.requests_by_hour == [TimeSeriesPoint("2026-01-09T11", 1)]
        assert aggregate.tokens_by_hour == [TimeSeriesPoint("2026-01-09T11", 30)]
        assert is_sound(store)


def test_a_request_leaves_the_names_it_had(tmp_path: Path) -> None:
    """A line knows no model; when the queue names it, `unknown` is not listed any more."""
    with a_store(tmp_path) as store:
        Log(store).says(a_line(provider="openai"))
        told(store, an_attempt(model="claude-opus-4-5"))
        aggregate = store.get_aggregate()
        assert list(aggregate.model_stats) == ["claude-opus-4-5"]
        assert list(aggregate.provider_stats) == ["claude"]
        names = [row.label for row in store.usage_by("model", NOW_MS - HOUR_MS, None)]
        assert names == ["claude-opus-4-5"]


def test_many_facts_of_one_transaction_add_up(tmp_path: Path) -> None:
    """Attempts of several requests, each more than once, move each total once each."""
    with a_store(tmp_path) as store:
        Log(store).says(*(a_line(request_id=f"{n:08x}") for n in range(20)))
        outcome = told(
            store,
            *(
                an_attempt(
                    100 * turn + n,
                    NOW_MS - 2_400 + 10 * turn,
                    latency_ms=5,
                    request_id=f"{n:08x}",
                    failed=turn < 2,
                    cost_usd=Decimal("0.001"),
                )
                for turn in range(3)
                for n in range(20)
            ),
        )
        assert (outcome.joined, outcome.recorded) == (60, 0)
        assert books(store) == (20, 20, 600, 300)
        assert store.get_usage_stats().total_cost_usd == Decimal("0.06")
        assert {row.attempts for row in store.get_request_history().requests} == {3}
        assert is_sound(store)


def test_a_row_from_before_a_reset_shows_all_its_attempts(tmp_path: Path) -> None:
    """What came after the reset moves no total, but its row adds it up."""
    with a_store(tmp_path) as store:
        told(store, an_attempt(1, NOW_MS - 9_000, failed=True, cost_usd=Decimal("0.1")))
        aside = store.reset_aggregate_stats()
        told(store, an_attempt(2, NOW_MS - 6_000, failed=True, cost_usd=Decimal("0.2")))
        told(store, an_attempt(3, NOW_MS - 3_000, cost_usd=Decimal("0.4")))
        Log(store).says(a_line(NOW_MS - 2_000, duration_ms=7_000))
        (row,) = store.get_request_history().requests
        assert (row.tokens_in, row.attempts, row.cost_usd) == (30, 3, Decimal("0.7"))
        assert (row.source, row.failed) == ("log+queue", False)
        assert books(store) == (0, 0, 0, 0)
        store.restore(aside.name)
        assert books(store) == (1, 0, 10, 5), "as it was counted when it was put aside"
        assert is_sound(store)


def test_a_row_that_others_pushed_out_stays_out(tmp_path: Path) -> None:
    """A late line gives it a later time, which is no way back into history."""
    with a_store(tmp_path, history_limit=2) as store:
        told(store, an_attempt(1, NOW_MS - 60_000))
        store.record([a_request(id=f"{n}", timestamp=NOW_MS - 30_000 + n) for n in range(2)])
        Log(store).says(a_line(NOW_MS, duration_ms=61_000))
        assert [row.id for row in store.get_request_history().requests] == ["0", "1"]
        assert books(store)[0] == 3
        assert is_sound(store)


def test_what_the_other_process_counted_is_changed_too(tmp_path: Path) -> None:
    """The window is the store's, not a process's: facts join whoever told the first one."""
    with a_store(tmp_path) as store, a_store(tmp_path) as other:
        for number in range(1, 30):
            name = f"{number:08x}"
            told(store if number % 2 else other, an_attempt(number, request_id=name))
            Log(other if number % 2 else store, f"{number}.log").says(a_line(request_id=name))
        assert books(store) == books(other) == (29, 29, 290, 145)
        assert is_sound(other)
