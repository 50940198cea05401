import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.rfc3339 import unix_ms


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("1971-01-01T00:00:00Z", 31_536_000_000),
        ("2026-08-22T14:39:02Z", 1_787_409_542_000),
        ("2026-08-22T22:39:02+08:00", 1_787_409_542_000),
        ("2026-08-22T22:39:02.5001+08:00", 1_787_409_542_500),
        ("2026-08-22T22:39:02.5+08:00", 1_787_409_542_500),
        ("2026-08-22T22:39:02.123456789+08:00", 1_787_409_542_123),
        ("2026-08-22T22:39:02.999999999+08:00", 1_787_409_542_999),
        ("2026-08-22t09:09:02z", 1_787_389_742_000),
        ("2026-08-22T05:09:02-09:30", 1_787_409_542_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
    ],
)
def test_times_of_every_zone_and_precision_are_read(text: str, expected_ms: int) -> None:
    """Up to nine digits of a second and any offset mean the moment they mean."""
    assert unix_ms(text) == expected_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-08-22T24:00:00Z",
        "2026-08-22T22:39:61Z",
        "2026-08-22T22:39:02",
        "2026-08-22 22:39",
        "2026-08-22T22:39:02+24:00",
        "2026-08-22T22:39:02.+08:00",
        "٢٠٢٦-08-22T22:39:02Z",
        "2026-08-22T22:39:02Z\n",
        "9999-12-31T23:59:59-08:00",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    """No date is guessed."""
    assert unix_ms(text) is None


@given(st.text(max_size=40) | st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[Z+\-.\d:]{0,9}\Z"))
def test_any_text_gets_an_answer(text: str) -> None:
    """Nothing in place of a time can stop a reader."""
    moment_ms = unix_ms(text)
    assert moment_ms is None or moment_ms > 0
