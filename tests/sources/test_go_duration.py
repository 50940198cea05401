import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.sources.go_duration import duration_ms


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("0s", 0),
        ("7ms", 7),
        ("65ms", 65),
        ("999ms", 999),
        ("1s", 1000),
        ("1.001s", 1001),
        ("1.2s", 1200),
        ("1.5s", 1500),
        ("4.35s", 4350),
        ("59.999s", 59_999),
        ("1m0s", 60_000),
        ("1m2s", 62_000),
        ("1m42s", 102_000),
        ("2m0s", 120_000),
        ("2m41s", 161_000),
        ("1h0m3s", 3_603_000),
        ("1h2m3s", 3_723_000),
        ("26h3m7s", 93_787_000),
        ("1m2.5s", 62_500),
        ("450µs", 0),
        ("450us", 0),
        ("1500\u03bcs", 1),
        ("999999ns", 0),
        ("2000000ns", 2),
        ("1.999999ms", 1),
        ("0.001s", 1),
        ("-5ms", 0),
        ("999999999h", 3_599_999_996_400_000),
    ],
)
def test_every_form_go_prints_is_exact(text: str, expected_ms: int) -> None:
    """D24: minutes and hours count, and milliseconds are exact, not one too low."""
    assert duration_ms(text) == expected_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "s",
        "5",
        "1.5",
        ".5s",
        "1,5s",
        "1m2",
        "2s1m",
        "1 s",
        "12parsecs",
        "5mss",
        "\u0665s",
        "9" * 16 + "s",
        "9" * 5000 + "s",
        "1e3s",
        "99999999999999s",
        "--5ms",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A duration that cannot be right is refused, never read as 0."""
    assert duration_ms(text) is None


@given(st.integers(0, 59_999))
def test_every_millisecond_below_a_minute_is_read_back(shown_ms: int) -> None:
    """D24: no millisecond value comes out one too low."""
    seconds, millis = divmod(shown_ms, 1000)
    text = f"{seconds}.{millis:03d}".rstrip("0").rstrip(".")
    assert duration_ms(f"{text}s") == shown_ms


@given(st.text(alphabet="0123456789.hmsµun- ", max_size=40))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    """Any text is answered with whole milliseconds that a request can carry, or with None."""
    read = duration_ms(text)
    assert read is None or 0 <= read < 2**53
