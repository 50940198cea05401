"""Today until now beside the usual: the mean of the same hours of the days before."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store
from proxypal.records.request import RequestLog
from proxypal.service.asking import query_of
from proxypal.service.settings_file import Settings
from proxypal.service.usual_day import UsualDay, hours_wanted, minute_of_hour, usual_day

HALF_PAST = NOW_MS + HOUR_MS // 2
"""12:30; tests of the store begin at noon."""


def _compared(
    path: Path, requests: Sequence[RequestLog], *, tracked_days: int = 30, where: Sequence[str] = ()
) -> UsualDay:
    clock = SetClock(HALF_PAST - tracked_days * DAY_MS)
    with a_store(path, clock=clock) as store:
        clock.now_ms = HALF_PAST
        store.record(requests)
        now_hour = HALF_PAST // HOUR_MS
        query = query_of(hours_wanted(now_hour, where), Settings(), HALF_PAST, lambda _: 0)
        return usual_day(store.query(query), now_hour, minute_of_hour(HALF_PAST, lambda _: 0))


def _ago(days: int, hour: int, **more: object) -> RequestLog:
    return a_request(timestamp=NOW_MS - days * DAY_MS + (hour - 12) * HOUR_MS, **more)


def test_the_same_hours_of_seven_days_are_the_usual(tmp_path: Path) -> None:
    """What came later in the day, or more than a week ago, is not compared with."""
    found = _compared(
        tmp_path,
        [
            *(_ago(day, 9) for day in range(8)),
            *(_ago(day, 9) for day in (1, 2, 3, 4, 5, 6, 7)),
            _ago(1, 18),
            _ago(8, 9),
        ],
    )
    assert found.days == 7
    assert found.today["requests"] == 1
    assert found.usual["requests"] == 2


def test_the_hour_that_has_begun_counts_in_part(tmp_path: Path) -> None:
    """At half past, half of the same hour before is what one could expect."""
    found = _compared(tmp_path, [_ago(1, 12) for _ in range(700)])
    assert found.usual["requests"] == pytest.approx(100 * Decimal(31) / 60)


def test_days_before_tracking_make_nothing_usual(tmp_path: Path) -> None:
    """Two days after the start, the mean is that of one whole day; at first there is none."""
    found = _compared(tmp_path / "a", [_ago(1, 9) for _ in range(4)], tracked_days=2)
    assert found.days == 1
    assert found.usual["requests"] == 4
    assert _compared(tmp_path / "b", [_ago(0, 9)], tracked_days=0) == UsualDay(
        {"requests": Decimal(1), "tokens": Decimal(800), "cost_usd": Decimal(0)}, {}, 0
    )


def test_money_and_tokens_are_compared_too(tmp_path: Path) -> None:
    """Money stays exact."""
    dear = {"cost_usd": Decimal("0.07"), "tokens_in": 70, "tokens_out": 0}
    found = _compared(tmp_path, [_ago(3, 2, **dear), _ago(0, 2, **dear)])
    assert found.today["cost_usd"] == Decimal("0.07")
    assert found.usual == {"requests": Decimal(1) / 7, "tokens": 10, "cost_usd": Decimal("0.01")}


def test_filters_hold_on_both_sides(tmp_path: Path) -> None:
    """With a filter, today and the usual are those of what is filtered."""
    requests = [_ago(day, 9, model=name) for day in (0, 1) for name in ("a", "b")]
    found = _compared(tmp_path, requests, where=["model=a"])
    assert found.today["requests"] == 1
    assert found.usual["requests"] == Decimal(1) / 7


def test_minutes_are_those_of_the_zone() -> None:
    """Half past twelve in UTC is noon half an hour away."""
    assert minute_of_hour(HALF_PAST, lambda _: 0) == 30
    assert minute_of_hour(HALF_PAST, lambda _: -12_600) == 0
