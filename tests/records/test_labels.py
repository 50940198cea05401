"""Day and hour labels: those of the request's own moment, in any zone, on any day of the year."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from proxypal.records.labels import (
    LocalHours,
    day_label,
    hour_label,
    hour_of_label,
    zone_offset,
)

ZONES = [
    "UTC",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Europe/Paris",
]

YEARS_MS = st.integers(0, at("2100-01-01") - 1)


def wall_clock(moment_ms: int, zone: str) -> datetime:
    """What a clock on the wall of that zone shows, by the standard library alone."""
    return datetime.fromtimestamp(moment_ms // 1000, ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@given(moments=st.lists(YEARS_MS, min_size=1, max_size=5))
def test_labels_are_those_of_the_wall_clock(zone: str, moments: list[int]) -> None:
    """D19, D31: a request is filed under the day and hour its own zone's clock showed."""
    hours = LocalHours(zone_offset(ZoneInfo(zone)))
    for moment_ms in moments:
        expected = wall_clock(moment_ms, zone)
        assert hour_label(hours(moment_ms)) == expected.strftime("%Y-%m-%dT%H")
        assert day_label(hours(moment_ms)) == expected.strftime("%Y-%m-%d")


@pytest.mark.parametrize("zone", ZONES)
@given(near=YEARS_MS, apart_ms=st.lists(st.integers(0, 3_600_000), min_size=2, max_size=6))
def test_what_is_remembered_is_still_right(zone: str, near: int, apart_ms: list[int]) -> None:
    """Moments close together are labelled by their own offset, not by their neighbour's."""
    hours = LocalHours(zone_offset(ZoneInfo(zone)))
    for apart in apart_ms:
        assert hour_label(hours(near + apart)) == wall_clock(near + apart, zone).strftime(
            "%Y-%m-%dT%H"
        )


TRANSITIONS = [
    # Spring: an hour is skipped. Autumn: an hour comes twice.
    ("America/St_Johns", "2026-03-08T05:30Z"),
    ("America/St_Johns", "2026-11-01T04:30Z"),
    ("America/St_Johns", "2006-04-02T03:31Z"),  # at one minute past midnight
    ("America/St_Johns", "2006-10-29T02:31Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),  # by half an hour only
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("Europe/Paris", "2026-03-29T01:00Z"),
    ("Europe/Paris", "2026-10-25T01:00Z"),
    ("America/Los_Angeles", "2026-03-08T10:00Z"),
    ("America/Los_Angeles", "2026-11-01T09:00Z"),
]


@pytest.mark.parametrize(("zone", "moment"), TRANSITIONS)
def test_both_hours_of_a_clock_change_are_right(zone: str, moment: str) -> None:
    """D15: in the hour that is skipped and the hour that comes twice every minute has its label."""
    changed = at(moment)
    zone_info = ZoneInfo(zone)
    before = datetime.fromtimestamp(changed // 1000 - 1, zone_info).utcoffset()
    after = datetime.fromtimestamp(changed // 1000, zone_info).utcoffset()
    assert before != after, "the zone changes its offset at this moment"
    hours = LocalHours(zone_offset(zone_info))
    for minutes in range(-120, 121):
        for second_ms in (0, 59_999):
            moment_ms = changed + minutes * 60_000 + second_ms
            expected = wall_clock(moment_ms, zone).strftime("%Y-%m-%dT%H")
            assert hour_label(hours(moment_ms)) == expected


def test_the_hour_that_comes_twice_is_one_label() -> None:
    """D15: 02:30 summer time and 02:30 winter time are an hour apart and share their label."""
    hours = LocalHours(zone_offset(ZoneInfo("Europe/Paris")))
    first, second = hours(at("2026-10-25T00:30")), hours(at("2026-10-25T01:30"))
    assert hour_label(first) == hour_label(second) == "2026-10-25T02"


def test_the_evening_belongs_to_its_own_day() -> None:
    """D19: 19:00 UTC on the 19th is a request of the 20th to somebody in Kolkata."""
    moment_ms = at("2025-12-19T19:00")
    assert day_label(LocalHours(zone_offset(ZoneInfo("Asia/Kolkata")))(moment_ms)) == "2025-12-20"
    assert day_label(LocalHours(zone_offset(UTC))(moment_ms)) == "2025-12-19"
    assert (
        day_label(LocalHours(zone_offset(ZoneInfo("Pacific/Kiritimati")))(moment_ms))
        == "2025-12-20"
    )


def test_a_zone_with_odd_seconds_is_exact() -> None:
    """Monrovia ran 44 minutes and 30 seconds behind until January 1972."""
    hours = LocalHours(zone_offset(ZoneInfo("Africa/Monrovia")))
    for moment in ("1971-06-01T00:44:29", "1971-06-01T00:44:31", "1972-01-07T00:44:31"):
        expected = wall_clock(at(moment), "Africa/Monrovia").strftime("%Y-%m-%dT%H")
        assert hour_label(hours(at(moment))) == expected


def test_any_kind_of_zone_will_do() -> None:
    """A fixed offset, as a log's setting gives it, works like a named zone."""
    hours = LocalHours(zone_offset(timezone(timedelta(hours=7))))
    assert hour_label(hours(at("2025-12-19T17:30"))) == "2025-12-20T00"


def test_a_million_moments_do_not_fill_the_memory() -> None:
    """What is remembered has a bound, and beyond it labels are as right as before."""
    hours = LocalHours(zone_offset(ZoneInfo("Europe/Paris")))
    first = at("2020-01-01")
    for quarter in range(60_000):
        hours(first + quarter * 900_000)
    assert len(hours._remembered) <= 50_001
    assert hour_label(hours(at("2026-10-25T01:30"))) == "2026-10-25T02"


@given(st.integers(-800_000, 2_000_000))
def test_a_label_leads_back_to_its_hour(hour: int) -> None:
    """Labels sort like time, and each names exactly one local hour."""
    assert hour_of_label(hour_label(hour)) == hour
    assert hour_of_label(day_label(hour)) == hour - hour % 24
    assert hour_label(hour) < hour_label(hour + 1)


@pytest.mark.parametrize(
    "label",
    ["", "07", "2025-12", "2025-13-01", "2025-12-01T", "2025-12-01T24", "2025-12-01T1",
     "2025-12-01 07", "2025-12-01T07:00", "today"],
)  # fmt: skip
def test_what_is_no_label_is_refused(label: str) -> None:
    """D22: a bare hour of an old file is not read as an hour of some day."""
    with pytest.raises(ValueError, match=r".+"):
        hour_of_label(label)
