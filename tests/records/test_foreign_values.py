import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.foreign_values import count_in, flag_in, moment_ms, text_in
from proxypal.records.labels import zone_offset
from proxypal.records.tolerant_json import Refused


@pytest.mark.parametrize(
    ("told", "expected_ms"),
    [
        ("2026-04-26T10:11:12.123456789+08:00", 1_777_169_472_123),
        ("2026-04-26T02:11:12.123999999Z", 1_777_169_472_123),
        ("2026-04-26 02:11:12.1239+00:00", 1_777_169_472_123),
        ("2026-04-25T22:11:12-04:00", 1_777_169_472_000),
        (1_777_169_472, 1_777_169_472_000),
        (1_777_169_472_123, 1_777_169_472_123),
        (1_777_169_472_123_456, 1_777_169_472_123),
        (1_777_169_472_123_456_789, 1_777_169_472_123),
    ],
)
def test_times_are_cut_to_the_millisecond(told: object, expected_ms: int) -> None:
    """One moment is one number in every file, however its program writes it: never rounded."""
    assert moment_ms(told) == expected_ms


@given(
    st.datetimes(
        min_value=dt.datetime(2000, 1, 2),  # noqa: DTZ001 - hypothesis wants it without
        max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis wants it without
        timezones=st.just(dt.UTC),
    )
)
def test_any_time_is_read_as_python_reads_it(moment: dt.datetime) -> None:
    """Every date of the calendar, leap days included."""
    expected = int((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))
    assert moment_ms(moment.isoformat()) == expected


def test_a_time_without_a_zone_needs_one() -> None:
    """Such a time is read in the zone that is given, and never in one that is guessed."""
    with pytest.raises(Refused, match="no zone"):
        moment_ms("2026-04-26 10:11:12")
    shanghai = zone_offset(ZoneInfo("Asia/Shanghai"))
    assert moment_ms("2026-04-26 10:11:12", shanghai) == 1_777_169_472_000


@pytest.mark.parametrize(
    "told",
    [
        "0001-01-01T00:00:00Z",
        0,
        -5,
        "",
        "soon",
        "2026-02-30T00:00:00Z",
        None,
        [],
        True,
        1.5,
        10**40,
    ],
)
def test_no_time_is_made_up(told: object) -> None:
    """A zero, an impossible date and anything else is refused with a reason."""
    with pytest.raises(Refused, match="time"):
        moment_ms(told)


def test_the_first_name_that_is_told_counts() -> None:
    """Null and missing are the same; a zero is told."""
    tree = {"a": None, "b": 0, "c": 5, "t": " x ", "on": 1}
    assert count_in(tree, "a", "c") == 5
    assert count_in(tree, "a", "b", "c") == 0
    assert count_in(tree, "z") == 0
    assert text_in(tree, "a", "t") == "x"
    assert text_in(tree, "z") == ""
    assert flag_in(tree, "on")
    assert not flag_in(tree, "z")


@pytest.mark.parametrize("value", [-1, 2**53, 1.5, "5", [], {}, True])
def test_a_bad_count_is_named(value: object) -> None:
    """What is no count is refused under its name, without showing it."""
    with pytest.raises(Refused, match=r"^tokens: expected a whole number"):
        count_in({"tokens": value}, "tokens")


@pytest.mark.parametrize("value", ["yes", 2, [], {}, 0.5])
def test_a_bad_flag_is_named(value: object) -> None:
    """Nothing but true, false, 1 and 0 is taken for a flag."""
    with pytest.raises(Refused, match="failed: expected true or false"):
        flag_in({"failed": value}, "failed")
