"""Answers out of the store: exact ranges, by hour, day, model and provider, in one snapshot."""

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    ZONE,
    SetClock,
    a_request,
    a_store,
    at,
    facts_of,
    wall_clock,
)
from proxypal.records.request import RequestLog
from proxypal.store import Store
from proxypal.store.values import GroupBy


def counted(store: Store, group: GroupBy, since: int | None, until: int | None) -> dict[str, int]:
    """Requests by label."""
    return {row.label: row.sums.requests for row in store.usage_by(group, since, until)}


GROUPS: list[GroupBy] = ["hour", "day", "model", "provider"]
MINUTES = st.integers(-80 * 24 * 60, 0)
NAMES = [("gpt-5", "openai"), ("gpt-5", "azure"), ("claude-opus", "claude")]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(MINUTES, st.sampled_from(NAMES)), max_size=30),
    st.none() | MINUTES,
    st.none() | MINUTES,
    st.sampled_from(["UTC", ZONE.key]),
)
def test_a_range_holds_exactly_its_hours(
    tmp_path_factory: pytest.TempPathFactory,
    requests: list[tuple[int, tuple[str, str]]],
    since: int | None,
    until: int | None,
    zone: str,
) -> None:
    """Whatever the group, a range counts the requests of its local hours, all and only those."""
    since_ms = None if since is None else NOW_MS + since * 60_000
    until_ms = None if until is None else NOW_MS + until * 60_000
    batch = [
        a_request(timestamp=NOW_MS + minute * 60_000, model=model, provider=provider)
        for minute, (model, provider) in requests
    ]

    def label_of(group: GroupBy, request: RequestLog) -> str:
        if group == "hour":
            return hour(request.timestamp)
        return hour(request.timestamp)[:10] if group == "day" else str(getattr(request, group))

    def local(moment_ms: int) -> datetime:
        return wall_clock(moment_ms, ZoneInfo(zone))

    def hour(moment_ms: int) -> str:
        return str(local(moment_ms).strftime("%Y-%m-%dT%H"))

    inside = [
        request
        for request in batch
        if (since_ms is None or hour(request.timestamp) >= hour(since_ms))
        and (until_ms is None or hour(request.timestamp) <= hour(until_ms - 1))
    ]
    with a_store(tmp_path_factory.mktemp("range"), zone=zone) as store:
        store.record(batch)
        for group in GROUPS:
            if group == "hour" and since_ms is None and until_ms is None:
                continue  # the hour series itself: 35 days of it
            expected: dict[str, int] = {}
            for request in inside:
                label = label_of(group, request)
                expected[label] = expected.get(label, 0) + 1
            assert counted(store, group, since_ms, until_ms) == expected, group


def test_today_is_in_a_range_up_to_now(tmp_path: Path) -> None:
    """`--until` now, in the middle of a day, includes that day as far as it has gone."""
    with a_store(tmp_path) as store:
        store.record([a_request(), a_request(timestamp=NOW_MS - DAY_MS)])
        assert counted(store, "day", NOW_MS - 2 * DAY_MS, NOW_MS + 1) == {
            "2026-01-08": 1,
            "2026-01-09": 1,
        }


def test_a_day_that_begins_in_the_range_is_cut_at_its_hour(tmp_path: Path) -> None:
    """The last 24 hours are 24 hours, not two whole days."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - n * HOUR_MS) for n in range(48)])
        by_day = counted(store, "day", NOW_MS - 23 * HOUR_MS, NOW_MS + 1)
        assert sum(by_day.values()) == 24
        assert counted(store, "day", at("2026-01-08"), at("2026-01-09")) == {"2026-01-08": 24}


def test_without_bounds_everything_is_there(tmp_path: Path) -> None:
    """All-time by model is what the totals say, imported numbers included."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        old = facts_of([], undated=[a_request(model="gpt-4", provider="openai")])
        store.import_facts(old, fingerprint="f")
        assert counted(store, "model", None, None) == {"claude-sonnet-4-5": 1, "gpt-4": 1}
        assert counted(store, "provider", None, None) == {"claude": 1, "openai": 1}


@pytest.mark.parametrize("since", [None, -1, 0, 2**53, 10**18])
@pytest.mark.parametrize("until", [None, -1, 0, 2**53, 10**18])
@pytest.mark.parametrize("group", ["day", "hour", "model", "provider"])
def test_any_range_has_an_answer(
    tmp_path_factory: pytest.TempPathFactory, group: GroupBy, since: int | None, until: int | None
) -> None:
    """A range before the first day or beyond the last year is empty or all, never an error."""
    with a_store(tmp_path_factory.mktemp("any")) as store:
        store.record([a_request()])
        begins = since is None or since <= NOW_MS
        ends = until is None or until > NOW_MS
        assert bool(counted(store, group, since, until)) == (begins and ends)


def test_readers_see_what_others_recorded(tmp_path: Path) -> None:
    """Another process's requests are in the next answer."""
    with a_store(tmp_path) as writer, a_store(tmp_path) as reader:
        for expected in range(1, 6):
            writer.record([a_request()])
            assert reader.get_usage_stats().total_requests == expected
            assert len(reader.get_request_history().requests) == expected


def test_history_can_be_cut_short(tmp_path: Path) -> None:
    """The last few, oldest first; fewer than none is none."""
    with a_store(tmp_path) as store:
        store.record([a_request(id=f"{n}") for n in range(5)])
        for limit, expected in ((2, ["3", "4"]), (0, []), (-3, []), (99, list("01234"))):
            found = store.get_request_history(limit)
            assert [r.id for r in found.requests] == expected, limit


def test_the_span_of_the_history_is_told(tmp_path: Path) -> None:
    """How many requests the history holds, from when to when, is true, also when it holds none."""
    with a_store(tmp_path, history_limit=2) as store:
        stats = store.get_usage_stats()
        assert (stats.history_count, stats.oldest_request, stats.newest_request) == (0, None, None)
        store.record([a_request(timestamp=NOW_MS - n) for n in range(4)])
        stats = store.get_usage_stats()
        assert (stats.history_count, stats.oldest_request, stats.newest_request) == (
            2,
            NOW_MS - 1,
            NOW_MS,
        )


def test_today_is_the_zones_today(tmp_path: Path) -> None:
    """D33: requests today are those of the local day of now, not of a session."""
    clock = SetClock(at("2026-01-09T20:00"))
    with a_store(tmp_path, clock=clock, zone="Asia/Kolkata") as store:  # 01:30 on the 10th
        store.record([a_request(timestamp=at("2026-01-09T18:00")), a_request(timestamp=clock())])
        stats = store.get_usage_stats()
        assert (stats.requests_today, stats.tokens_today) == (1, 800)


def steps_of(store: Store, ask: Callable[[], object]) -> int:
    """How many steps SQLite's machine needs for an answer."""
    connection = store._engine._current().connection
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 1)
    try:
        ask()
    finally:
        connection.set_progress_handler(None, 1)
    return steps


def test_stats_cost_the_same_after_any_number_of_requests(tmp_path: Path) -> None:
    """Ten times the requests, under the same names and days, are not one step more work."""
    with a_store(tmp_path) as store:
        batch = [
            a_request(model=f"model-{n % 10}", timestamp=NOW_MS - n % 7 * DAY_MS)
            for n in range(2_000)
        ]
        store.record(batch)
        before = steps_of(store, store.get_usage_stats)
        for _ in range(10):
            store.record(batch)
        assert store.get_usage_stats().total_requests == 22_000
        after = steps_of(store, store.get_usage_stats)
        assert before > 100, "steps are counted"
        assert after <= before * 1.02 + 400, "but for rows that are let go a few at a time"


def test_one_answer_is_of_one_moment(tmp_path: Path) -> None:
    """While another thread records, success + failure = total = days in every answer."""
    with a_store(tmp_path) as store, a_store(tmp_path) as reader:
        stop = threading.Event()

        def record() -> None:
            while not stop.is_set():
                store.record([a_request(), a_request(status=500)])

        thread = threading.Thread(target=record)
        thread.start()
        with contextlib.ExitStack() as stack:
            stack.callback(thread.join)
            stack.callback(stop.set)
            for _ in range(40):
                shown = reader.get_aggregate()
                total = shown.total_requests
                assert shown.total_success_count == shown.total_failure_count == total / 2
                assert sum(point.value for point in shown.requests_by_day) == total
                assert sum(model.requests for model in shown.model_stats.values()) == total


def test_totals_without_series_are_the_same_totals(tmp_path: Path) -> None:
    """Who draws no days is not given ten years of them: the first and today, every total alike."""
    clock = SetClock(NOW_MS)
    with a_store(tmp_path, clock=clock) as store:
        assert store.get_usage_stats(series=False).requests_by_day == []
        store.record(
            a_request(timestamp=NOW_MS - days * DAY_MS, cost_usd=Decimal("0.5"))
            for days in (0, 0, 3, 40)
        )
        whole, few = store.get_usage_stats(), store.get_usage_stats(series=False)
        assert few.requests_by_day == [whole.requests_by_day[0], whole.requests_by_day[-1]]
        assert few.tokens_by_day == [whole.tokens_by_day[0], whole.tokens_by_day[-1]]
        assert (few.requests_today, few.cost_today) == (2, Decimal(1))
        series = {"requests_by_day", "tokens_by_day", "cost_by_day"}
        series |= {"requests_by_hour", "tokens_by_hour"}
        for name in set(whole.__struct_fields__) - series:
            assert getattr(few, name) == getattr(whole, name), name
