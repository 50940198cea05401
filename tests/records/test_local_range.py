"""Ranges of time in people's words, to whole hours of the data's own clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR_MS, at
from proxypal.records.labels import LocalHours, hour_label, zone_offset
from proxypal.records.local_range import LocalRange, RangeReader, days_label, range_labels
from proxypal.records.tolerant_json import Refused
from usage_questions import ZONES

NOW = at("2026-11-03T18:50:12Z")  # 15:20:12 on a Tuesday in St. John's
ZONE = "America/St_Johns"


def _reader(zone: str = ZONE, now_ms: int = NOW) -> RangeReader:
    return RangeReader(now_ms, zone_offset(ZoneInfo(zone)))


def _labels(text: str, zone: str = ZONE) -> tuple[str | None, str | None]:
    return range_labels(_reader(zone).read(text))


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("today", "2026-11-03T00", "2026-11-04T00"),
        ("yesterday", "2026-11-02T00", "2026-11-03T00"),
        ("this-week", "2026-11-02T00", "2026-11-09T00"),
        ("last-week", "2026-10-26T00", "2026-11-02T00"),
        ("this-month", "2026-11-01T00", "2026-12-01T00"),
        ("last-month", "2026-10-01T00", "2026-11-01T00"),
        ("2026", "2026-01-01T00", "2027-01-01T00"),
        ("2026-12", "2026-12-01T00", "2027-01-01T00"),
        ("2024-02", "2024-02-01T00", "2024-03-01T00"),
        ("2026-W45", "2026-11-02T00", "2026-11-09T00"),
        ("2026-W01", "2025-12-29T00", "2026-01-05T00"),
        ("2026-11-01", "2026-11-01T00", "2026-11-02T00"),
        ("2026-11-03T14", "2026-11-03T14", "2026-11-03T15"),
        ("all", None, None),
        ("..", None, None),
        ("2026-10..2026-11-02", "2026-10-01T00", "2026-11-03T00"),
        (" 2026-11-01 .. today ", "2026-11-01T00", "2026-11-04T00"),
        ("yesterday..", "2026-11-02T00", None),
        ("..2026-W44", None, "2026-11-02T00"),
        ("2026-11-01T06:00..2026-11-01T09:00", "2026-11-01T06", "2026-11-01T09"),
        ("2026-11-01T06..2026-11-01T09", "2026-11-01T06", "2026-11-01T09"),
        ("2026-11-03T12:30+05:30..", "2026-11-03T03", None),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, since: str | None, until: str | None) -> None:
    """Days, weeks and months belong wholly to a range and are the zone's own; a time ends it."""
    assert _labels(text) == (since, until)


@pytest.mark.parametrize(
    ("text", "since"), [("24h", "2026-11-02T15"), ("90m", "2026-11-03T13"), ("7d", "2026-10-27T16")]
)
def test_a_span_counts_back_from_now(text: str, since: str) -> None:
    """`7d` is seven times 24 real hours before now, also where clocks changed between."""
    assert _labels(text) == (since, None)
    assert _labels(f"{text}..") == (since, None)
    assert range_labels(_reader().last(text)) == (since, None)


def test_a_range_within_an_hour_is_widened_and_says_so() -> None:
    """Everything is counted by the hour: what was cut is told, what was not is not."""
    found = _reader().read("2026-11-01T06:20..2026-11-01T09:40")
    assert range_labels(found) == ("2026-11-01T06", "2026-11-01T10")
    assert [cut.partition(" ")[0] for cut in found.cuts] == ["2026-11-01T06:20", "2026-11-01T09:40"]
    assert "2026-11-01T06:00" in found.cuts[0]
    assert "2026-11-01T09:59" in found.cuts[1]
    assert len(_reader().read("24h").cuts) == 1
    assert _reader().read("2026-11-01..2026-11-02T08:00").cuts == ()


def test_half_hour_zones_cut_what_is_whole_in_utc() -> None:
    """An hour of UTC is no whole hour of India."""
    found = _reader("Asia/Kolkata").read("2026-11-01T06:00Z..2026-11-01T09:30Z")
    assert range_labels(found) == ("2026-11-01T11", "2026-11-01T15")
    assert len(found.cuts) == 1


def test_the_hour_that_comes_twice_is_one() -> None:
    """When clocks are put back, a range that touches either pass of the hour holds both."""
    first, second = at("2026-11-01T03:30Z"), at("2026-11-01T04:30Z")  # both 01:00
    hours = LocalHours(zone_offset(ZoneInfo(ZONE)))
    assert hours(first) == hours(second)
    for text in ("2026-11-01T04:30Z..2026-11-01T05:30Z", "2026-11-01T03:30Z..2026-11-01T04:30Z"):
        found = _reader().read(text)
        assert range_labels(found) == ("2026-11-01T01", "2026-11-01T02")
        assert len(found.cuts) == 1


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_nothing_of_a_range_is_left_out(zone: str, data: st.DataObject) -> None:
    """Every moment from the first to the last is in the hours read, at most an hour more."""
    near = at(data.draw(st.sampled_from(ZONES[zone])))
    since_ms = near + 60_000 * data.draw(st.integers(-3000, 3000))
    until_ms = since_ms + 60_000 * data.draw(st.integers(1, 3000))
    text = "..".join(
        datetime.fromtimestamp(ms / 1000, ZoneInfo("UTC")).isoformat()
        for ms in (since_ms, until_ms)
    )
    found = _reader(zone).read(text)
    hours = LocalHours(zone_offset(ZoneInfo(zone)))
    assert found.since_hour is not None
    assert found.until_hour is not None
    for moment in (since_ms, until_ms - 1, data.draw(st.integers(since_ms, until_ms - 1))):
        assert found.since_hour <= hours(moment) < found.until_hour
    assert hours(since_ms - 2 * HOUR_MS) < found.since_hour
    assert hours(until_ms + 2 * HOUR_MS) >= found.until_hour
    whole = hours(since_ms - 1) < hours(since_ms) and hours(until_ms - 1) < hours(until_ms)
    assert (found.cuts == ()) == whole


@given(st.integers(0, 500_000))
def test_the_labels_of_groups_are_ranges(hour: int) -> None:
    """What a row is called can be asked for: its hour, day, month or week."""
    wall = datetime.fromisoformat(hour_label(hour + 20_000))
    for form in ("%Y-%m-%dT%H", "%Y-%m-%d", "%Y-%m", "%Y", "%G-W%V"):
        found = _reader().read(wall.strftime(form))
        assert found.since_hour is not None
        assert found.until_hour is not None
        assert found.since_hour <= hour + 20_000 < found.until_hour


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("", "none of"),
        ("tomorrow", "none of"),
        ("7y", "none of"),
        ("7", "none of"),
        ("2026-13", "calendar"),
        ("2026-02-30", "calendar"),
        ("2026-W54", "calendar"),
        ("0001-01-01", "1971-2999"),
        ("3000", "1971-2999"),
        ("0001-01-01T00:00..", "1971-2999"),
        ("2026-11-03T14:30", "write 2026-11-03T14:30.."),
        ("2026-11-02..2026-11-01", "nothing lies between"),
        ("a..b..c", "none of"),
        ("٢٠٢٦", "none of"),
        ("12٣h", "none of"),
    ],
)
def test_what_is_no_range_is_refused(wrong: str, reason: str) -> None:
    """The reason says what was given and what would do."""
    with pytest.raises(Refused, match=reason):
        _reader().read(wrong)


def test_only_a_span_is_a_last() -> None:
    """`last` takes spans and nothing else."""
    with pytest.raises(Refused, match="no span"):
        _reader().last("yesterday")


_PIECES = st.sampled_from(
    [
        "today",
        "..",
        "-",
        "W",
        "T",
        "2026",
        "11",
        "0",
        "9999999",
        "d",
        "h",
        ":",
        "Z",
        "+",
        " ",
        "٣",
        "\ud800",
    ]
)


@given(st.text(max_size=12) | st.lists(_PIECES, max_size=8).map("".join))
def test_any_text_is_a_range_or_a_refusal(anything: str) -> None:
    """No text breaks it."""
    for ask in (_reader().read, _reader().last, lambda text: _reader().between(text, text)):
        try:
            assert isinstance(ask(anything), LocalRange)
        except Refused as error:
            assert str(error).encode()  # noqa: PT017 - a refusal is one of the two right answers


def test_days_within_and_days_touched() -> None:
    """A range that begins or ends within a day touches it and does not hold it."""
    cut = LocalRange(since_hour=30, until_hour=75)
    assert (cut.whole_days, cut.touched_days) == ((2, 3), (1, 4))
    whole = LocalRange(since_hour=24, until_hour=72)
    assert whole.whole_days == whole.touched_days == (1, 3)
    assert LocalRange().whole_days == LocalRange().touched_days == (None, None)


def test_days_are_called_by_first_and_last() -> None:
    """One day by itself, several by their ends."""
    assert days_label(0, 0) == "1970-01-01"
    assert days_label(0, 2) == "1970-01-01 to 1970-01-03"


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_the_period_that_is_now(unit: str) -> None:
    """The day, week and month of now hold this hour."""
    reader = _reader()
    found = reader.period(unit)
    assert found.since_hour is not None
    assert found.until_hour is not None
    assert found.since_hour <= reader.now_hour < found.until_hour
