from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.clock import machine_offset
from proxypal.records.labels import zone_offset
from proxypal.records.wall_clock import WallClock

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo("America/Los_Angeles"),
    timezone(timedelta(hours=-8)),
    UTC,
    ZoneInfo("Europe/London"),
    ZoneInfo("Asia/Kolkata"),
    ZoneInfo("Pacific/Kiritimati"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Africa/Casablanca"),
    ZoneInfo("America/Havana"),
    BERLIN,
]


def clock_in(zone: tzinfo, after_ms: int = 0) -> WallClock:
    return WallClock(zone_offset(zone), after_ms)


def utc_ms(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def shown(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("America/Los_Angeles", "2026-01-15 12:00:00", "2026-01-15 20:00:00"),
        ("America/Los_Angeles", "2026-07-15 12:00:00", "2026-07-15 19:00:00"),
        ("UTC", "2026-08-22 22:39:03", "2026-08-22 22:39:03"),
        ("Asia/Kolkata", "2026-08-22 00:00:00", "2026-08-21 18:30:00"),
        ("Pacific/Kiritimati", "2026-01-01 00:00:00", "2025-12-31 10:00:00"),
        ("Asia/Shanghai", "2026-08-22 22:39:03", "2026-08-22 14:39:03"),
        ("Australia/Lord_Howe", "2026-07-15 12:00:00", "2026-07-15 01:30:00"),
        ("Australia/Lord_Howe", "2026-01-15 12:00:00", "2026-01-15 01:00:00"),
        ("UTC", "2024-02-29 23:59:59", "2024-02-29 23:59:59"),
    ],
)
def test_local_times_are_read_in_their_zone(zone: str, text: str, expected: str) -> None:
    """D15: a log's local time becomes the right moment, whatever the zone's offset."""
    assert clock_in(ZoneInfo(zone))(text) == utc_ms(expected)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_whole_year_of_lines_comes_back(zone: tzinfo) -> None:
    """D15: a line every 17 minutes through a year, both DST changes included, is read exactly."""
    clock = clock_in(zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year == 2026:
        assert clock(shown(moment, zone)) == round(moment.timestamp() * 1000)
        moment += timedelta(minutes=17)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (BERLIN, "2026-10-25 01:00:00"),
        (ZoneInfo("America/Los_Angeles"), "2026-11-01 09:00:00"),
        (ZoneInfo("Australia/Lord_Howe"), "2026-04-04 15:00:00"),
    ],
    ids=str,
)
def test_both_passes_of_the_repeated_hour(zone: tzinfo, change: str) -> None:
    """D15: every second around the end of summer time is told apart by its order in the log."""
    clock = clock_in(zone)
    middle = datetime.fromisoformat(f"{change}+00:00")
    for second in range(-4000, 4000, 7):
        moment = middle + timedelta(seconds=second)
        assert clock(shown(moment, zone)) == round(moment.timestamp() * 1000)


def test_lines_out_of_order_do_not_end_the_first_pass() -> None:
    """Parallel requests write their lines some seconds out of order: that is no clock change."""
    clock = clock_in(BERLIN)
    assert clock("2026-10-25 02:30:10") == utc_ms("2026-10-25 00:30:10")
    assert clock("2026-10-25 02:30:07") == utc_ms("2026-10-25 00:30:07")
    assert clock("2026-10-25 02:59:59") == utc_ms("2026-10-25 00:59:59")
    assert clock("2026-10-25 02:00:01") == utc_ms("2026-10-25 01:00:01")
    assert clock("2026-10-25 02:59:58") == utc_ms("2026-10-25 00:59:58")
    assert clock("2026-10-25 02:00:02") == utc_ms("2026-10-25 01:00:02")
    assert clock("2026-10-25 02:30:00") == utc_ms("2026-10-25 01:30:00")
    assert clock("2026-10-25 02:29:58") == utc_ms("2026-10-25 01:29:58")
    assert clock("2026-10-25 03:00:00") == utc_ms("2026-10-25 02:00:00")
    assert clock("2026-10-25 02:59:58") == utc_ms("2026-10-25 01:59:58")


def test_reading_goes_on_in_the_second_pass() -> None:
    """A watcher started again in the repeated hour knows from its last entry which pass it is."""
    last_ms = utc_ms("2026-10-25 01:10:00")
    assert clock_in(BERLIN, last_ms)("2026-10-25 02:10:05") == last_ms + 5000
    assert clock_in(BERLIN)("2026-10-25 02:10:05") == utc_ms("2026-10-25 00:10:05")


def test_a_time_far_away_decides_nothing() -> None:
    """A forged time in the future does not push the repeated hour into its second pass."""
    clock = clock_in(BERLIN)
    assert clock("2099-01-01 00:00:00") is not None
    assert clock("2026-10-25 02:10:00") == utc_ms("2026-10-25 00:10:00")


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [
        ("Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29 01:30:00"),
        ("America/Los_Angeles", "2026-03-08 02:00:00", "2026-03-08 10:00:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03 15:45:00"),
        ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30 22:00:00"),
    ],
)
def test_a_skipped_time_is_moved_forward(zone: str, text: str, expected: str) -> None:
    """D15: a time that the clocks skipped, an hour or a whole day, is moved on by the skip."""
    assert clock_in(ZoneInfo(zone))(text) == utc_ms(expected)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-45 00:00:00",
        "2026-02-29 00:00:00",
        "2026-08-22 24:00:00",
        "2026-08-22 22:60:00",
        "2026-08-22 22:39:60",
        "0001-01-01 00:00:00",
        "1970-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "2026-08-22T22:39:03",
        "2026-08-22 22:39",
        "\u0662\u0660\u0662\u0666-08-22 22:39:03",
        "",
    ],
)
def test_an_impossible_date_is_no_moment(text: str) -> None:
    """What no calendar shows is answered with None, never with an exception or a guess."""
    assert clock_in(BERLIN)(text) is None


@given(
    st.datetimes(datetime(1972, 1, 2), datetime(2037, 12, 30)),  # noqa: DTZ001 - wall times
    st.sampled_from(ZONES),
)
def test_reading_undoes_showing(moment: datetime, zone: tzinfo) -> None:
    """Any moment shown on a zone's wall clock is read back, or the other pass of its hour is."""
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    text = shown(moment, zone)
    read = clock_in(zone)(text)
    assert read is not None
    assert shown(datetime.fromtimestamp(read / 1000, UTC), zone) == text
    assert abs(read - moment.timestamp() * 1000) <= 3_600_000


@given(st.text(max_size=25))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    """Times in a log are untrusted: any text is answered."""
    clock = clock_in(BERLIN)
    assert clock(text) is None
    assert clock(f"{text[:16]}:00") is None or len(text) >= 16


def test_the_machines_own_zone_is_read_too() -> None:
    """Without a configured zone the machine's is used, to the ends of the accepted years."""
    clock = WallClock(machine_offset)
    for text in ("1971-01-01 00:00:00", "2026-08-22 22:39:03", "2999-12-31 23:59:59"):
        read = clock(text)
        assert read is not None
        offset_s = machine_offset(read // 1000)
        assert read == utc_ms(text) - offset_s * 1000


def test_millions_of_minutes_are_not_remembered() -> None:
    """The memory of a clock stays small however much time a log spans."""
    clock = clock_in(UTC)
    for minute in range(20_000):
        hours, minutes = divmod(minute, 60)
        text = f"{1971 + hours // 24:04d}-01-01 {hours % 24:02d}:{minutes:02d}:00"
        assert clock(text) is not None
    assert len(clock._minutes) + len(clock._folds) <= 4096
