"""The only module that reads the clock and the machine's zone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from proxypal.clock import iso_utc, local_stamp, machine_offset, now_ms, offset_of
from proxypal.errors import WrongUsage


def test_now_is_in_milliseconds() -> None:
    """The clock counts Unix milliseconds."""
    assert abs(now_ms() - time.time() * 1000) < 5_000


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="only POSIX can change its zone")
@pytest.mark.parametrize(
    ("zone", "moment", "hours"),
    [
        ("Europe/Paris", "2026-01-09T12:00", 1),
        ("Europe/Paris", "2026-07-09T12:00", 2),
        ("Asia/Kolkata", "2026-01-09T12:00", 5.5),
        ("America/Los_Angeles", "2026-01-09T12:00", -8),
    ],
)
def test_without_a_zone_it_is_the_machines(
    monkeypatch: pytest.MonkeyPatch, zone: str, moment: str, hours: float
) -> None:
    """Labels follow the zone of the machine, in summer and in winter."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for offset in (machine_offset, offset_of(None), offset_of(zone)):
            assert offset(at(moment) // 1000) == hours * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../passwd", "UTC\0", "Europe"])
def test_an_unknown_zone_is_refused_with_an_example(zone: str) -> None:
    """A misspelt zone says how a right one looks."""
    with pytest.raises(WrongUsage, match="Europe/Paris"):
        offset_of(zone)


@given(st.integers(0, at("2100-01-01")))
def test_a_stamp_names_the_moment_in_utc(moment_ms: int) -> None:
    """Backups are named so that they sort by time, to the millisecond, on every file system."""
    stamp = iso_utc(moment_ms)
    assert at(f"{stamp[:8]}T{stamp[9:15]}") + int(stamp[16:19]) == moment_ms
    assert stamp[8] == "T"
    assert stamp[15] == "."
    assert stamp.endswith("Z")
    assert not set(stamp) & set('/\\:*?"<>| ')


def test_exports_are_named_by_the_wall_clock() -> None:
    """The design's `YYYY-MM-DD_HH-MM-SS`, as the clock of the machine shows it."""
    moment_ms = at("2026-01-09T12:34:56")
    expected = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(moment_ms // 1000))
    assert local_stamp(moment_ms) == expected
