"""Figures are rounded for reading, never to a falsehood."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.charts.figures_text import (
    NOT_KNOWN,
    as_number,
    duration,
    figure,
    money,
    part_of,
    percent,
    short_count,
    short_figure,
    table_figure,
    unit_title,
)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1 K"),
        (1234, "1.23 K"),
        (12_345, "12.3 K"),
        (999_499, "999 K"),
        (999_950, "1 M"),
        (1_234_567, "1.23 M"),
        (2**53 - 1, "9.01 Q"),
        (2.5, "2.5"),
        (0.00042, "0.00042"),
    ],
)
def test_counts_have_three_digits(value: float, text: str) -> None:
    """Large counts are read at a glance."""
    assert plain(short_count(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (Decimal("0.0042"), "$0.0042"),
        (0.5, "$0.50"),
        (0.999, "$1.00"),
        (1234.5, "$1,234.50"),
        (1e-9, "$0.0000000010"),
    ],
)
def test_money(value: float, text: str) -> None:
    """Cents from a dollar up, and two digits that count below it."""
    assert money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (0.2, "<1 ms"),
        (850, "850 ms"),
        (3_400, "3.4 s"),
        (9_960, "10 s"),
        (59_600, "1 m"),
        (125_000, "2 m 05 s"),
        (3_720_000, "1 h 02 m"),
    ],
)
def test_durations(value: float, text: str) -> None:
    """Milliseconds in the unit one would say them in."""
    assert plain(duration(value)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1e-6, "0.1 %"), (0.5, "50.0 %"), (0.99999, "99.9 %"), (1, "100 %")],
)
def test_only_all_is_a_hundred_percent(share: float, text: str) -> None:
    """What failed once does not read as 100 %."""
    assert plain(percent(share)) == text


def test_units_are_named() -> None:
    """A figure of its own says what it counts, one of one in the singular."""
    assert plain(figure(1, "requests")) == "1 request"
    assert plain(figure(1234, "tokens")) == "1,234 tokens"
    assert plain(table_figure(1234, "tokens")) == "1,234"
    assert plain(figure(2, "")) == "2"
    assert plain(figure(12.345, "tokens a second")) == "12.3 tokens a second"
    assert figure(1.5, "usd") == "$1.50"
    assert unit_title("usd") == "cost (US$)"
    assert unit_title("requests") == "requests"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), Decimal("NaN")])
@pytest.mark.parametrize("unit", ["requests", "usd", "ms", "share"])
def test_what_is_not_known_is_a_dash(value: float | None, unit: str) -> None:
    """No figure is made up, and nothing fails."""
    assert {figure(value, unit), short_figure(value, unit), table_figure(value, unit)} == {
        NOT_KNOWN
    }
    assert as_number(value) is None


def test_a_share_of_nothing_is_not_said() -> None:
    """There is no division by zero."""
    assert part_of(0, 0) == ""
    assert plain(part_of(Decimal(1), 4)) == "25.0 %"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-11, max_value=1e18))
def test_what_is_not_nothing_does_not_read_as_nothing(value: float) -> None:
    """However small a figure is, a digit of it is seen."""
    for unit in ("requests", "usd", "ms"):
        for text in (figure(value, unit), short_figure(value, unit)):
            assert any(digit in text for digit in "123456789")
