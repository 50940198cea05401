"""What --since and --until can be told."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.cli.moments import since_ms, until_ms
from proxypal.records.labels import zone_offset

NOW_MS = 1_766_394_932_000  # 2025-12-22T09:15:32Z
HOUR_MS = 3_600_000
NEW_YORK = zone_offset(ZoneInfo("America/New_York"))


def _utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("span", "hours"), [("90m", 1.5), ("24h", 24), ("7d", 168), ("2w", 336), (" 1h ", 1)]
)
def test_a_span_counts_back_from_now(span: str, hours: float) -> None:
    """`7d` is seven times 24 hours before now, for --since and --until alike."""
    assert since_ms(span, NOW_MS, NEW_YORK) == NOW_MS - hours * HOUR_MS
    assert until_ms(span, NOW_MS, NEW_YORK) == NOW_MS - hours * HOUR_MS


def test_a_day_is_the_zones_own() -> None:
    """A day begins at its midnight in the zone of the data, and --until includes it whole."""
    assert since_ms("2025-12-22", NOW_MS, NEW_YORK) == _utc("2025-12-22T05:00")
    assert until_ms("2025-12-22", NOW_MS, NEW_YORK) == _utc("2025-12-23T05:00")


def test_days_of_clock_changes_have_23_and_25_hours() -> None:
    """The days on which clocks change are neither cut nor overlapping."""
    for day, hours in (("2026-03-08", 23), ("2026-11-01", 25)):
        length_ms = until_ms(day, NOW_MS, NEW_YORK) - since_ms(day, NOW_MS, NEW_YORK)
        assert length_ms == hours * HOUR_MS


def test_a_time_is_on_the_zones_clock_unless_it_says_otherwise() -> None:
    """A time without an offset is the zone's; one with an offset is what it says."""
    assert since_ms("2025-12-22T18:00", NOW_MS, NEW_YORK) == _utc("2025-12-22T23:00")
    assert since_ms("2025-12-22T18:00Z", NOW_MS, NEW_YORK) == _utc("2025-12-22T18:00")
    assert until_ms("2025-12-22T18:00+02:00", NOW_MS, NEW_YORK) == _utc("2025-12-22T16:00")


@pytest.mark.parametrize(
    "wrong", ["", "yesterday", "7", "7y", "2025-13-01", "2025-02-30", "0001-01-01", "9999-12-31"]
)
def test_what_is_no_moment_is_refused_with_a_reason(wrong: str) -> None:
    """Anything else is refused, naming what was given."""
    with pytest.raises(ValueError, match="is n"):
        since_ms(wrong, NOW_MS, NEW_YORK)


@given(st.text(max_size=12))
def test_any_text_is_a_moment_or_a_refusal(anything: str) -> None:
    """No text makes it crash."""
    try:
        assert since_ms(anything, NOW_MS, NEW_YORK) >= -(2**53)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - a refusal is one of the two right answers
