"""Invented traffic looks like traffic, and is the same for the same seed."""

from collections import Counter
from datetime import UTC
from functools import cache

from builders import DAY_MS, NOW_MS, ZONE, wall_clock
from proxypal.records.cost import tokens_of
from proxypal.records.incoming import admit
from proxypal.records.labels import zone_offset
from proxypal.records.request import RequestLog
from proxypal.service.demo_cast import KEYS, MODELS
from proxypal.service.demo_traffic import DAYS, LiveTraffic, demo_requests


@cache
def traffic() -> list[RequestLog]:
    """Ninety days before noon of 2026-01-09, people living in St. John's."""
    return demo_requests(NOW_MS, zone_offset(ZONE))


def test_the_same_seed_makes_the_same_traffic() -> None:
    """What was seen can be made again: moment and seed decide everything."""
    again = demo_requests(NOW_MS, zone_offset(ZONE))
    other = demo_requests(NOW_MS, zone_offset(ZONE), seed=2)
    assert again == traffic()
    assert other != traffic()


def test_ninety_days_that_end_now() -> None:
    """The first request is ninety days old, the last one of this minute; none is of the future."""
    times = [request.timestamp for request in traffic()]
    assert times == sorted(times)
    assert NOW_MS - DAYS * DAY_MS < times[0] < NOW_MS - (DAYS - 1) * DAY_MS
    assert NOW_MS - 120_000 < times[-1] <= NOW_MS
    assert 20_000 <= len(times) <= 30_000


def test_whatever_the_hour_somebody_is_at_work() -> None:
    """Also at night the page of the last hour has something to show."""
    for hour in (3, 14):
        now_ms = NOW_MS + hour * 3_600_000
        assert demo_requests(now_ms, zone_offset(UTC))[-1].timestamp > now_ms - 180_000


def test_every_request_is_one_the_door_lets_in_unchanged() -> None:
    """Nothing in it is rejected, shortened or masked again."""
    assert [admit(request, NOW_MS) for request in traffic()] == traffic()


def test_people_sleep_rest_and_do_more_than_they_did() -> None:
    """More by day than at night, on weekdays than at weekends, now than three months ago."""
    moments = [wall_clock(request.timestamp) for request in traffic()]
    hours = Counter(moment.hour for moment in moments)
    weekdays = Counter(moment.weekday() for moment in moments)
    assert sum(hours[hour] for hour in range(1, 6)) < sum(hours[hour] for hour in range(9, 14)) / 10
    assert weekdays[5] + weekdays[6] < min(weekdays[day] for day in range(5)) * 1.2
    middle = NOW_MS - DAYS * DAY_MS // 2
    assert sum(1 for one in traffic() if one.timestamp < middle) < len(traffic()) * 0.45


def test_a_few_requests_fail() -> None:
    """One to three in a hundred, in several ways; what failed has no tokens."""
    failed = [request for request in traffic() if not request.is_success]
    assert 0.01 <= len(failed) / len(traffic()) <= 0.03
    assert {429, 499, 500, 529} <= {request.status for request in failed}
    assert all(request.tokens_in is None for request in failed)
    assert sum(1 for request in traffic() if request.is_success and request.attempts) > 100


def test_tokens_are_those_of_long_conversations() -> None:
    """No kind contradicts another, and most of what Claude is sent comes from its cache."""
    counted = [request for request in traffic() if request.tokens_in]
    assert all(tokens_of(request) is not None for request in counted)
    claude = [request for request in counted if request.provider == "claude"]
    cached = sum(request.tokens_cached or 0 for request in claude)
    assert 0.7 < cached / sum(request.tokens_in or 0 for request in claude) < 0.98
    assert all((request.tokens_in or 0) < 1_000_000 for request in counted)
    assert all(0 < (request.ttft_ms or 0) <= request.duration_ms for request in counted)


def test_everything_is_used() -> None:
    """Every key, account and model has its part, the recent ones too."""
    assert {request.api_key for request in traffic()} == set(KEYS)
    assert {request.model for request in traffic()} == {model.name for model in MODELS}
    assert {request.account for request in traffic()} == {model.account for model in MODELS}
    assert {request.source for request in traffic()[-500:]} >= {"log+queue"}


def test_live_traffic_ends_now() -> None:
    """What comes further on is of this moment, of several conversations, and seldom waits long."""
    live = LiveTraffic()
    found = [live.ended(NOW_MS + n) for n in range(200)]
    assert [request.timestamp for request in found] == [NOW_MS + n for n in range(200)]
    assert len({request.model for request in found}) > 2
    assert all(0 < live.pause_s() <= 12 for _ in range(200))
